//! What a recorder has kept.

use std::collections::BTreeMap;
use std::fmt;

use super::record::{Event, Id, Job, Record, Site, Why};

/// The events of a loop, in order, and the things they are about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "trace", derive(serde::Serialize))]
pub struct Log {
    pub(super) records: Vec<Record>,
    pub(super) objects: BTreeMap<Id, Object>,
}

/// A thing that events are about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "trace", derive(serde::Serialize))]
pub struct Object {
    /// What it is.
    pub kind: ObjectKind,
    /// How texts call it: `main (Task-1)`, `promise 2`.
    pub label: String,
    /// Where it was made.
    pub created: Site,
}

/// What kind of thing it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "trace", derive(serde::Serialize))]
pub enum ObjectKind {
    /// A task, with its name and its coroutine's.
    Task {
        /// `Task-1`, or what it was called.
        name: String,
        /// The function it runs.
        coroutine: String,
    },
    /// A promise, or what a combinator waits with.
    Promise,
    /// A function that the loop is to call.
    Call,
}

impl Log {
    /// The records that were kept, the oldest first.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// How many records were there before the first that was kept.
    pub fn dropped(&self) -> u64 {
        self.records.first().map_or(0, |record| record.number)
    }

    /// What an event is about.
    ///
    /// # Panics
    /// When the number is from another log.
    pub fn object(&self, id: Id) -> &Object {
        self.objects.get(&id).expect("an id is of the log whose event bears it")
    }

    /// All that the events are about.
    pub fn objects(&self) -> impl Iterator<Item = (Id, &Object)> {
        self.objects.iter().map(|(id, object)| (*id, object))
    }

    /// The tasks, in the order in which they were made.
    pub fn tasks(&self) -> impl Iterator<Item = (Id, &Object)> {
        self.objects().filter(|(_, object)| object.is_task())
    }

    /// How a text calls it.
    pub fn label(&self, id: Id) -> &str {
        &self.object(id).label
    }

    /// Who was given control by the loop, step by step: labels of tasks, in order.
    pub fn steps(&self) -> impl Iterator<Item = &str> {
        self.records.iter().filter_map(|record| match record.event {
            Event::StepBegins { task } => Some(self.label(task)),
            _ => None,
        })
    }

    /// How a text calls an entry of the ready queue.
    pub fn job(&self, job: Job) -> String {
        match job {
            Job::Step(id) => format!("step of {}", self.label(id)),
            Job::Stale => "step of a task that has ended".to_owned(),
            Job::Call(id) => self.label(id).to_owned(),
            Job::Done(id) => format!("a callback of {}", self.label(id)),
        }
    }

    /// The same without what tells the fast path from the plain one.
    pub fn without_stacks(mut self) -> Self {
        self.records.retain(|record| !record.event.is_about_a_stack());
        for (number, record) in (0..).zip(&mut self.records) {
            record.number = number;
        }
        self
    }

    /// One event in a line, as `Display` of the log has it.
    pub fn line(&self, event: &Event) -> String {
        let label = |id: &Id| self.label(*id);
        let by = |by: &Option<Id>| by.map_or(String::new(), |id| format!(", by {}", self.label(id)));
        let who = |task: &Option<Id>| task.map_or("a callback", |id| self.label(id)).to_owned();
        match event {
            Event::RunBegins => "run begins".into(),
            Event::RunEnds => "run ends".into(),
            Event::TurnBegins { turn, ready } => format!("turn {turn} begins: {ready} ready"),
            Event::TaskCreated { task, by: creator } => {
                format!("created: {} at {}{}", label(task), self.object(*task).created, by(creator))
            }
            Event::Queued { job, by: queuer, because } => {
                let because = because.map_or(String::new(), |id| format!(", for {} ended", self.label(id)));
                format!("queued: {}{because}{}", self.job(*job), by(queuer))
            }
            Event::Skipped { job } => format!("skipped: {}", self.job(*job)),
            Event::CallBegins { job } => format!("call begins: {}", self.job(*job)),
            Event::CallEnds { job } => format!("call ends: {}", self.job(*job)),
            Event::StepBegins { task } => format!("step begins: {}", label(task)),
            Event::StepEnds { task, why, at } => {
                let why = match why {
                    Why::Awaits(on) => format!("awaits {}", label(on)),
                    Why::Yielded => "yielded".into(),
                    Why::Ended(outcome) => outcome.to_string(),
                };
                let at = at.map_or(String::new(), |at| format!(" at {at}"));
                format!("step ends: {} {why}{at}", label(task))
            }
            Event::AwaitBegins { task, on, at } => {
                format!("await begins: {} on {} at {at}", label(task), label(on))
            }
            Event::AwaitEnds { task, on } => format!("await ends: {} on {}", label(task), label(on)),
            Event::AwaitPassed { task, on, at } => {
                format!("await passed: {} on {} at {at}", who(task), label(on))
            }
            Event::CallbackAdded { to, by: adder } => {
                format!("callback added: to {}{}", label(to), by(adder))
            }
            Event::Ended { what, outcome, by: ender } => {
                format!("ended: {} {outcome}{}", label(what), by(ender))
            }
            Event::TimerSet { timer, when, by: setter } => {
                format!("timer set: {} for {when:?}{}", label(timer), by(setter))
            }
            Event::TimerCancelled { timer, by: who } => {
                format!("timer cancelled: {}{}", label(timer), by(who))
            }
            Event::TimerFired { timer } => format!("timer fired: {}", label(timer)),
            Event::InlineBegins { task, coroutine, at } => {
                format!("inline begins: {} in {} at {at}", coroutine, who(task))
            }
            Event::InlineEnds { task, coroutine, at } => {
                format!("inline ends: {} in {} at {at}", coroutine, who(task))
            }
            Event::StackTaken { task, stack } => format!("stack taken: {stack} for {}", label(task)),
            Event::StackReturned { stack } => format!("stack returned: {stack}"),
            Event::Printed { text } => format!("printed: {text:?}"),
        }
    }
}

impl Object {
    /// Whether it is a task.
    pub fn is_task(&self) -> bool {
        matches!(self.kind, ObjectKind::Task { .. })
    }

    /// The function a task runs.
    pub fn coroutine(&self) -> Option<&str> {
        match &self.kind {
            ObjectKind::Task { coroutine, .. } => Some(coroutine),
            _ => None,
        }
    }
}

/// One event a line, with its time.
impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for record in &self.records {
            let time = record.time.as_secs_f64();
            writeln!(f, "{:5} {time:9.3} s  {}", record.number, self.line(&record.event))?;
        }
        Ok(())
    }
}
