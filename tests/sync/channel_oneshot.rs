//! Channels: one value, also from another thread.

use std::cell::Cell;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use cede::channel::oneshot;
use cede::{Awaitable, Runner};

use crate::help::{panic_text, run, spawn, turn};

#[test]
fn the_receiver_waits_for_the_value() {
    run(|| {
        let (sender, receiver) = oneshot::channel();
        let task = spawn(move || receiver.await_());
        turn();
        assert!(!task.done());
        sender.send(5).unwrap();
        assert_eq!(task.await_().unwrap(), Ok(5));
    });
}

#[test]
fn a_value_that_is_there_is_received_without_ceding_and_without_a_loop() {
    let (sender, receiver) = oneshot::channel();
    sender.send("there").unwrap();
    assert_eq!(receiver.await_(), Ok("there"));
}

#[test]
fn a_sender_that_goes_without_sending_leaves_an_error() {
    run(|| {
        let (sender, receiver) = oneshot::channel::<u8>();
        let task = spawn(move || receiver.await_());
        turn();
        drop(sender);
        let error = task.await_().unwrap().unwrap_err();
        assert!(error.is_closed() && !error.is_empty() && !error.is_cancelled());
        assert_eq!(error.to_string(), "oneshot: the sender is gone");
    });
}

#[test]
fn a_value_that_nobody_receives_comes_back() {
    run(|| {
        let (sender, receiver) = oneshot::channel();
        assert!(!sender.is_closed());
        drop(receiver);
        assert!(sender.is_closed());
        sender.closed().await_().unwrap();
        assert_eq!(sender.send("back"), Err("back"));
    });
}

#[test]
fn a_sender_can_wait_until_nobody_wants_the_value_any_more() {
    run(|| {
        let (sender, receiver) = oneshot::channel::<u8>();
        let task = spawn(move || sender.closed().await_());
        turn();
        assert!(!task.done());
        receiver.close();
        task.await_().unwrap().unwrap();
        assert!(receiver.try_recv().unwrap_err().is_closed());
    });
}

#[test]
fn a_cancelled_wait_by_reference_can_be_repeated() {
    run(|| {
        let (sender, receiver) = oneshot::channel();
        let receiver = Rc::new(receiver);
        let other = Rc::clone(&receiver);
        let task = spawn(move || (&*other).await_());
        turn();
        sender.send(1).unwrap(); // wakes it
        task.cancel();
        assert!(task.await_().unwrap().unwrap_err().is_cancelled());
        assert_eq!((&*receiver).await_(), Ok(1));
        assert!((&*receiver).await_().unwrap_err().is_closed(), "one value, once");
    });
}

#[test]
fn a_cancelled_wait_by_value_closes_the_channel() {
    run(|| {
        let (sender, receiver) = oneshot::channel();
        let task = spawn(move || receiver.await_());
        turn();
        task.cancel();
        assert!(task.await_().unwrap().is_err());
        assert_eq!(sender.send(1), Err(1));
    });
}

#[test]
fn trying_to_receive_tells_not_yet_from_never() {
    let (sender, receiver) = oneshot::channel();
    let error = receiver.try_recv().unwrap_err();
    assert!(error.is_empty());
    assert_eq!(error.to_string(), "oneshot: nothing has been sent yet");
    sender.send(1).unwrap();
    assert_eq!(receiver.try_recv(), Ok(1));
    assert!(receiver.try_recv().unwrap_err().is_closed());
}

// ---- from another thread; real time

fn run_real<T: 'static>(main: impl FnOnce() -> T + 'static) -> T {
    Runner::new().run(cede::coroutine(main)).expect("it has a result")
}

#[test]
fn a_value_from_another_thread_wakes_the_loop() {
    run_real(|| {
        let (sender, receiver) = oneshot::from_thread();
        let thread = thread::spawn(move || {
            thread::sleep(Duration::from_millis(20)); // the loop sleeps in the kernel by then
            sender.send(vec![1, 2, 3])
        });
        assert_eq!(receiver.await_(), Ok(vec![1, 2, 3]));
        assert_eq!(thread.join().unwrap(), Ok(()));
    });
}

#[test]
fn a_thread_that_ends_without_sending_leaves_an_error_and_no_deadlock() {
    run_real(|| {
        let (sender, receiver) = oneshot::from_thread::<u8>();
        let thread = thread::spawn(move || drop(sender));
        assert!(receiver.await_().unwrap_err().is_closed());
        thread.join().unwrap();
    });
}

#[test]
fn a_thread_that_panics_leaves_an_error() {
    run_real(|| {
        let (sender, receiver) = oneshot::from_thread::<u8>();
        let thread = thread::spawn(move || {
            let _sender = sender;
            std::panic::resume_unwind(Box::new("in the thread"));
        });
        assert!(receiver.await_().unwrap_err().is_closed());
        assert!(thread.join().is_err());
    });
}

#[test]
fn a_thread_gets_its_value_back_when_the_receiver_is_gone() {
    run_real(|| {
        let (sender, receiver) = oneshot::from_thread();
        drop(receiver);
        assert!(sender.is_closed());
        assert_eq!(thread::spawn(move || sender.send(5)).join().unwrap(), Err(5));
        let (sender, receiver) = oneshot::from_thread();
        receiver.close();
        assert_eq!(thread::spawn(move || sender.send(6)).join().unwrap(), Err(6));
    });
}

#[test]
fn a_thread_gets_its_value_back_when_the_loop_is_closed() {
    let kept: Rc<Cell<Option<oneshot::Receiver<u8>>>> = Rc::default();
    let keep = Rc::clone(&kept);
    let sender = run_real(move || {
        let (sender, receiver) = oneshot::from_thread();
        keep.set(Some(receiver));
        sender
    });
    assert!(!sender.is_closed(), "the receiver is still there");
    assert_eq!(thread::spawn(move || sender.send(5)).join().unwrap(), Err(5));
    assert!(kept.take().unwrap().try_recv().is_err());
}

#[test]
fn many_threads_answer_many_tasks() {
    run_real(|| {
        let tasks: Vec<_> = (0..200u64)
            .map(|n| {
                let (sender, receiver) = oneshot::from_thread();
                let thread = thread::spawn(move || sender.send(n * n));
                let task = spawn(move || receiver.await_());
                (n, thread, task)
            })
            .collect();
        for (n, thread, task) in tasks {
            assert_eq!(task.await_().unwrap(), Ok(n * n));
            assert_eq!(thread.join().unwrap(), Ok(()));
        }
    });
}

#[test]
fn a_channel_from_a_thread_needs_a_running_loop() {
    let text = panic_text(|| drop(oneshot::from_thread::<u8>()));
    assert_eq!(
        text,
        "oneshot::from_thread: no running event loop; call it from inside cede::run or a loop's callback"
    );
}
