//! Hazard 15: a coroutine that paused inside the panic hook made the next panic anywhere end the process:
//! "thread panicked while processing panic". Here it cannot pause there.

use std::panic::catch_unwind;
use std::time::Duration;

use cede::{Awaitable, Promise};
use cede_tests::child::in_child;
use cede_tests::trace::run;

#[test]
fn an_await_in_the_panic_hook_is_refused_and_the_next_panic_is_a_panic_like_any_other() {
    let ended = in_child(&[], || {
        std::panic::set_hook(Box::new(|_| {
            eprintln!("hook: {:?}", cede::sleep(Duration::from_secs(1)).await_());
            eprintln!("hook: {}", Promise::<i32>::new().await_().unwrap_err().is_unwinding());
        }));
        run(|| {
            let task = cede::create_task(cede::coroutine(|| panic!("one")));
            eprintln!("{}", task.await_().unwrap_err());
            eprintln!("innocent: {}", std::thread::panicking());
            cede::sleep(Duration::from_secs(1)).await_().unwrap();
        });
        let _ = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| eprintln!("another hook")));
        eprintln!("caught: {}", catch_unwind(|| panic!("two")).is_err());
    });
    assert_eq!(
        ended.succeeded(),
        "cede: sleep: await while unwinding: it did nothing, for a stack that is being left cannot pause\n\
         hook: Ok(())\n\
         hook: true\n\
         the task panicked: one\n\
         innocent: false\n\
         another hook\n\
         caught: true\n"
    );
}

#[test]
fn a_try_yield_in_the_panic_hook_is_refused() {
    let ended = in_child(&[], || {
        thread_local! {
            static CO: std::cell::RefCell<Option<cede::Co<i32>>> = const { std::cell::RefCell::new(None) };
        }
        std::panic::set_hook(Box::new(|_| {
            let co = CO.take().unwrap();
            eprintln!("hook: {}", co.try_yield(2).is_err());
        }));
        let generator = cede::Generator::<i32>::new(|co| {
            CO.set(Some(co.clone()));
            panic!("one");
        });
        let caught = catch_unwind(std::panic::AssertUnwindSafe(|| generator.start().map(drop)));
        eprintln!("caught: {}", caught.is_err());
    });
    assert_eq!(ended.succeeded(), "hook: true\ncaught: true\n");
}
