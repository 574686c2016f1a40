//! Tests on a thread that std did not make.
#![cfg(not(feature = "sanitizer"))] // AddressSanitizer gives every thread a signal stack of its own

use std::ptr;

use crate::coroutine::{Awaitable, coroutine};
use crate::{create_task, sleep, to_thread};

type Body = Box<dyn FnOnce() + Send>;

/// Runs `body` on a thread made by `pthread_create`, as a C library would make one.
fn on_a_foreign_thread(body: impl FnOnce() + Send + 'static) {
    extern "C" fn start(body: *mut libc::c_void) -> *mut libc::c_void {
        // SAFETY: the pointer is the one given to `pthread_create` below, and this runs once.
        let body = unsafe { Box::from_raw(body.cast::<Body>()) };
        body();
        ptr::null_mut()
    }
    let body: *mut Body = Box::into_raw(Box::new(Box::new(body)));
    // SAFETY: plain data, written by `pthread_create`.
    let mut thread: libc::pthread_t = unsafe { std::mem::zeroed() };
    // SAFETY: `start` takes over the body; default attributes.
    let made = unsafe { libc::pthread_create(&mut thread, ptr::null(), start, body.cast()) };
    assert_eq!(made, 0);
    // SAFETY: the thread was made above and is joined once.
    unsafe { libc::pthread_join(thread, ptr::null_mut()) };
}

/// The size of this thread's signal stack; `None` when it has none.
fn signal_stack() -> Option<usize> {
    // SAFETY: plain data.
    let mut now: libc::stack_t = unsafe { std::mem::zeroed() };
    // SAFETY: only asks; `now` is a place for the answer.
    unsafe { libc::sigaltstack(ptr::null(), &mut now) };
    (now.ss_flags & libc::SS_DISABLE == 0).then_some(now.ss_size)
}

#[test]
fn a_thread_that_std_did_not_make_may_run_a_loop() {
    let (result, results) = std::sync::mpsc::channel();
    on_a_foreign_thread(move || {
        let ran = crate::run(coroutine(|| {
            let task = create_task(coroutine(|| {
                sleep(std::time::Duration::from_millis(1)).await_().map(|()| 40).expect("nobody cancels it")
            }));
            task.await_().expect("it ends well") + to_thread(|| 2).await_().expect("it ends well")
        }));
        result.send(ran.expect("it runs")).expect("somebody listens");
    });
    assert_eq!(results.recv(), Ok(42));
}

#[test]
fn a_thread_that_std_did_not_make_gets_a_signal_stack_for_the_overflow_report() {
    let (told, stacks) = std::sync::mpsc::channel();
    on_a_foreign_thread(move || {
        let before = signal_stack();
        crate::run(coroutine(|| create_task(coroutine(|| ())).await_())).expect("it runs").expect("it ends");
        told.send((before, signal_stack())).expect("somebody listens");
    });
    let (before, after) = stacks.recv().expect("it was told");
    assert_eq!(before, None);
    assert!(after.is_some_and(|size| size >= 16 << 10), "{after:?}");
}

/// std's own is left alone.
#[test]
fn a_thread_of_std_keeps_its_signal_stack() {
    let thread = std::thread::spawn(|| {
        let before = signal_stack();
        crate::run(coroutine(|| create_task(coroutine(|| ())).await_())).expect("it runs").expect("it ends");
        (before, signal_stack())
    });
    let (before, after) = thread.join().expect("it ends well");
    assert!(before.is_some());
    assert_eq!(before, after);
}
