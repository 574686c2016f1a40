//! Hazard 4: what happens to the frames of a coroutine that was never resumed, or is dropped suspended. It
//! was right from the start and must stay so: destructors run in the order b, a, captured; what never
//! started drops its captures without unwinding; and no panic hook hears of it.

use cede::{Awaitable, Generator};
use cede_tests::child::in_child;
use cede_tests::trace::{Trace, event_loop, run_briefly};

#[test]
fn a_suspended_generator_drops_its_locals_backwards_and_then_its_captures() {
    let trace = Trace::new();
    let (captured, said) = (trace.on_drop("captured"), trace.clone());
    let generator = Generator::<()>::new(move |co| {
        let _captured = &captured;
        let _a = said.on_drop("a");
        let _b = said.on_drop("b");
        co.yield_(());
    });
    generator.start().unwrap();
    drop(generator);
    assert_eq!(trace.take(), ["b", "a", "captured"]);
}

#[test]
fn a_suspended_task_drops_its_locals_backwards_and_then_its_captures() {
    let trace = Trace::new();
    let event_loop = event_loop(&Trace::new());
    let (captured, said) = (trace.on_drop("captured"), trace.clone());
    drop(event_loop.create_task(cede::coroutine(move || {
        let _captured = &captured;
        let _a = said.on_drop("a");
        let _b = said.on_drop("b");
        loop {
            let _ = cede::yield_now().await_();
        }
    })));
    run_briefly(&event_loop);
    drop(event_loop);
    assert_eq!(trace.take(), ["b", "a", "captured"]);
}

#[test]
fn what_never_started_drops_its_captures_without_unwinding() {
    struct Asks(Trace);
    impl Drop for Asks {
        fn drop(&mut self) {
            self.0.add(format!("dropped, panicking: {}", std::thread::panicking()));
        }
    }
    let trace = Trace::new();
    let event_loop = event_loop(&Trace::new());
    let asks = || Asks(trace.clone());
    let held = asks();
    drop(Generator::<()>::new(move |_| drop(held)));
    let held = asks();
    let coroutine = cede::coroutine(move || drop(held));
    drop(coroutine);
    let held = asks();
    drop(cede::coroutine(move || drop(held)).start());
    let held = asks();
    let task = event_loop.create_task(cede::coroutine(move || drop(held)));
    task.cancel();
    run_briefly(&event_loop);
    let held = asks();
    drop(event_loop.create_task(cede::coroutine(move || drop(held))));
    drop(event_loop);
    assert_eq!(trace.take(), ["dropped, panicking: false"; 5]);
}

#[test]
fn leaving_a_suspended_stack_is_no_panic_for_the_hook() {
    let ended = in_child(&[("CEDE_DEBUG", "0")], || {
        std::panic::set_hook(Box::new(|info| eprintln!("the hook was called: {info}")));
        let generator = Generator::<()>::new(|co| co.yield_(()));
        generator.start().unwrap();
        drop(generator);
        let thrown = Generator::<()>::new(|co| co.yield_(()));
        thrown.start().unwrap();
        thrown.throw("boom").unwrap_err();
        let driven = cede::coroutine(|| cede::yield_to_driver::<_, ()>(1)).start();
        driven.send(()).unwrap();
        drop(driven);
        let event_loop = event_loop(&Trace::new());
        drop(event_loop.create_task(cede::coroutine(|| {
            loop {
                let _ = cede::yield_now().await_();
            }
        })));
        run_briefly(&event_loop);
        drop(event_loop);
    });
    assert_eq!(ended.succeeded(), "");
}

#[test]
fn a_driven_coroutine_that_is_dropped_leaves_its_frames() {
    let trace = Trace::new();
    let said = trace.clone();
    let driven = cede::coroutine(move || {
        let _local = said.on_drop("local");
        cede::yield_to_driver::<_, ()>(1)
    })
    .start();
    driven.send(()).unwrap();
    drop(driven);
    assert_eq!(trace.take(), ["local"]);
}

#[test]
fn nobody_counts_as_panicking_after_stacks_were_left() {
    for _ in 0..100 {
        let generator = Generator::<()>::new(|co| co.yield_(()));
        generator.start().unwrap();
    }
    assert!(!std::thread::panicking());
}
