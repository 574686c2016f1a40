//! What the attribute macros expand to. Not for use by hand: it may change at any time.

use std::process::{ExitCode, Termination, exit};

use crate::coroutine::{Coroutine, Parts};
use crate::event_loop::{IntoTask, Runner, VirtualClock, run};
use crate::explore::explore_judged;
use crate::name::Name;
use crate::outcome::Outcome;

pub use crate::coroutine::Body;
pub use crate::outcome::{ByFailure, ByValue, Classify, Probe};
pub use crate::{__classify as classify, __classify_any as classify_any};

#[inline]
#[track_caller]
pub fn coroutine<F, T>(name: &'static &'static str, body: F, classify: Classify<T>) -> Coroutine<F>
where
    F: FnOnce() -> T,
{
    Coroutine::new(Name::Written(name), body, classify)
}

pub const fn any<T>() -> Classify<T> {
    Classify::any()
}

/// The body of `main` under `#[cede::main]`.
#[track_caller]
pub fn run_main<F, T>(main: Coroutine<F>) -> T
where
    F: FnOnce() -> T + 'static,
    T: 'static,
{
    run(main).unwrap_or_else(|error| {
        eprintln!("cede: {error}");
        if error.is_interrupted() {
            // As CPython: whoever started us sees that it was the signal.
            let _ = signal_hook::low_level::emulate_default_handler(libc::SIGINT);
        }
        exit(1)
    })
}

/// The body of a test under `#[cede::test]`: virtual time.
#[track_caller]
pub fn run_test<F, T>(test: Coroutine<F>) -> T
where
    F: FnOnce() -> T + 'static,
    T: 'static,
{
    finish(Runner::new().clock(VirtualClock::new()), test)
}

/// The body of a test under `#[cede::test(real_time)]`.
#[track_caller]
pub fn run_test_real_time<F, T>(test: Coroutine<F>) -> T
where
    F: FnOnce() -> T + 'static,
    T: 'static,
{
    finish(Runner::new(), test)
}

/// A test under `#[cede::test(schedules = …)]`: each schedule runs a coroutine made anew.
#[track_caller]
pub fn explore_test<F, T>(schedules: u64, make: impl Fn() -> Coroutine<F> + 'static)
where
    F: FnOnce() -> T + 'static,
    T: Termination + 'static,
{
    let name = make().into_parts().name.to_cow();
    let program = move || {
        let Parts { body, classify, .. } = make().into_parts();
        let value = body();
        if classify.verdict(&value) != Outcome::Finished {
            return Err(format!("it returned an error: {}", classify.describe(&value)));
        }
        match value.report() {
            ExitCode::SUCCESS => Ok(()),
            _ => Err("it returned an error".to_owned()), // standard error has it by now
        }
    };
    if let Err(failure) = explore_judged(schedules, name, program) {
        panic!("{failure}");
    }
}

#[track_caller]
fn finish<M: IntoTask>(mut runner: Runner, test: M) -> M::Output {
    match runner.run(test) {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}

/// Chooses how to read a return type that is known only as tokens.
#[doc(hidden)]
#[macro_export]
macro_rules! __classify {
    ($($returns:tt)*) => {{
        #[allow(unused_imports)]
        use $crate::__private::{ByFailure as _, ByValue as _};
        (&$crate::__private::Probe::<$($returns)*>(::core::marker::PhantomData)).classify()
    }};
}

/// For return types that have no name.
#[doc(hidden)]
#[macro_export]
macro_rules! __classify_any {
    () => {
        $crate::__private::any()
    };
}
