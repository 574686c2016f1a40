//! Schedules: a number gives an order, and the order in which a program fails is found.

use std::cell::Cell;
use std::process::Command;
use std::rc::Rc;

use cede::trace::Recorder;
use cede::{Awaitable, Promise, Runner, VirtualClock};
use cede_tests::trace::Trace;
use cede_tests::{binary, cede};

/// Two tasks count what they have seen; where they are given control in turn, one is forgotten.
fn racing(late: usize) {
    let count = Rc::new(Cell::new(0));
    let tasks: Vec<_> = (0..2)
        .map(|place| {
            let count = count.clone();
            cede::create_task(cede::coroutine(move || {
                (0..place * late).for_each(|_| cede::yield_now().await_().unwrap());
                let seen = count.get();
                cede::yield_now().await_().unwrap();
                count.set(seen + 1);
            }))
        })
        .collect();
    tasks.into_iter().for_each(|task| task.await_().unwrap());
    assert_eq!(count.get(), 2, "one was forgotten");
}

#[test]
fn a_race_is_found_and_its_schedule_gives_the_same_trace_every_time() {
    let find = || cede::try_explore(1_000, || racing(1)).unwrap_err();
    let (first, second) = (find(), find());
    assert_eq!(first.seed, second.seed);
    assert!(first.seed > 0, "in the usual order it is right");
    assert_eq!(first.log.to_string(), second.log.to_string());
    let report = first.to_string();
    assert!(report.contains("one was forgotten"), "{report}");
    let again = format!(
        "CEDE_SCHEDULE={} cargo test exploring::\
         a_race_is_found_and_its_schedule_gives_the_same_trace_every_time -- --exact --nocapture",
        first.seed
    );
    assert!(report.contains(&again), "{report}");
    assert!(report.contains("█ has control"), "{report}");
}

#[test]
fn what_has_no_race_passes_every_schedule() {
    assert_eq!(cede::try_explore(200, || racing(5)).unwrap().schedules, 200);
}

#[test]
fn a_deadlock_and_a_failure_nobody_reads_are_found_too() {
    let stuck = cede::try_explore(10, || Promise::<()>::new().await_()).unwrap_err();
    assert!(stuck.message.starts_with("deadlock: "), "{}", stuck.message);
    let unread = cede::try_explore(10, || {
        drop(cede::create_task(
            cede::coroutine(|| Err::<(), cede::Error>(std::io::Error::other("lost").into())).fallible(),
        ));
        cede::yield_now().await_()
    });
    assert!(unread.unwrap_err().message.contains("was never read"));
}

thread_local! {
    static RUNS: Cell<u64> = const { Cell::new(0) };
}

#[cede::test(schedules = 1_00)]
fn a_test_with_schedules_runs_once_for_each_on_a_clock_of_its_own() -> cede::Result<()> {
    let began = cede::running_loop()?.time();
    cede::sleep(std::time::Duration::from_secs(3600)).await?;
    assert_eq!(cede::running_loop()?.time() - began, std::time::Duration::from_secs(3600));
    racing(5);
    RUNS.set(RUNS.get() + 1);
    Ok(())
}

#[test]
fn it_does_not_stop_before_the_last_one() {
    a_test_with_schedules_runs_once_for_each_on_a_clock_of_its_own();
    assert_eq!(RUNS.get(), 100);
}

#[cede::test(schedules = 1_000)]
#[should_panic(expected = "one was forgotten")]
fn a_test_with_schedules_finds_the_race() {
    racing(1);
}

#[cede::test(schedules = 10)]
#[should_panic(expected = "schedule 0 of 10 fails: it returned an error: lost\n")]
fn an_error_that_a_test_returns_is_a_failure_of_its_schedule() -> cede::Result<()> {
    Err(std::io::Error::other("lost").into())
}

#[cede::test(schedules = 10)]
#[should_panic(expected = "schedule 0 of 10 fails: it returned an error\n")]
fn even_one_of_which_only_the_harness_knows_that_it_is_one() -> Result<(), &'static str> {
    Err("expected: the harness says it on standard error")
}

#[cede::test(schedules = 10)]
#[should_panic(expected = "schedule 0 of 10 fails: deadlock: ")]
fn a_deadlock_is_one_too() {
    drop(Promise::<()>::new().await);
}

#[test]
fn a_test_with_schedules_says_in_which_one_it_fails_and_how_to_run_that_again() {
    let failed = std::panic::catch_unwind(a_test_with_schedules_finds_the_race).unwrap_err();
    let report = failed.downcast_ref::<String>().expect("a report");
    let same = cede::try_explore(1_000, || racing(1)).unwrap_err();
    assert_eq!(report.lines().next(), same.to_string().lines().next());
    let again = format!(
        "run it again with: CEDE_SCHEDULE={} cargo test exploring::\
         a_test_with_schedules_says_in_which_one_it_fails_and_how_to_run_that_again -- --exact --nocapture\n\n",
        same.seed
    );
    assert!(report.contains(&again), "{report}");
    // Its timeline, under the test's own name.
    assert!(report.contains("\na_test_with_schedules_finds_the_race (Task-1)"), "{report}");
    assert!(report.contains("█ has control"), "{report}");
}

#[test]
fn schedule_0_is_the_usual_one_and_others_differ() {
    let order = |seed: Option<u64>| {
        let trace = Trace::new();
        let mine = trace.clone();
        let mut runner = Runner::new().clock(VirtualClock::new());
        if let Some(seed) = seed {
            runner = runner.schedule(seed);
        }
        runner
            .run(cede::coroutine(move || {
                let tasks: Vec<_> =
                    (0..6).map(|n| cede::create_task(cede::coroutine(mine.call(n)))).collect();
                tasks.into_iter().for_each(|task| task.await_().unwrap());
            }))
            .unwrap();
        trace.take().concat()
    };
    assert_eq!(order(None), "012345");
    assert_eq!(order(Some(0)), "012345");
    let others: std::collections::BTreeSet<String> = (1..50).map(|seed| order(Some(seed))).collect();
    assert!(others.len() > 30, "{others:?}");
    assert!(others.iter().all(|order| order.len() == 6));
}

#[test]
fn the_replay_of_a_log_follows_any_schedule() {
    for seed in 0..20 {
        let recorder = Recorder::new();
        let mut runner = Runner::new().clock(VirtualClock::new()).schedule(seed).observer(recorder.clone());
        runner.run(cede::coroutine(|| racing(5))).unwrap();
        drop(runner);
        let mut state = cede::trace::State::default();
        let log = recorder.log();
        log.records().iter().for_each(|record| state.apply(&record.event));
        assert!(state.ready.is_empty() && state.control.is_empty(), "{seed}: {state:?}");
    }
}

#[test]
fn the_planted_race_is_found_and_the_printed_line_runs_it_again() {
    let found = cede(["explore"]);
    let report = String::from_utf8(found.stdout).unwrap();
    assert_eq!(found.status.code(), Some(1), "{report}");
    assert!(report.contains("a tree was forgotten"), "{report}");
    let line = report.lines().find_map(|line| line.strip_prefix("run it again with: ")).expect("the line");
    let (variable, command) = line.split_once(' ').expect("a variable, then the command");
    let (name, seed) = variable.split_once('=').expect("a variable");
    assert_eq!(command, "cede explore");
    let again = Command::new(binary()).arg("explore").env(name, seed).output().unwrap();
    assert_eq!(String::from_utf8(again.stdout).unwrap(), report);
}
