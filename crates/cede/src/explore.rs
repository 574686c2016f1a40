//! Looking for the order in which a program fails.

use std::borrow::Cow;
use std::cell::RefCell;
use std::env;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use crate::error::panic_text;
use crate::event_loop::{Runner, VirtualClock};
use crate::report::Report;
use crate::trace::{Log, Recorder};

/// Names the one schedule to run.
const VARIABLE: &str = "CEDE_SCHEDULE";

/// Runs a program under many schedules, each in a virtual time of its own: the callbacks of every turn in
/// another order each time. The first is the usual order.
///
/// A program fails if it panics, if it comes to a deadlock, or if a task of it fails and nobody looks. Then
/// this panics in turn, and says in which schedule, with its timeline, and the one line that runs that schedule
/// again. With `CEDE_SCHEDULE` set, only that one is run.
///
/// ```should_panic
/// use cede::Awaitable;
/// use std::{cell::Cell, rc::Rc};
///
/// cede::explore(100, || {
///     let count = Rc::new(Cell::new(0));
///     let tasks = [count.clone(), count.clone()].map(|count| {
///         cede::create_task(cede::coroutine(move || {
///             let seen = count.get();
///             cede::yield_now().await_().unwrap();
///             count.set(seen + 1); // somebody else may have counted meanwhile
///         }))
///     });
///     tasks.into_iter().for_each(|task| task.await_().unwrap());
///     assert_eq!(count.get(), 2);
/// });
/// ```
///
/// # Panics
/// When a schedule fails.
#[track_caller]
pub fn explore<T: 'static>(schedules: u64, program: impl Fn() -> T + 'static) {
    if let Err(failure) = try_explore(schedules, program) {
        panic!("{failure}");
    }
}

/// As [`explore`], with what it finds as a value.
///
/// # Errors
/// The first failure.
#[track_caller]
pub fn try_explore<T: 'static>(
    schedules: u64,
    program: impl Fn() -> T + 'static,
) -> Result<Explored, ScheduleFailure> {
    explore_judged(schedules, "main".into(), move || {
        drop(program());
        Ok(())
    })
}

/// As [`try_explore`], for a program that says itself whether it has failed, and has a name.
#[track_caller]
pub(crate) fn explore_judged(
    schedules: u64,
    name: Cow<'static, str>,
    program: impl Fn() -> Result<(), String> + 'static,
) -> Result<Explored, ScheduleFailure> {
    let program = Rc::new(program);
    let only = env::var(VARIABLE).ok().and_then(|seed| seed.parse().ok());
    let seeds = match only {
        Some(seed) => seed..seed + 1,
        None => 0..schedules,
    };
    for seed in seeds.clone() {
        let (failure, log) = run_schedule(seed, name.clone(), &program);
        if let Some(message) = failure {
            return Err(ScheduleFailure { seed, schedules, message, again: again(seed), log });
        }
    }
    Ok(Explored { schedules: seeds.end - seeds.start })
}

/// Nothing was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explored {
    /// How many schedules were run.
    pub schedules: u64,
}

/// A schedule in which a program fails. `Display` is a report.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ScheduleFailure {
    /// The number that gives the schedule: [`Runner::schedule`].
    pub seed: u64,
    /// How many were to be run.
    pub schedules: u64,
    /// What went wrong.
    pub message: String,
    /// The line that runs it again.
    pub again: String,
    /// What happened, in order.
    pub log: Log,
}

/// How wide the timeline of a report is.
const WIDTH: usize = 100;

impl fmt::Display for ScheduleFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ScheduleFailure { seed, schedules, message, again, log } = self;
        writeln!(f, "schedule {seed} of {schedules} fails: {message}")?;
        writeln!(f, "run it again with: {again}\n")?;
        f.write_str(&log.timeline(WIDTH))
    }
}

impl std::error::Error for ScheduleFailure {}

/// What went wrong, if anything did, and what happened.
fn run_schedule(
    seed: u64,
    name: Cow<'static, str>,
    program: &Rc<impl Fn() -> Result<(), String> + 'static>,
) -> (Option<String>, Log) {
    let recorder = Recorder::new();
    let unread: Rc<RefCell<Option<String>>> = Rc::default();
    let (mine, told) = (program.clone(), unread.clone());
    let mut runner = Runner::new()
        .clock(VirtualClock::new())
        .debug(false)
        .schedule(seed)
        .observer(recorder.clone())
        .exception_handler(move |_, report| match report {
            Report::UnreadFailure { .. } | Report::CallbackPanicked { .. } => {
                told.borrow_mut().get_or_insert_with(|| report.to_string());
            }
            _ => {}
        });
    let main = crate::coroutine(move || mine()).named(name);
    let failure = match catch_unwind(AssertUnwindSafe(|| runner.run(main))) {
        Ok(Ok(ended)) => ended.err(),
        Ok(Err(error)) => Some(error.to_string()),
        Err(payload) => Some(panic_text(&*payload).to_owned()),
    };
    let log = recorder.log(); // without the end of what is left over
    drop(runner);
    (failure.or_else(|| unread.take()), log)
}

/// The command that this process was started with, with the one schedule.
fn again(seed: u64) -> String {
    let arguments: Vec<String> = env::args().collect();
    let program = arguments.first().map_or("", String::as_str);
    // The harness runs each test on a thread of its name, and lies in `deps`.
    let test = std::thread::current().name().filter(|name| *name != "main").map(ToOwned::to_owned);
    match test {
        Some(test) if program.contains("/deps/") => {
            format!("{VARIABLE}={seed} cargo test {test} -- --exact --nocapture")
        }
        _ => {
            let name = program.rsplit('/').next().unwrap_or(program);
            let rest = arguments.iter().skip(1).map(|argument| format!(" {argument}")).collect::<String>();
            format!("{VARIABLE}={seed} {name}{rest}")
        }
    }
}
