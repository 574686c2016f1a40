//! Many tasks at once: what they cost while they are there, and that it is given back.
#![forbid(unsafe_code)]

use std::hint::black_box;

use cede::{Awaitable, EventLoop, Promise, Runner, coroutine, create_task, running_loop, stack, yield_now};
use cede_tests::child::in_child;
use cede_tests::trace::run;

/// The memory in KiB that the process holds: without the program itself, which comes in as it is used.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find(|line| line.starts_with("RssAnon:")).expect("a size");
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
}

/// Runs this many tasks that wait for one promise; gives what memory they held at once.
fn burst(event_loop: &EventLoop, tasks: usize) -> usize {
    event_loop
        .run_until_complete(coroutine(move || {
            let gate = Promise::<()>::new();
            let waiting: Vec<_> = (0..tasks)
                .map(|_| {
                    let gate = gate.clone();
                    create_task(coroutine(move || (&gate).await_().unwrap()))
                })
                .collect();
            yield_now().await_().unwrap();
            let held = resident();
            gate.set_result(()).unwrap();
            waiting.into_iter().for_each(|task| task.await_().unwrap());
            held
        }))
        .unwrap()
}

#[test]
fn after_a_burst_and_a_trim_the_memory_is_back_with_the_system() {
    let ended = in_child(&[], || {
        const TASKS: usize = 20_000;
        let event_loop = EventLoop::new().unwrap();
        for _ in 0..2 {
            let held = burst(&event_loop, TASKS);
            assert!(held > TASKS * 4, "each task holds a page, and all of them only {held} KiB");
            assert!(event_loop.trim() >= TASKS);
            let left = resident();
            assert!(left < held / 50, "{left} KiB of {held} KiB are left");
        }
        assert_eq!((event_loop.trim(), stack::pooled().stacks), (0, 0));
    });
    if !cfg!(feature = "sanitizer") {
        ended.succeeded();
    }
}

#[test]
fn trimming_inside_a_task_takes_nothing_from_those_that_wait() {
    run(|| {
        let gate = Promise::<u32>::new();
        let waiting: Vec<_> = (0..100)
            .map(|nth| {
                let gate = gate.clone();
                create_task(coroutine(move || (&gate).await_().unwrap() + nth))
            })
            .collect();
        for _ in 0..50 {
            create_task(coroutine(|| ()));
        }
        yield_now().await_().unwrap();
        running_loop().unwrap().trim();
        gate.set_result(1_000).unwrap();
        let sum: u32 = waiting.into_iter().map(|task| task.await_().unwrap()).sum();
        assert_eq!(sum, 100 * 1_000 + 99 * 100 / 2);
    });
}

#[inline(never)]
fn deep(kib: usize) -> usize {
    let frame = black_box([1u8; 1 << 10]);
    if kib == 0 { frame.len() } else { deep(kib - 1) + usize::from(frame[kib % frame.len()]) }
}

/// A stack that is not the usual one; AddressSanitizer needs more than the smallest.
const SMALL: usize = if cfg!(feature = "sanitizer") { 512 << 10 } else { 16 << 10 };

#[test]
fn high_water_marks_say_by_name_how_deep_tasks_went() {
    let marks = Runner::new()
        .debug(false)
        .run(coroutine(|| {
            let event_loop = running_loop().unwrap();
            event_loop.measure_stacks(true);
            for kib in [1, 40, 8] {
                create_task(coroutine(move || deep(kib)).named("climber")).await_().unwrap();
            }
            create_task(coroutine(|| yield_now().await_()).named("idler")).await_().unwrap().unwrap();
            // On the stack of a climber, perhaps: what that has left does not count.
            create_task(coroutine(|| 5).stack_size(SMALL).named("small")).await_().unwrap();
            let marks = event_loop.stack_usage();
            event_loop.measure_stacks(false);
            assert!(event_loop.stack_usage().is_empty());
            marks
        }))
        .unwrap();
    if cfg!(feature = "sanitizer") {
        return; // whose variables lie elsewhere
    }
    let names: Vec<_> = marks.iter().map(|mark| (mark.coroutine.as_str(), mark.tasks)).collect();
    assert_eq!(names, [("climber", 3), ("idler", 1), ("small", 1)]);
    let [climber, idler, small] = &marks[..] else { unreachable!() };
    assert!(climber.deepest >= 40 << 10 && climber.deepest < climber.size, "{climber}");
    assert!(idler.deepest <= 32 << 10, "{idler}");
    assert!(small.deepest <= small.size && small.size == SMALL, "{small}");
}
