//! What happened, in order; and programs run so that it can be compared: on a virtual clock, with what the
//! loop reports as part of the trace.

use std::cell::RefCell;
use std::fmt::Display;
use std::rc::Rc;
use std::time::Duration;

use cede::{EventLoop, LoopHandle, Report, Runner, VirtualClock};

/// Longer than any callback takes, however busy the machine: nobody is reported for keeping control.
const AGES: Duration = Duration::from_secs(1_000_000);

/// What happened, in order. Clones are the same trace.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    lines: Rc<RefCell<Vec<String>>>,
}

impl Trace {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// This happened.
    pub fn add(&self, what: impl Display) {
        self.lines.borrow_mut().push(what.to_string());
    }

    /// All that happened since the last call.
    pub fn take(&self) -> Vec<String> {
        self.lines.take()
    }

    /// A function that says that it was called.
    pub fn call(&self, what: impl Display + 'static) -> impl FnOnce() + 'static {
        let trace = self.clone();
        move || trace.add(what)
    }

    /// A value that says when it is dropped.
    pub fn on_drop(&self, what: impl Display) -> OnDrop {
        OnDrop { what: what.to_string(), trace: self.clone() }
    }
}

/// Says in its trace when it is dropped.
#[derive(Debug)]
pub struct OnDrop {
    what: String,
    trace: Trace,
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.trace.add(&self.what);
    }
}

/// Runs a program on a virtual clock.
///
/// # Panics
/// When it has no result.
#[track_caller]
pub fn run<T: 'static>(main: impl FnOnce() -> T + 'static) -> T {
    Runner::new().clock(VirtualClock::new()).run(cede::coroutine(main)).expect("the program has a result")
}

/// Runs a program on a virtual clock: its result, and what was reported till the loop was closed.
///
/// # Panics
/// When it has no result.
#[track_caller]
pub fn run_reporting<T: 'static>(main: impl FnOnce() -> T + 'static) -> (T, Vec<String>) {
    let reports = Trace::new();
    let told = reports.clone();
    let mut runner = Runner::new()
        .clock(VirtualClock::new())
        .debug(true)
        .slow_callback_duration(AGES)
        .exception_handler(move |_, report| told.add(unsited(report)));
    let result = runner.run(cede::coroutine(main)).expect("the program has a result");
    drop(runner);
    (result, reports.take())
}

/// A loop on a virtual clock whose reports go to the trace.
///
/// # Panics
/// When there is none.
pub fn event_loop(trace: &Trace) -> EventLoop {
    let event_loop = EventLoop::with_clock(VirtualClock::new()).expect("a loop");
    let trace = trace.clone();
    event_loop.set_slow_callback_duration(AGES);
    event_loop.set_exception_handler(move |_, report| trace.add(unsited(report)));
    event_loop
}

/// Runs one turn: what is ready now.
///
/// # Panics
/// When the loop cannot run.
#[track_caller]
pub fn run_briefly(event_loop: &LoopHandle) {
    event_loop.stop();
    event_loop.run_forever().expect("the loop can run");
}

/// A report without the place it speaks of.
pub fn unsited(report: &Report) -> String {
    let text = report.to_string();
    match text.rsplit_once(" (created at ") {
        Some((before, _place)) => before.to_owned(),
        None => text,
    }
}

/// A text without lines and columns: `tests/trace.rs:7:1` is `tests/trace.rs`.
pub fn unlined(text: &str) -> String {
    let mut parts = text.split(".rs:");
    let mut unlined = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        unlined.push_str(".rs");
        unlined.push_str(part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ':'));
    }
    unlined
}
