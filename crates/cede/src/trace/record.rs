//! An event as plain data.

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

use crate::outcome::Outcome;

/// A thing in a log: a task, a promise, a timer, … numbered from 1 in the order in which the log met them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "trace", derive(serde::Serialize))]
pub struct Id(pub u64);

/// A place in the program's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "trace", derive(serde::Serialize))]
#[allow(missing_docs)] // the fields say what they are
pub struct Site {
    pub file: &'static str,
    pub line: u32,
    pub column: u32,
}

impl From<&'static Location<'static>> for Site {
    fn from(at: &'static Location<'static>) -> Self {
        Site { file: at.file(), line: at.line(), column: at.column() }
    }
}

impl Site {
    /// The file without its folders.
    pub fn file_name(&self) -> &'static str {
        self.file.rsplit(['/', '\\']).next().unwrap_or(self.file)
    }
}

/// `triple.rs:16`
impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file_name(), self.line)
    }
}

/// One entry of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "trace", derive(serde::Serialize))]
pub struct Record {
    /// Its place among all that was told, from 0.
    pub number: u64,
    /// The time of the loop's clock, from when the clock began.
    pub time: Duration,
    /// What happened.
    pub event: Event,
}

/// What the ready queue holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "trace", derive(serde::Serialize))]
pub enum Job {
    /// A step of this task.
    Step(Id),
    /// A step of a task that has ended meanwhile.
    Stale,
    /// A function given to `call_soon`, to a timer, or sent from elsewhere.
    Call(Id),
    /// A function on the callback list of this.
    Done(Id),
}

/// Why a task gave control back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "trace", derive(serde::Serialize))]
pub enum Why {
    /// It waits for this.
    Awaits(Id),
    /// It let others go first.
    Yielded,
    /// It ended.
    Ended(#[cfg_attr(feature = "trace", serde(serialize_with = "as_word"))] Outcome),
}

/// [`LoopEvent`](crate::LoopEvent), with numbers for what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs)] // as LoopEvent's
#[cfg_attr(feature = "trace", derive(serde::Serialize))]
pub enum Event {
    RunBegins,
    RunEnds,
    TurnBegins {
        turn: u64,
        ready: usize,
    },
    TaskCreated {
        task: Id,
        by: Option<Id>,
    },
    Queued {
        job: Job,
        by: Option<Id>,
        because: Option<Id>,
    },
    Skipped {
        job: Job,
    },
    CallBegins {
        job: Job,
    },
    CallEnds {
        job: Job,
    },
    StepBegins {
        task: Id,
    },
    StepEnds {
        task: Id,
        why: Why,
        at: Option<Site>,
    },
    AwaitBegins {
        task: Id,
        on: Id,
        at: Site,
    },
    AwaitEnds {
        task: Id,
        on: Id,
    },
    AwaitPassed {
        task: Option<Id>,
        on: Id,
        at: Site,
    },
    CallbackAdded {
        to: Id,
        by: Option<Id>,
    },
    Ended {
        what: Id,
        #[cfg_attr(feature = "trace", serde(serialize_with = "as_word"))]
        outcome: Outcome,
        by: Option<Id>,
    },
    TimerSet {
        timer: Id,
        when: Duration,
        by: Option<Id>,
    },
    TimerCancelled {
        timer: Id,
        by: Option<Id>,
    },
    TimerFired {
        timer: Id,
    },
    InlineBegins {
        task: Option<Id>,
        coroutine: Cow<'static, str>,
        at: Site,
    },
    InlineEnds {
        task: Option<Id>,
        coroutine: Cow<'static, str>,
        at: Site,
    },
    StackTaken {
        task: Id,
        stack: u64,
    },
    StackReturned {
        stack: u64,
    },
    /// The program wrote this to its standard output, which is caught by `trace::Capture`.
    Printed {
        text: String,
    },
}

impl Event {
    /// Whether it is about a stack: the only events that tell the fast path from the plain one.
    pub fn is_about_a_stack(&self) -> bool {
        matches!(self, Event::StackTaken { .. } | Event::StackReturned { .. })
    }
}

#[cfg(feature = "trace")]
fn as_word<S: serde::Serializer>(outcome: &Outcome, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(outcome)
}
