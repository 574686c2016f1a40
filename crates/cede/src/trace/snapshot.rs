//! A loop as it stands: what is ready, what is set, who waits for whom, where.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use super::record::Site;
use crate::blame;
use crate::completion::Completion;
use crate::event_loop::{LoopCore, LoopHandle};
use crate::observe::ReadyCallback;
use crate::schedule::Schedule;
use crate::target::{Awaited, Target};
use crate::task::TaskRef;

/// A loop as it stands, as plain data. `Display` shows it in lines.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "trace", derive(serde::Serialize))]
#[allow(missing_docs)] // the fields say what they are
pub struct Snapshot {
    pub time: Duration,
    pub turn: u64,
    pub callbacks_run: u64,
    /// How many of `ready` belong to the turn that runs.
    pub left_in_turn: usize,
    /// The ready queue, its head first.
    pub ready: Vec<Entry>,
    /// In the order in which they will fire.
    pub timers: Vec<TimerState>,
    /// Those that have not ended, in the order of their creation.
    pub tasks: Vec<TaskState>,
    /// What tasks wait for that is no task, in the order of those tasks.
    pub promises: Vec<PromiseState>,
}

/// An entry of the ready queue.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "trace", derive(serde::Serialize))]
#[allow(missing_docs)] // the fields say what they are
pub struct Entry {
    pub what: What,
    /// Where the task or the promise was made, or the function given to the loop.
    pub created: Option<Site>,
}

/// What an entry of the ready queue is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "trace", derive(serde::Serialize))]
pub enum What {
    /// The step of the task of this number.
    Step(u64),
    /// That of a task that has ended.
    Stale,
    /// A function.
    Call,
    /// A function from the callback list of this, which has ended.
    Done(String),
}

/// A timer that is set.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "trace", derive(serde::Serialize))]
#[allow(missing_docs)] // the fields say what they are
pub struct TimerState {
    pub when: Duration,
    pub set: Site,
}

/// A task that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "trace", derive(serde::Serialize))]
#[allow(missing_docs)] // the fields say what they are
pub struct TaskState {
    /// The number of the task in its loop, from 1.
    pub number: u64,
    pub name: String,
    pub coroutine: String,
    pub created: Site,
    pub wants: Wants,
    /// What it is parked on. It may have ended already: then the task is ready.
    pub waits: Option<WaitState>,
    /// Its callback list.
    pub callbacks: Vec<Listed>,
    /// How often it was asked to end.
    pub cancelling: usize,
}

/// What a task needs next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "trace", derive(serde::Serialize))]
pub enum Wants {
    /// Nothing of it has run; its first step is queued.
    ToStart,
    /// Nothing: it runs.
    Nothing,
    /// Its step is queued.
    ItsTurn,
    /// What it waits for.
    ToBeWoken,
}

/// What a task waits for, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "trace", derive(serde::Serialize))]
pub struct WaitState {
    /// What it is.
    pub on: Waited,
    /// Where the task awaits it.
    pub at: Option<Site>,
    /// How many callbacks the loop has run since.
    pub callbacks: u64,
    /// How long it has waited, at least.
    pub at_least: Duration,
    /// Who holds the lock that it waits for, if it is one: the task's number, and where it took it.
    pub held: Option<Held>,
}

/// A lock that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "trace", derive(serde::Serialize))]
pub struct Held {
    /// By this task; by none if that has ended.
    pub by: Option<u64>,
    /// Taken here.
    pub at: Site,
}

/// What is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "trace", derive(serde::Serialize))]
pub enum Waited {
    /// The task of this number.
    Task(u64),
    /// The promise at this place of [`Snapshot::promises`].
    Promise(usize),
}

/// A promise, or what a combinator waits with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "trace", derive(serde::Serialize))]
#[allow(missing_docs)] // the fields say what they are
pub struct PromiseState {
    /// `<Promise pending>`
    pub what: String,
    pub created: Site,
    pub callbacks: Vec<Listed>,
}

/// An entry of a callback list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "trace", derive(serde::Serialize))]
pub enum Listed {
    /// The step of the task of this number.
    Step(u64),
    /// A function.
    Call,
}

impl LoopHandle {
    /// The loop as it stands. Callable from inside too: from a task, a callback, an observer.
    pub fn snapshot(&self) -> Snapshot {
        let schedule = &self.core.schedule;
        let now = (self.callbacks_run(), self.core.clock.now());
        self.core.ages.note(now.0, now.1);
        let mut seen =
            Promises { schedule, core: &self.core, now, found: BTreeMap::new(), states: Vec::new() };
        let tasks = schedule.tasks();
        let ready = schedule.ready_callbacks();
        let steps: BTreeSet<usize> = ready
            .iter()
            .filter_map(|entry| match entry {
                ReadyCallback::Step(task) => Some(task.task.addr()),
                _ => None,
            })
            .collect();
        let is_ready = |task: &TaskRef| steps.contains(&task.addr());
        Snapshot {
            time: Duration::from_nanos(now.1),
            turn: self.turns(),
            callbacks_run: now.0,
            left_in_turn: schedule.left_in_turn(),
            tasks: tasks.iter().map(|task| task_state(task, is_ready(task), &mut seen)).collect(),
            ready: ready.iter().map(entry).collect(),
            timers: self
                .core
                .timers
                .pending()
                .into_iter()
                .map(|(when, call)| TimerState { when: Duration::from_nanos(when), set: call.site().into() })
                .collect(),
            promises: seen.states,
        }
    }
}

fn entry(callback: &ReadyCallback) -> Entry {
    match callback {
        ReadyCallback::Step(task) => {
            let core = &task.task;
            Entry { what: What::Step(core.number()), created: Some(core.site().into()) }
        }
        ReadyCallback::Stale => Entry { what: What::Stale, created: None },
        ReadyCallback::Call(called) => Entry { what: What::Call, created: Some(called.created().into()) },
        ReadyCallback::Done(of) => {
            let what = match of.task() {
                Some(task) => format!("task '{}'", task.name()),
                None => format!("{of:?}"),
            };
            Entry { what: What::Done(what), created: Some(of.created().into()) }
        }
    }
}

fn task_state(task: &TaskRef, ready: bool, promises: &mut Promises<'_>) -> TaskState {
    let waits = task.waiting().map(|target| WaitState {
        on: match target.as_task() {
            Some(task) => Waited::Task(task.number()),
            None => Waited::Promise(promises.place_of(&target)),
        },
        at: task.waiting_at().map(Site::from),
        callbacks: promises.now.0.saturating_sub(task.waiting_since()),
        at_least: promises.core.ages.since(task.waiting_since(), promises.now.1),
        held: blame::of(&target).and_then(|holder| holder.get()).map(|(key, at)| Held {
            by: promises.schedule.task(key).map(|task| task.number()),
            at: at.into(),
        }),
    });
    let wants = match (ready, task.is_fresh()) {
        (true, true) => Wants::ToStart,
        (true, false) => Wants::ItsTurn,
        (false, _) if waits.is_none() => Wants::Nothing,
        (false, _) => Wants::ToBeWoken,
    };
    TaskState {
        number: task.number(),
        name: task.name(),
        coroutine: task.coroutine().to_owned(),
        created: task.site().into(),
        wants,
        waits,
        callbacks: listed(task.completion(), promises.schedule),
        cancelling: task.times_cancelled(),
    }
}

fn listed(completion: &Completion, schedule: &Schedule) -> Vec<Listed> {
    let listed = completion.listed().into_iter();
    listed
        .filter_map(|entry| match entry {
            Some(key) => schedule.task(key).map(|task| Listed::Step(task.number())),
            None => Some(Listed::Call),
        })
        .collect()
}

/// The promises met so far.
struct Promises<'a> {
    schedule: &'a Schedule,
    core: &'a LoopCore,
    /// Callbacks run, and the time.
    now: (u64, u64),
    found: BTreeMap<usize, usize>,
    states: Vec<PromiseState>,
}

impl Promises<'_> {
    fn place_of(&mut self, target: &Target) -> usize {
        let address = target.addr();
        if let Some(place) = self.found.get(&address) {
            return *place;
        }
        let place = self.states.len();
        self.found.insert(address, place);
        self.states.push(PromiseState {
            what: format!("{:?}", Awaited { target: target.clone() }),
            created: target.site().into(),
            callbacks: listed(target.completion(), self.schedule),
        });
        place
    }
}

impl Snapshot {
    /// The task of this number, if it has not ended.
    pub fn task(&self, number: u64) -> Option<&TaskState> {
        self.tasks.iter().find(|task| task.number == number)
    }

    /// `main (Task-1)`, for a text.
    pub fn label(&self, number: u64) -> String {
        self.task(number).map_or_else(|| format!("Task-{number}, which has ended"), TaskState::label)
    }
}

impl TaskState {
    /// `main (Task-1)`, for a text.
    pub fn label(&self) -> String {
        if self.name == self.coroutine {
            self.name.clone()
        } else {
            format!("{} ({})", self.coroutine, self.name)
        }
    }
}

/// What is waited for, in a text.
struct Words<'a>(&'a Snapshot, &'a WaitState);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Words(snapshot, wait) = self;
        match wait.on {
            Waited::Task(number) => write!(f, "{}", snapshot.label(number))?,
            Waited::Promise(place) => {
                let promise = &snapshot.promises[place];
                write!(f, "{} made at {}", promise.what, promise.created)?;
            }
        }
        wait.at.map_or(Ok(()), |at| write!(f, " at {at}"))
    }
}

impl fmt::Display for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (time, turn) = (self.time.as_secs_f64(), self.turn);
        writeln!(f, "turn {turn}, {} callbacks run, {time:.3} s", self.callbacks_run)?;
        for (place, entry) in self.ready.iter().enumerate() {
            let when = if place < self.left_in_turn { "ready" } else { "next turn" };
            match &entry.what {
                What::Step(number) => writeln!(f, "{when}: step of {}", self.label(*number))?,
                What::Stale => writeln!(f, "{when}: step of a task that has ended")?,
                What::Call => writeln!(f, "{when}: a function")?,
                What::Done(of) => writeln!(f, "{when}: a callback of {of}")?,
            }
        }
        for timer in &self.timers {
            writeln!(f, "timer: {:.3} s, set at {}", timer.when.as_secs_f64(), timer.set)?;
        }
        for task in &self.tasks {
            let label = task.label();
            match (task.wants, &task.waits) {
                (Wants::ToStart, _) => write!(f, "{label} has not started")?,
                (Wants::Nothing, _) => write!(f, "{label} runs")?,
                (Wants::ItsTurn, _) => write!(f, "{label} is ready")?,
                (Wants::ToBeWoken, Some(wait)) => write!(f, "{label} waits for {}", Words(self, wait))?,
                (Wants::ToBeWoken, None) => write!(f, "{label} waits")?,
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
