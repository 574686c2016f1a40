//! Ctrl-C (test_runners.py: interrupt_*): the first press cancels the main task, the second ends the process.
//!
//! `handle_ctrl_c(true)` stands for the main thread, on which no test runs; `ctrl_c.rs` is a program.

use std::os::unix::process::ExitStatusExt;
use std::thread;
use std::time::Duration;

use cede::{Awaitable, Promise, Runner, coroutine, running_loop, sleep};
use cede_tests::child::{Ended, in_child, program};
use libc::SIGINT;
use signal_hook::low_level::raise;

use crate::raise_later;

const LONG: Duration = Duration::from_secs(60);

fn runner() -> Runner {
    Runner::new().handle_ctrl_c(true)
}

#[track_caller]
fn interrupted(ended: Ended) -> String {
    assert_eq!(ended.status.signal(), Some(SIGINT), "{ended:#?}");
    ended.stderr
}

/// test_interrupt_call_soon
#[test]
fn ctrl_c_cancels_a_main_task_that_is_never_idle() {
    in_child(&[("CEDE_DEBUG", "0")], || {
        raise_later(SIGINT);
        let ran = runner().run(
            coroutine(|| -> cede::Result<()> {
                loop {
                    cede::yield_now().await_()?
                }
            })
            .fallible(),
        );
        let error = ran.unwrap_err();
        assert!(error.is_interrupted() && !error.is_cancelled());
        assert_eq!(error.to_string(), "interrupted by Ctrl-C");
    })
    .succeeded();
}

/// test_interrupt_wait
#[test]
fn ctrl_c_cancels_what_the_main_task_waits_for() {
    in_child(&[], || {
        let mut runner = runner();
        let promise = runner.event_loop().unwrap().create_promise::<()>();
        let waiting = promise.clone();
        raise_later(SIGINT);
        // Else the loop, for which nobody could set the promise, would say that it is deadlocked.
        let _proxy = runner.event_loop().unwrap().proxy();
        let ran = runner.run(coroutine(move || waiting.await_()).fallible());
        assert!(ran.unwrap_err().is_interrupted());
        assert!(promise.cancelled());
    })
    .succeeded();
}

/// test_interrupt_cancelled_task
#[test]
fn ctrl_c_on_a_main_task_that_somebody_else_cancels_too_is_a_cancellation() {
    in_child(&[], || {
        let ran = runner().run(
            coroutine(|| {
                let main = cede::current_task().unwrap();
                cede::create_task(coroutine(move || {
                    cede::yield_now().await_().unwrap();
                    main.cancel();
                    raise(SIGINT).unwrap();
                }));
                sleep(LONG).await_()
            })
            .fallible(),
        );
        // Cancelled before the press was seen: as in asyncio, a value is the value, a cancellation is one.
        match ran {
            Ok(Err(cede::Cancelled { .. })) => {}
            Err(error) => assert!(error.is_cancelled() || error.is_interrupted(), "{error}"),
            Ok(Ok(())) => panic!("it was cancelled"),
        }
    })
    .succeeded();
}

#[test]
fn a_main_task_that_cleans_up_and_goes_on_has_a_result() {
    in_child(&[], || {
        raise_later(SIGINT);
        let ran = runner().run(coroutine(|| {
            let cancelled = sleep(LONG).await_().is_err();
            sleep(Duration::from_millis(1)).await_().unwrap(); // clean-up may await
            if cancelled { "said goodbye" } else { "slept" }
        }));
        assert_eq!(ran.unwrap(), "said goodbye");
    })
    .succeeded();
}

#[test]
fn ctrl_c_does_not_keep_a_deadlock_from_being_seen() {
    in_child(&[], || {
        let ran = runner().run(coroutine(|| Promise::<()>::new().await_()));
        assert!(ran.unwrap_err().is_deadlock());
    })
    .succeeded();
}

#[test]
fn a_runner_can_be_interrupted_again_in_its_next_run() {
    in_child(&[], || {
        let mut runner = runner();
        for _ in 0..3 {
            raise_later(SIGINT);
            assert!(runner.run(coroutine(|| sleep(LONG).await_()).fallible()).unwrap_err().is_interrupted());
            assert_eq!(runner.run(coroutine(|| 5)).unwrap(), 5);
        }
    })
    .succeeded();
}

#[test]
fn the_second_press_ends_the_process_at_once() {
    let stderr = interrupted(in_child(&[], || {
        raise_later(SIGINT);
        let _ = runner().run(coroutine(|| {
            assert!(sleep(LONG).await_().is_err());
            eprintln!("ignores the first");
            raise_later(SIGINT);
            let _ = sleep(LONG).await_();
        }));
        eprintln!("not here");
    }));
    assert!(stderr.contains("ignores the first") && !stderr.contains("not here"), "{stderr}");
}

/// The loop never comes to look at the first.
#[test]
fn the_second_press_ends_a_process_that_never_gives_control_back() {
    interrupted(in_child(&[], || {
        raise_later(SIGINT);
        thread::spawn(|| {
            thread::sleep(Duration::from_millis(60));
            raise(SIGINT).unwrap();
        });
        let _ = runner().run(coroutine(|| {
            thread::sleep(LONG); // greedy
        }));
    }));
}

#[test]
fn when_run_has_returned_ctrl_c_ends_the_process_as_before() {
    let stderr = interrupted(in_child(&[], || {
        let mut runner = runner();
        runner.run(coroutine(|| ())).unwrap();
        eprintln!("still here");
        raise(SIGINT).unwrap();
        eprintln!("not here");
    }));
    assert!(stderr.contains("still here") && !stderr.contains("not here"), "{stderr}");
}

/// As in asyncio, whose `Runner.close` is an ordinary program: whoever hangs in his clean-up can be stopped.
#[test]
fn while_the_runner_cleans_up_ctrl_c_ends_the_process() {
    interrupted(in_child(&[], || {
        let mut runner = runner();
        runner
            .run(coroutine(|| {
                cede::create_task(coroutine(|| {
                    let _ = sleep(LONG).await_();
                    raise_later(SIGINT);
                    let _ = sleep(LONG).await_(); // will not end
                }));
                cede::yield_now().await_().unwrap();
            }))
            .unwrap();
        drop(runner);
    }));
}

/// asyncio raises KeyboardInterrupt when there is no task left to cancel.
#[test]
fn a_press_that_comes_too_late_to_cancel_is_not_lost() {
    in_child(&[], || {
        let ran = runner().run(coroutine(|| raise(SIGINT).unwrap()));
        assert!(ran.unwrap_err().is_interrupted());
    })
    .succeeded();
}

#[test]
fn with_handling_switched_off_the_first_press_ends_the_process() {
    interrupted(in_child(&[], || {
        raise_later(SIGINT);
        let _ = Runner::new().handle_ctrl_c(false).run(coroutine(|| sleep(LONG).await_()));
    }));
}

/// threading.current_thread() is threading.main_thread()
#[test]
fn on_a_thread_that_is_not_the_main_one_ctrl_c_is_left_alone() {
    interrupted(in_child(&[], || {
        raise_later(SIGINT);
        thread::spawn(|| drop(cede::run(coroutine(|| sleep(LONG).await_())))).join().unwrap();
    }));
}

/// signal.getsignal(signal.SIGINT) is signal.default_int_handler
#[test]
fn where_the_program_handles_ctrl_c_itself_it_is_left_alone() {
    in_child(&[], || {
        let pressed = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        signal_hook::flag::register(SIGINT, pressed.clone()).unwrap();
        let ran = runner().run(coroutine(|| {
            raise(SIGINT).unwrap();
            raise(SIGINT).unwrap();
            sleep(Duration::from_millis(1)).await_()
        }));
        ran.unwrap().unwrap();
        assert!(pressed.load(std::sync::atomic::Ordering::SeqCst));
    })
    .succeeded();
}

/// The loop's handler was there first, or comes later and takes the runner's place.
#[test]
fn a_handler_of_the_loops_own_goes_before_the_runners() {
    in_child(&[], || {
        let mut runner = runner();
        for _ in 0..2 {
            let ran = runner.run(coroutine(|| {
                let promise = Promise::new();
                let pressed = promise.clone();
                let handler = move || drop(pressed.set_result("mine"));
                running_loop().unwrap().add_signal_handler(SIGINT, handler).unwrap();
                raise_later(SIGINT);
                promise.await_().unwrap()
            }));
            assert_eq!(ran.unwrap(), "mine");
        }
    })
    .succeeded();
}

/// test_signal_install_not_supported_ok: one run at a time has Ctrl-C, and the others run all the same
#[test]
fn a_second_run_on_another_thread_does_without() {
    in_child(&[], || {
        let ran = runner().run(coroutine(|| {
            let other = cede::to_thread(|| runner().run(coroutine(|| 5)).unwrap()).await_().unwrap();
            raise(SIGINT).unwrap();
            (other, sleep(LONG).await_().is_err())
        }));
        assert_eq!(ran.unwrap(), (5, true));
    })
    .succeeded();
}

// ---- a whole program, on its main thread

#[test]
fn a_program_that_is_interrupted_ends_by_the_signal_after_its_clean_up() {
    let ended = program(env!("CARGO_BIN_EXE_ctrl_c"), &["main"], &[]);
    assert_eq!(interrupted(ended), "cleaned up\ncede: interrupted by Ctrl-C\n");
}

#[test]
fn run_handles_ctrl_c_on_the_main_thread() {
    let ended = program(env!("CARGO_BIN_EXE_ctrl_c"), &["run"], &[]);
    assert_eq!(ended.succeeded(), "Err(interrupted by Ctrl-C)\n");
}
