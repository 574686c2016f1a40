//! A log replayed: how the loop stood after each event.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::record::{Event, Id, Job, Site, Why};
use crate::outcome::Outcome;

/// How a loop stood at a moment of its log. Made new, it is as before the first event;
/// [`apply`](Self::apply) takes it one further.
///
/// A log whose beginning was dropped is replayed as far as its events tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The turn that runs, from 1.
    pub turn: u64,
    /// The ready queue, its head first.
    pub ready: VecDeque<Job>,
    /// How many of them belong to the turn that runs.
    pub left_in_turn: usize,
    /// The callback lists that are not empty.
    pub lists: BTreeMap<Id, Vec<OnList>>,
    /// The timers that are set, each with its time, in the order in which they will fire.
    pub timers: Vec<(Id, Duration)>,
    /// The tasks that were met, those that have ended included.
    pub tasks: BTreeMap<Id, TaskNow>,
    /// Who called whom: the last one has control. Empty, it is the program.
    pub control: Vec<Control>,
}

/// Who has control, or waits for it to come back from whom it called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// The event loop.
    Loop,
    /// A task's step.
    Task(Id),
    /// Another callback.
    Call(Job),
}

/// An entry of a callback list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnList {
    /// A step of this task.
    Step(Id),
    /// A function.
    Call,
}

/// How a task stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskNow {
    /// What it does.
    pub doing: Doing,
    /// The coroutines it awaits in place, the outermost first, with the place of each await.
    pub inline: Vec<(String, Site)>,
    /// Where it has ceded, while it waits or is ready again.
    pub at: Option<Site>,
    /// Whether it has been given control before.
    pub started: bool,
}

/// What a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// It was made, and is in no queue.
    Nothing,
    /// Its step is in the ready queue.
    Ready,
    /// It has control, or has called somebody who has.
    Runs,
    /// It is on the callback list of this.
    Waits(Id),
    /// It has ended.
    Ended(Outcome),
}

impl State {
    /// The same, an event later.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::RunBegins => self.control = vec![Control::Loop],
            Event::RunEnds => self.control.clear(),
            Event::TurnBegins { turn, .. } => {
                self.turn = *turn;
                self.left_in_turn = self.ready.len();
            }
            Event::TaskCreated { task, .. } => _ = self.task(*task),
            Event::Queued { job, .. } => {
                self.ready.push_back(*job);
                if let Job::Step(task) = job {
                    let task = self.task(*task);
                    if task.doing != Doing::Runs {
                        task.doing = Doing::Ready;
                    }
                }
            }
            Event::Skipped { job } => self.take(*job),
            Event::CallBegins { job } => {
                self.take(*job);
                self.control.push(Control::Call(*job));
            }
            Event::CallEnds { .. } => _ = self.control.pop(),
            Event::StepBegins { task } => {
                self.take(Job::Step(*task));
                let now = self.task(*task);
                (now.doing, now.started) = (Doing::Runs, true);
                self.control.push(Control::Task(*task));
            }
            Event::StepEnds { task, why, at } => {
                self.control.pop();
                let now = self.task(*task);
                now.at = *at;
                now.doing = match why {
                    Why::Awaits(on) => Doing::Waits(*on),
                    Why::Yielded => Doing::Ready,
                    Why::Ended(outcome) => Doing::Ended(*outcome),
                };
            }
            Event::AwaitBegins { task, on, .. } => {
                self.lists.entry(*on).or_default().push(OnList::Step(*task));
            }
            Event::AwaitEnds { .. } | Event::AwaitPassed { .. } => {}
            Event::CallbackAdded { to, .. } => self.lists.entry(*to).or_default().push(OnList::Call),
            Event::Ended { what, .. } => _ = self.lists.remove(what),
            Event::TimerSet { timer, when, .. } => {
                self.timers.push((*timer, *when));
                self.timers.sort_by_key(|(_, when)| *when); // stable: equal ones stay in order
            }
            Event::TimerCancelled { timer, .. } | Event::TimerFired { timer } => {
                self.timers.retain(|(other, _)| other != timer);
            }
            Event::InlineBegins { task, coroutine, at } => {
                if let Some(task) = task {
                    self.task(*task).inline.push((coroutine.clone().into_owned(), *at));
                }
            }
            Event::InlineEnds { task, .. } => {
                if let Some(task) = task {
                    self.task(*task).inline.pop();
                }
            }
            Event::StackTaken { .. } | Event::StackReturned { .. } | Event::Printed { .. } => {}
        }
    }

    /// The task that has control, if one does.
    pub fn running(&self) -> Option<Id> {
        match self.control.last() {
            Some(Control::Task(task)) => Some(*task),
            _ => None,
        }
    }

    /// How many calls away from the program control is: loop, step, and what is awaited in place.
    pub fn depth(&self) -> usize {
        let inline = self.running().and_then(|task| self.tasks.get(&task)).map_or(0, |now| now.inline.len());
        self.control.len() + inline
    }

    fn task(&mut self, task: Id) -> &mut TaskNow {
        let new = TaskNow { doing: Doing::Nothing, inline: Vec::new(), at: None, started: false };
        self.tasks.entry(task).or_insert(new)
    }

    /// Takes it out of the queue: from the head, unless the schedule is another than the usual one. An eager
    /// task's first step is not there.
    fn take(&mut self, job: Job) {
        // The step of a task that has ended meanwhile stands there as that task's.
        let place = match job {
            Job::Stale => Some(0),
            _ => self.ready.iter().position(|other| *other == job),
        };
        if let Some(place) = place {
            self.ready.remove(place);
            self.left_in_turn = self.left_in_turn.saturating_sub(1);
        }
    }
}
