//! The recorder: the last events of a loop, as plain data, in bounded memory.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use super::log::Log;
use super::record::{Event, Id, Record, Why};
use super::things::Things;
use crate::observe::{LoopEvent, Observer, StepEnd};
use crate::task::AnyTask;

/// How many events a recorder keeps unless told otherwise.
const CAPACITY: usize = 1 << 16;

/// An observer that keeps the last events of a loop; its clones keep them together.
///
/// What it keeps is plain data: a recorder keeps no task, no promise and no result alive.
#[derive(Clone)]
pub struct Recorder {
    inner: Rc<RefCell<Inner>>,
}

struct Inner {
    capacity: usize,
    ring: VecDeque<Record>,
    told: u64,
    things: Things,
    /// Where what the program prints is read.
    output: Option<Rc<dyn Fn() -> String>>,
}

impl Recorder {
    /// One that keeps the last 65,536 events.
    pub fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    /// One that keeps this many events, at least one.
    pub fn with_capacity(events: usize) -> Self {
        let inner = Inner {
            capacity: events.max(1),
            ring: VecDeque::new(),
            told: 0,
            things: Things::default(),
            output: None,
        };
        Recorder { inner: Rc::new(RefCell::new(inner)) }
    }

    /// Asks this function before each event for what was printed since the last one; see
    /// `trace::Capture`, with the feature `trace`.
    pub fn with_output(self, take: impl Fn() -> String + 'static) -> Self {
        self.inner.borrow_mut().output = Some(Rc::new(take));
        self
    }

    /// How many events it was told of.
    pub fn told(&self) -> u64 {
        self.inner.borrow().told
    }

    /// What it has kept so far.
    pub fn log(&self) -> Log {
        let mut inner = self.inner.borrow_mut();
        let last = inner.ring.back().map_or(Duration::ZERO, |record| record.time);
        inner.read_output(last);
        Log { records: inner.ring.iter().cloned().collect(), objects: inner.things.objects() }
    }

    /// The number of this task in its logs.
    pub fn id_of(&self, task: &AnyTask) -> Id {
        self.inner.borrow_mut().things.task(task)
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Recorder of {} events>", self.told())
    }
}

impl Observer for Recorder {
    fn event(&self, time: Duration, event: &LoopEvent) {
        // Nothing below calls code of others, so nobody finds it borrowed.
        self.inner.borrow_mut().tell(time, event);
    }
}

impl Inner {
    fn tell(&mut self, time: Duration, event: &LoopEvent) {
        self.read_output(time);
        self.things.now(self.told);
        let event = self.plain(event);
        self.keep(time, event);
        self.things.sweep(self.ring.front().map_or(0, |record| record.number));
    }

    fn read_output(&mut self, time: Duration) {
        let Some(take) = &self.output else { return };
        let text = take();
        for line in text.split_inclusive('\n') {
            self.keep(time, Event::Printed { text: line.to_owned() });
        }
    }

    fn keep(&mut self, time: Duration, event: Event) {
        if self.ring.len() == self.capacity {
            self.ring.pop_front();
        }
        self.ring.push_back(Record { number: self.told, time, event });
        self.told += 1;
    }

    fn plain(&mut self, event: &LoopEvent) -> Event {
        let things = &mut self.things;
        match event {
            LoopEvent::RunBegins => Event::RunBegins,
            LoopEvent::RunEnds => Event::RunEnds,
            LoopEvent::TurnBegins { turn, ready } => Event::TurnBegins { turn: *turn, ready: *ready },
            LoopEvent::TaskCreated { task, by } => {
                let by = things.maybe(by);
                Event::TaskCreated { task: things.task(task), by }
            }
            LoopEvent::Queued { callback, by, because } => Event::Queued {
                job: things.job(callback),
                by: things.maybe(by),
                because: because.as_ref().map(|target| things.awaited(target)),
            },
            LoopEvent::Skipped { callback } => Event::Skipped { job: things.job(callback) },
            LoopEvent::CallBegins { callback } => Event::CallBegins { job: things.job(callback) },
            LoopEvent::CallEnds { callback } => Event::CallEnds { job: things.job(callback) },
            LoopEvent::StepBegins { task } => Event::StepBegins { task: things.task(task) },
            LoopEvent::StepEnds { task, why, at } => {
                let id = things.task(task);
                let why = match why {
                    StepEnd::Awaits(on) => Why::Awaits(things.awaited(on)),
                    StepEnd::Yielded => Why::Yielded,
                    StepEnd::Ended(outcome) => {
                        things.name(id, task); // the last chance
                        Why::Ended(*outcome)
                    }
                };
                Event::StepEnds { task: id, why, at: at.map(Into::into) }
            }
            LoopEvent::AwaitBegins { task, on, at } => {
                Event::AwaitBegins { task: things.task(task), on: things.awaited(on), at: (*at).into() }
            }
            LoopEvent::AwaitEnds { task, on } => {
                Event::AwaitEnds { task: things.task(task), on: things.awaited(on) }
            }
            LoopEvent::AwaitPassed { task, on, at } => {
                Event::AwaitPassed { task: things.maybe(task), on: things.awaited(on), at: (*at).into() }
            }
            LoopEvent::CallbackAdded { to, by } => {
                Event::CallbackAdded { to: things.awaited(to), by: things.maybe(by) }
            }
            LoopEvent::Ended { what, outcome, by } => {
                Event::Ended { what: things.awaited(what), outcome: *outcome, by: things.maybe(by) }
            }
            LoopEvent::TimerSet { timer, when, by } => {
                Event::TimerSet { timer: things.call(timer, "timer"), when: *when, by: things.maybe(by) }
            }
            LoopEvent::TimerCancelled { timer, by } => {
                Event::TimerCancelled { timer: things.call(timer, "timer"), by: things.maybe(by) }
            }
            LoopEvent::TimerFired { timer } => Event::TimerFired { timer: things.call(timer, "timer") },
            LoopEvent::InlineBegins { task, coroutine, at } => Event::InlineBegins {
                task: things.maybe(task),
                coroutine: coroutine.clone(),
                at: (*at).into(),
            },
            LoopEvent::InlineEnds { task, coroutine, at } => {
                Event::InlineEnds { task: things.maybe(task), coroutine: coroutine.clone(), at: (*at).into() }
            }
            LoopEvent::StackTaken { task, stack } => {
                Event::StackTaken { task: things.task(task), stack: things.stack(stack.0) }
            }
            LoopEvent::StackReturned { stack } => Event::StackReturned { stack: things.stack(stack.0) },
        }
    }
}
