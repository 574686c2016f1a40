//! Hazard 16: suspended generators dropped while their host panics: fine from the start, and must stay so.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use cede::Generator;
use cede_tests::trace::{Trace, run_reporting};

/// Started; yields once; says when its frame is left.
fn suspended(trace: &Trace, name: usize) -> Generator<()> {
    let said = trace.clone();
    let generator = Generator::new(move |co: cede::Co<()>| {
        let _frame = said.on_drop(name);
        co.yield_(());
    });
    generator.start().unwrap();
    generator
}

#[test]
fn suspended_generators_may_be_dropped_while_their_host_panics() {
    let trace = Trace::new();
    let generators: Vec<_> = (0..100).map(|name| suspended(&trace, name)).collect();
    let caught = catch_unwind(AssertUnwindSafe(move || {
        let _generators = generators;
        resume_unwind(Box::new("the host"));
    }));
    assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"the host"));
    assert_eq!(trace.take(), (0..100).map(|name| name.to_string()).collect::<Vec<_>>());
    assert!(!std::thread::panicking());
}

/// Each holds the next, suspended, in its frame.
fn nested(trace: &Trace, depth: usize) -> Generator<()> {
    let said = trace.clone();
    let generator = Generator::new(move |co: cede::Co<()>| {
        let _frame = said.on_drop(depth);
        let _inner = (depth > 0).then(|| nested(&said, depth - 1));
        co.yield_(());
    });
    generator.start().unwrap();
    generator
}

#[test]
fn two_thousand_nested_ones_may_be_dropped_while_their_host_panics() {
    const DEPTH: usize = if cfg!(feature = "sanitizer") { 200 } else { 2_000 };
    let trace = Trace::new();
    let generator = nested(&trace, DEPTH);
    let caught = catch_unwind(AssertUnwindSafe(move || {
        let _generator = generator;
        resume_unwind(Box::new("the host"));
    }));
    assert!(caught.is_err());
    assert_eq!(trace.take(), (0..=DEPTH).map(|depth| depth.to_string()).collect::<Vec<_>>());
    assert!(!std::thread::panicking());
}

#[test]
fn a_panic_may_pass_through_generators_that_run_each_other() {
    let trace = Trace::new();
    fn runs(trace: &Trace, depth: usize) -> Generator<()> {
        let said = trace.clone();
        Generator::new(move |_| {
            let _frame = said.on_drop(depth);
            if depth == 0 {
                resume_unwind(Box::new("from the innermost"));
            }
            let _ = runs(&said, depth - 1).start();
        })
    }
    let caught = catch_unwind(AssertUnwindSafe(|| runs(&trace, 50).start().map(drop)));
    assert_eq!(caught.unwrap_err().downcast_ref(), Some(&"from the innermost"));
    assert_eq!(trace.take(), (0..=50).map(|depth| depth.to_string()).collect::<Vec<_>>());
}

#[test]
fn a_task_that_panics_may_drop_suspended_generators() {
    let trace = Trace::new();
    let told = trace.clone();
    let (text, reports) = run_reporting(move || {
        use cede::Awaitable;
        let task = cede::create_task(cede::coroutine(move || {
            let _generators: Vec<_> = (0..10).map(|name| suspended(&told, name)).collect();
            resume_unwind(Box::new("boom"))
        }));
        let error: cede::JoinError = task.await_().unwrap_err();
        error.to_string()
    });
    assert_eq!((text.as_str(), reports.len()), ("the task panicked: boom", 0));
    assert_eq!(trace.take().len(), 10);
}

/// A generator that catches its exit and cleans up with another generator, while its host panics.
#[test]
fn a_generator_may_clean_up_with_another_while_its_host_panics() {
    let trace = Trace::new();
    let said = trace.clone();
    let generator = Generator::<()>::new(move |co| {
        if co.try_yield(()).is_err() {
            let numbers = Generator::<i32>::new(|co| (1..=3).for_each(|n| co.yield_(n)));
            said.add(format!("{:?}", numbers.collect::<Vec<_>>()));
        }
    });
    generator.start().unwrap();
    let _ = catch_unwind(AssertUnwindSafe(move || {
        let _generator = generator;
        resume_unwind(Box::new("the host"));
    }));
    assert_eq!(trace.take(), ["[1, 2, 3]"]);
}
