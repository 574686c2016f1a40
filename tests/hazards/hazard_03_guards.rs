//! Hazard 3: a guard page by `mprotect` costs two mappings, of which a process may have some 65,000; past
//! that, even threads and panics failed. Here guards cost no mapping where the kernel can do that, and where
//! it cannot, the limit is an error with room to spare.

use std::cell::Cell;
use std::rc::Rc;

use cede::{Awaitable, EventLoop, Generator, JoinError, Outcome, Promise, ResumeError, Task, VirtualClock};
use cede_tests::child::{guard_modes, in_child};

/// Fewer where every stack has a shadow.
const MANY: usize = if cfg!(feature = "sanitizer") { 2_000 } else { 100_000 };

fn mappings() -> usize {
    std::fs::read_to_string("/proc/self/maps").expect("Linux").lines().count()
}

/// Tasks that all wait for the promise.
fn suspended(event_loop: &EventLoop, promise: &Promise<()>, count: usize) -> Vec<Task<cede::Result<()>>> {
    (0..count)
        .map(|_| {
            let promise = promise.clone();
            event_loop.create_task(cede::coroutine(move || (&promise).await_()))
        })
        .collect()
}

fn turn(event_loop: &EventLoop) {
    event_loop.stop();
    event_loop.run_forever().unwrap();
}

/// What must be seen 6.
#[test]
fn a_hundred_thousand_tasks_are_suspended_at_once_guarded_and_then_all_finish() {
    if !guard_modes().contains(&"madvise") {
        return eprintln!("skipped: this kernel has no MADV_GUARD_INSTALL");
    }
    let ended = in_child(&[("CEDE_STACK_GUARD", "madvise"), ("CEDE_STACK_SIZE", "65536")], || {
        let event_loop = EventLoop::with_clock(VirtualClock::new()).unwrap();
        let promise = event_loop.create_promise::<()>();
        let before = mappings();
        let tasks = suspended(&event_loop, &promise, MANY);
        turn(&event_loop);
        assert!(tasks.iter().all(|task| task.handle().waiting_for().is_some()));
        let mapped = mappings() - before;
        assert!(mapped < 100, "{MANY} guarded stacks cost {mapped} mappings");
        promise.set_result(()).unwrap();
        turn(&event_loop);
        assert!(tasks.iter().all(|task| task.outcome() == Outcome::Finished));
        assert!(event_loop.all_tasks().is_empty());
    });
    assert_eq!(ended.succeeded(), "");
}

/// More stacks than the machine can map: an error for who asked, and the loop goes on.
#[test]
fn at_the_limit_on_mappings_a_task_fails_with_an_error_and_the_loop_goes_on() {
    let allowed = std::fs::read_to_string("/proc/sys/vm/max_map_count").unwrap_or_default();
    let allowed: usize = allowed.trim().parse().unwrap_or(65_530);
    if allowed > 200_000 || cfg!(feature = "sanitizer") {
        return eprintln!("skipped: {allowed} mappings are more than a test should make");
    }
    let ended = in_child(&[("CEDE_STACK_GUARD", "mprotect"), ("CEDE_STACK_SIZE", "16384")], || {
        let event_loop = EventLoop::with_clock(VirtualClock::new()).unwrap();
        let promise = event_loop.create_promise::<()>();
        let allowed = std::fs::read_to_string("/proc/sys/vm/max_map_count").unwrap();
        let count = allowed.trim().parse::<usize>().unwrap() / 2 + 1_000;
        let tasks = suspended(&event_loop, &promise, count);
        turn(&event_loop);

        let failed: Vec<_> = tasks.iter().filter(|task| task.outcome() == Outcome::Failed).collect();
        let parked = tasks.iter().filter(|task| task.outcome() == Outcome::Pending).count();
        assert!(failed.len() >= 1_000, "{} failed", failed.len());
        assert_eq!(failed.len() + parked, count);
        let (text, name) = (failed[0].result().unwrap_err().to_string(), failed[0].name());
        let rest = text.strip_prefix(&format!("task '{name}' cannot start: no stack left: ")).expect(&text);
        let (stacks, advice) = rest.split_once(' ').expect(&text);
        assert!(stacks.parse::<usize>().is_ok_and(|stacks| stacks >= parked), "{text}");
        assert_eq!(
            advice,
            "stacks with mprotect guards are near the system's limit on mappings; raise vm.max_map_count or run \
             fewer coroutines at once"
        );

        // There is room for others: threads, their memory, a panic.
        let threads: Vec<_> = (0..20)
            .map(|_| std::thread::spawn(|| vec![1_u8; 8 << 20].iter().map(|byte| u64::from(*byte)).sum()))
            .collect();
        assert!(threads.into_iter().all(|thread| thread.join().is_ok_and(|sum: u64| sum == 8 << 20)));
        assert!(std::panic::catch_unwind(|| panic!("a panic with its hook")).is_err());

        // The loop goes on, the others finish, and their stacks are there for new ones.
        let called = Rc::new(Cell::new(false));
        let calls = called.clone();
        event_loop.call_soon(move || calls.set(true));
        promise.set_result(()).unwrap();
        turn(&event_loop);
        assert!(called.get());
        assert_eq!(tasks.iter().filter(|task| task.outcome() == Outcome::Finished).count(), parked);
        for task in failed {
            let _ = task.result();
        }
        let after = event_loop.create_task(cede::coroutine(|| cede::yield_now().await_()));
        turn(&event_loop);
        turn(&event_loop);
        assert_eq!(after.outcome(), Outcome::Finished);
    });
    let text = ended.succeeded();
    assert!(text.contains("a panic with its hook"), "{text}");
    assert!(!text.contains("cede: "), "{text}");
}

/// The text of a task that found no stack.
fn start_error(error: &JoinError) -> String {
    assert!(!error.is_panic() && !error.is_cancelled());
    error.to_string()
}

#[test]
fn at_the_end_of_the_reservation_everybody_who_asks_gets_an_error() {
    for mode in guard_modes() {
        let environment =
            [("CEDE_STACK_GUARD", mode), ("CEDE_STACK_RESERVATION", "1048576"), ("CEDE_STACK_SIZE", "16384")];
        let ended = in_child(&environment, || {
            let full = "no stack left: 51 stacks fill the reservation of 1048576 bytes; raise \
                        StackSettings::reservation or run fewer coroutines at once";
            let event_loop = EventLoop::with_clock(VirtualClock::new()).unwrap();
            let promise = event_loop.create_promise::<()>();
            let tasks = suspended(&event_loop, &promise, 60);
            turn(&event_loop);
            let failed: Vec<_> = tasks.iter().filter(|task| task.outcome() == Outcome::Failed).collect();
            assert_eq!(failed.len(), 9);
            for task in failed {
                let error = task.result().unwrap_err();
                assert_eq!(start_error(&error), format!("task '{}' cannot start: {full}", task.name()));
            }
            // A generator says so, is still new, and may be tried again.
            let mut generator = Generator::<i32>::new(|co| co.yield_(7));
            let error = generator.start().unwrap_err();
            assert!(matches!(error, ResumeError::NoStack(_)));
            assert_eq!(error.to_string(), format!("the generator cannot start: {full}"));
            let driven = cede::coroutine(|| 7).start();
            assert!(matches!(driven.send(()), Err(ResumeError::NoStack(_))));
            promise.set_result(()).unwrap();
            turn(&event_loop);
            drop(tasks);
            drop(event_loop); // gives its stacks back
            assert_eq!(generator.next(), Some(7));
            assert_eq!(driven.send(()).unwrap().complete(), 7);
        });
        assert_eq!(ended.succeeded(), "", "guards by {mode}");
    }
}

/// A main coroutine that finds no stack is an error of `run`.
#[test]
fn run_without_a_stack_is_an_error() {
    let ended = in_child(&[("CEDE_STACK_SIZE", "1099511627776")], || {
        let error = cede::run(cede::coroutine(|| 7)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "task 'Task-1' cannot start: a stack of 1099511627776 bytes was asked for; the largest has 33554432"
        );
    });
    assert_eq!(ended.succeeded(), "");
}

/// A guard fills with memory what is between two stacks: each of many suspended stacks keeps its own values.
#[test]
fn many_suspended_stacks_do_not_touch_each_other() {
    let generators: Vec<Generator<usize, usize, usize>> = (0..2_000)
        .map(|n| {
            Generator::new(move |co: cede::Co<usize, usize>| {
                let numbers: [usize; 256] = std::array::from_fn(|index| index + n);
                let sent = co.yield_(n);
                numbers.iter().sum::<usize>() + sent
            })
        })
        .collect();
    for generator in &generators {
        generator.start().unwrap();
    }
    for (n, generator) in generators.iter().enumerate().rev() {
        let expected = (0..256).sum::<usize>() + 256 * n + 1;
        assert_eq!(generator.resume(1).unwrap(), cede::GeneratorState::Complete(expected));
    }
}
