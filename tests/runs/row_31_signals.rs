//! Signal handlers of a loop (test_unix_events.py, SelectorEventLoopSignalTests; test_events.py).
//!
//! Signals belong to the process, so every scenario has one of its own.

use std::cell::{Cell, RefCell};
use std::os::unix::process::ExitStatusExt;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use cede::{Awaitable, EventLoop, LoopHandle, Promise, coroutine, create_task, running_loop};
use cede_tests::child::in_child;
use cede_tests::trace::{Trace, event_loop, run_briefly};
use libc::{SIGALRM, SIGHUP, SIGINT, SIGKILL, SIGPIPE, SIGSEGV, SIGSTOP, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::low_level::raise;

use crate::raise_later;

fn counter() -> (Rc<Cell<u32>>, impl Fn() + 'static) {
    let count = Rc::new(Cell::new(0));
    let counted = count.clone();
    (count, move || counted.set(counted.get() + 1))
}

/// test_add_signal_handler
#[test]
fn a_signal_calls_its_handler_in_a_turn_of_the_loop() {
    in_child(&[], || {
        let event_loop = event_loop(&Trace::new());
        let (count, handler) = counter();
        event_loop.add_signal_handler(SIGINT, handler).unwrap();
        raise(SIGINT).unwrap();
        assert_eq!(count.get(), 0); // not inside the signal handler
        run_briefly(&event_loop);
        assert_eq!(count.get(), 1);
        run_briefly(&event_loop);
        assert_eq!(count.get(), 1);
        raise(SIGINT).unwrap();
        run_briefly(&event_loop);
        assert_eq!(count.get(), 2);
    })
    .succeeded();
}

/// test_signal_handling_while_selecting
#[test]
fn a_signal_that_comes_on_another_thread_wakes_a_loop_that_sleeps() {
    in_child(&[], || {
        let event_loop = EventLoop::new().unwrap();
        let handle = LoopHandle::clone(&event_loop);
        event_loop.add_signal_handler(SIGALRM, move || handle.stop()).unwrap();
        for _ in 0..3 {
            let raiser = raise_later(SIGALRM);
            event_loop.run_forever().unwrap();
            raiser.join().unwrap();
        }
    })
    .succeeded();
}

#[test]
fn a_signal_that_comes_on_the_loops_own_thread_wakes_it_too() {
    in_child(&[], || {
        let event_loop = EventLoop::new().unwrap();
        let handle = LoopHandle::clone(&event_loop);
        event_loop.add_signal_handler(SIGALRM, move || handle.stop()).unwrap();
        event_loop.call_soon(|| raise(SIGALRM).unwrap());
        event_loop.run_forever().unwrap();
    })
    .succeeded();
}

/// test_signal_handling_args
#[test]
fn a_handler_is_a_closure_and_has_what_it_captures() {
    in_child(&[], || {
        let trace = Trace::new();
        let event_loop = event_loop(&trace);
        let (told, argument) = (trace.clone(), 42);
        event_loop.add_signal_handler(SIGUSR1, move || told.add(argument)).unwrap();
        raise(SIGUSR1).unwrap();
        run_briefly(&event_loop);
        assert_eq!(trace.take(), ["42"]);
    })
    .succeeded();
}

/// Signals that come again before the loop has looked are one, as they are for the kernel.
#[test]
fn a_signal_that_comes_three_times_at_once_is_handled_once() {
    in_child(&[], || {
        let event_loop = event_loop(&Trace::new());
        let (count, handler) = counter();
        event_loop.add_signal_handler(SIGUSR1, handler).unwrap();
        (0..3).for_each(|_| raise(SIGUSR1).unwrap());
        run_briefly(&event_loop);
        run_briefly(&event_loop);
        assert_eq!(count.get(), 1);
    })
    .succeeded();
}

/// test_remove_signal_handler
#[test]
fn removing_a_handler_says_whether_there_was_one() {
    in_child(&[], || {
        let event_loop = EventLoop::new().unwrap();
        assert!(!event_loop.remove_signal_handler(SIGHUP).unwrap());
        event_loop.add_signal_handler(SIGHUP, || ()).unwrap();
        assert!(event_loop.remove_signal_handler(SIGHUP).unwrap());
        assert!(!event_loop.remove_signal_handler(SIGHUP).unwrap());
    })
    .succeeded();
}

/// test_add_signal_handler: "Removing it should restore the default handler."
#[test]
fn a_signal_whose_handler_was_removed_does_what_it_did_before() {
    let ended = in_child(&[], || {
        let event_loop = EventLoop::new().unwrap();
        event_loop.add_signal_handler(SIGUSR1, || ()).unwrap();
        raise(SIGUSR1).unwrap();
        event_loop.remove_signal_handler(SIGUSR1).unwrap();
        eprintln!("still here");
        raise(SIGUSR1).unwrap();
        eprintln!("not here");
    });
    assert_eq!(ended.status.signal(), Some(SIGUSR1));
    assert!(ended.stderr.contains("still here") && !ended.stderr.contains("not here"), "{ended:?}");
}

/// test_close. (Not with SIGHUP, which does nothing to whom `nohup` started.)
#[test]
fn closing_a_loop_removes_its_handlers() {
    for signal in [SIGUSR1, SIGTERM] {
        let ended = in_child(&[], move || {
            let event_loop = EventLoop::new().unwrap();
            event_loop.add_signal_handler(SIGUSR1, || ()).unwrap();
            event_loop.add_signal_handler(SIGTERM, || ()).unwrap();
            raise(SIGUSR1).unwrap();
            drop(event_loop);
            raise(signal).unwrap();
        });
        assert!([Some(SIGUSR1), Some(SIGTERM)].contains(&ended.status.signal()), "{ended:?}");
    }
}

/// Rust's runtime ignores SIGPIPE before main.
#[test]
fn a_signal_that_was_ignored_is_ignored_again() {
    in_child(&[], || {
        let event_loop = event_loop(&Trace::new());
        let (count, handler) = counter();
        event_loop.add_signal_handler(SIGPIPE, handler).unwrap();
        raise(SIGPIPE).unwrap();
        run_briefly(&event_loop);
        event_loop.remove_signal_handler(SIGPIPE).unwrap();
        raise(SIGPIPE).unwrap();
        run_briefly(&event_loop);
        assert_eq!(count.get(), 1);
    })
    .succeeded();
}

#[test]
fn a_handler_that_was_there_before_goes_on_being_called() {
    in_child(&[], || {
        let others = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(SIGUSR2, others.clone()).unwrap();
        let event_loop = event_loop(&Trace::new());
        let (count, handler) = counter();
        event_loop.add_signal_handler(SIGUSR2, handler).unwrap();
        raise(SIGUSR2).unwrap();
        run_briefly(&event_loop);
        assert_eq!((others.swap(false, Ordering::SeqCst), count.get()), (true, 1));
        event_loop.remove_signal_handler(SIGUSR2).unwrap();
        raise(SIGUSR2).unwrap(); // does not end the process
        assert!(others.load(Ordering::SeqCst));
    })
    .succeeded();
}

#[test]
fn a_second_handler_for_a_signal_replaces_the_first() {
    in_child(&[], || {
        let event_loop = event_loop(&Trace::new());
        let ((first, handler), (second, other)) = (counter(), counter());
        event_loop.add_signal_handler(SIGUSR1, handler).unwrap();
        raise(SIGUSR1).unwrap(); // not lost, whoever handles it
        event_loop.add_signal_handler(SIGUSR1, other).unwrap();
        run_briefly(&event_loop);
        assert_eq!((first.get(), second.get()), (0, 1));
        assert!(event_loop.remove_signal_handler(SIGUSR1).unwrap());
        assert!(!event_loop.remove_signal_handler(SIGUSR1).unwrap());
    })
    .succeeded();
}

/// test_handle_signal_cancelled_handler, in our shape
#[test]
fn a_handler_may_remove_itself() {
    in_child(&[], || {
        let event_loop = event_loop(&Trace::new());
        let (handle, removed) = (LoopHandle::clone(&event_loop), Rc::new(RefCell::new(Vec::new())));
        let told = removed.clone();
        let remove = move || told.borrow_mut().push(handle.remove_signal_handler(SIGUSR1).unwrap());
        event_loop.add_signal_handler(SIGUSR1, remove).unwrap();
        raise(SIGUSR1).unwrap();
        run_briefly(&event_loop);
        assert_eq!(*removed.borrow(), [true]);
    })
    .succeeded();
}

#[test]
fn a_handler_that_panics_is_reported_and_called_again_the_next_time() {
    in_child(&[], || {
        let trace = Trace::new();
        let event_loop = event_loop(&trace);
        event_loop.add_signal_handler(SIGUSR1, || panic!("in the handler")).unwrap();
        for _ in 0..2 {
            raise(SIGUSR1).unwrap();
            run_briefly(&event_loop);
            assert_eq!(trace.take(), ["a callback panicked: in the handler"]);
        }
    })
    .succeeded();
}

#[test]
fn a_task_that_waits_for_a_signal_is_not_deadlocked() {
    in_child(&[], || {
        let raiser = raise_later(SIGUSR1);
        let ran = cede::run(coroutine(|| {
            let event_loop = running_loop().unwrap();
            let promise = Promise::new();
            let waiting = promise.clone();
            event_loop.add_signal_handler(SIGUSR1, move || waiting.set_result("came").unwrap()).unwrap();
            promise.await_().unwrap()
        }));
        assert_eq!(ran.unwrap(), "came");
        raiser.join().unwrap();
    })
    .succeeded();
}

#[test]
fn a_loop_whose_last_handler_was_removed_is_deadlocked() {
    in_child(&[], || {
        let ran = cede::run(coroutine(|| {
            let event_loop = running_loop().unwrap();
            event_loop.add_signal_handler(SIGUSR1, || ()).unwrap();
            event_loop.call_later(std::time::Duration::from_millis(1), || {
                running_loop().unwrap().remove_signal_handler(SIGUSR1).unwrap();
            });
            let _ = Promise::<()>::new().await_();
        }));
        assert!(ran.unwrap_err().is_deadlock());
    })
    .succeeded();
}

#[test]
fn a_busy_loop_whose_tasks_hand_control_to_each_other_sees_signals() {
    in_child(&[("CEDE_DEBUG", "0")], || {
        let raiser = raise_later(SIGUSR1);
        cede::run(coroutine(|| {
            let (count, handler) = counter();
            running_loop().unwrap().add_signal_handler(SIGUSR1, handler).unwrap();
            while count.get() == 0 {
                create_task(coroutine(|| ())).await_().unwrap();
            }
        }))
        .unwrap();
        raiser.join().unwrap();
    })
    .succeeded();
}

#[test]
fn a_signal_belongs_to_one_loop_at_a_time() {
    in_child(&[], || {
        let (first, second) = (EventLoop::new().unwrap(), EventLoop::new().unwrap());
        first.add_signal_handler(SIGTERM, || ()).unwrap();
        let error = second.add_signal_handler(SIGTERM, || ()).unwrap_err();
        let text = "add_signal_handler: SIGTERM is handled by another loop of this process; remove that handler \
                    first";
        assert_eq!(error.to_string(), text);
        first.remove_signal_handler(SIGTERM).unwrap();
        second.add_signal_handler(SIGTERM, || ()).unwrap();
        drop(second);
        first.add_signal_handler(SIGTERM, || ()).unwrap();
    })
    .succeeded();
}

/// asyncio: only the main thread may.
#[test]
fn loops_of_several_threads_handle_each_their_own_signal() {
    in_child(&[], || {
        let threads: Vec<_> = [SIGUSR1, SIGUSR2]
            .map(|signal| {
                thread::spawn(move || {
                    let event_loop = EventLoop::new().unwrap();
                    let handle = LoopHandle::clone(&event_loop);
                    event_loop.add_signal_handler(signal, move || handle.stop()).unwrap();
                    raise_later(signal);
                    event_loop.run_forever().unwrap();
                })
            })
            .into();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    })
    .succeeded();
}

#[test]
fn a_real_time_signal_can_be_handled() {
    in_child(&[], || {
        let event_loop = event_loop(&Trace::new());
        let (count, handler) = counter();
        event_loop.add_signal_handler(40, handler).unwrap();
        raise(40).unwrap();
        run_briefly(&event_loop);
        assert_eq!(count.get(), 1);
    })
    .succeeded();
}

/// test_check_signal, test_add_signal_handler: ValueError
#[test]
fn a_number_that_is_no_signal_is_refused() {
    let event_loop = EventLoop::new().unwrap();
    for signal in [0, -1, 65, i32::MAX, i32::MIN] {
        let text = format!("invalid signal number {signal}");
        assert_eq!(event_loop.add_signal_handler(signal, || ()).unwrap_err().to_string(), text);
        assert_eq!(event_loop.remove_signal_handler(signal).unwrap_err().to_string(), text);
    }
}

/// test_add_signal_handler: RuntimeError; test_add_signal_handler_install_error2
#[test]
fn a_signal_that_cannot_be_caught_is_refused() {
    let event_loop = EventLoop::new().unwrap();
    for signal in [SIGKILL, SIGSTOP, 32] {
        let text = format!("add_signal_handler: sig {signal} cannot be caught");
        assert_eq!(event_loop.add_signal_handler(signal, || ()).unwrap_err().to_string(), text);
        assert!(!event_loop.remove_signal_handler(signal).unwrap());
    }
}

#[test]
fn a_fault_of_the_running_code_is_refused() {
    let error = EventLoop::new().unwrap().add_signal_handler(SIGSEGV, || ()).unwrap_err();
    let text = "add_signal_handler: SIGSEGV says that the running code cannot go on; no loop can handle it";
    assert_eq!(error.to_string(), text);
}

#[test]
fn a_closed_loop_takes_no_handler() {
    let event_loop = EventLoop::new().unwrap();
    event_loop.close().unwrap();
    let error = event_loop.add_signal_handler(SIGUSR1, || ()).unwrap_err();
    assert!(error.is_closed());
    assert_eq!(error.to_string(), "add_signal_handler: the event loop is closed");
    assert!(!event_loop.remove_signal_handler(SIGUSR1).unwrap());
}
