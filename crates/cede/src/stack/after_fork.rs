//! Tests of what the library keeps for a whole process, in a child that a fork made: it begins afresh there.

use std::cell::Cell;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::fork::{end_child, fork, in_a_fork, refused};
use crate::coroutine::{Awaitable, coroutine};
use crate::process::Command;
use crate::stdio::{stdin, stdout};
use crate::{Runner, ThreadPool, create_task, running_loop, sleep, yield_now};

const A_WHILE: Duration = Duration::from_millis(20);

fn rest() {
    sleep(A_WHILE).await_().expect("nobody cancels us");
}

/// Sends this process a signal.
fn raise(signal: i32) {
    signal_hook::low_level::raise(signal).expect("there is such a signal");
}

/// A handler that counts, and its count.
fn counter() -> (Rc<Cell<u32>>, impl Fn() + 'static) {
    let count = Rc::new(Cell::new(0));
    let counted = count.clone();
    (count, move || counted.set(counted.get() + 1))
}

/// CPython: test_unix_events, test_fork_signal_handling.
#[test]
fn the_childs_own_loop_takes_a_signal_that_the_parents_has_and_the_parent_hears_nothing() {
    let ran = crate::run(coroutine(|| -> crate::Result<()> {
        let event_loop = running_loop()?;
        let (ours, handler) = counter();
        event_loop.add_signal_handler(libc::SIGTERM, handler)?;
        raise(libc::SIGTERM);
        rest();
        assert_eq!(ours.get(), 1);
        assert!(in_a_fork(|| {
            let own = crate::run(coroutine(|| -> crate::Result<bool> {
                let event_loop = running_loop()?;
                let (count, handler) = counter();
                event_loop.add_signal_handler(libc::SIGTERM, handler)?;
                raise(libc::SIGTERM);
                rest();
                let heard = count.get() == 1;
                // It belongs to one loop of this process, too.
                let other = std::thread::spawn(|| {
                    crate::run(coroutine(|| -> crate::Result<bool> {
                        Ok(running_loop()?.add_signal_handler(libc::SIGTERM, || ()).is_err())
                    }))
                });
                let other = other.join().expect("it ends");
                Ok(heard
                    && matches!(other, Ok(Ok(true)))
                    && event_loop.remove_signal_handler(libc::SIGTERM)?)
            }));
            matches!(own, Ok(Ok(true)))
        }));
        assert!(!event_loop.core.signals.has_byte(), "the parent is woken");
        rest();
        assert_eq!(ours.get(), 1);
        raise(libc::SIGTERM);
        rest();
        assert_eq!(ours.get(), 2);
        Ok(())
    }));
    ran.expect("it runs").expect("it goes on");
}

#[test]
fn a_signal_that_the_parents_loop_has_does_its_default_in_a_child_that_does_not_handle_it() {
    let ran = crate::run(coroutine(|| -> crate::Result<()> {
        let event_loop = running_loop()?;
        let (ours, handler) = counter();
        event_loop.add_signal_handler(libc::SIGVTALRM, handler)?;
        let given_back = || {
            let own = crate::run(coroutine(|| -> crate::Result<bool> {
                let event_loop = running_loop()?;
                event_loop.add_signal_handler(libc::SIGVTALRM, || ())?;
                event_loop.remove_signal_handler(libc::SIGVTALRM)
            }));
            matches!(own, Ok(Ok(true)))
        };
        for own_before in [false, true] {
            let process = fork();
            if process == 0 {
                if !own_before || given_back() {
                    raise(libc::SIGVTALRM);
                }
                end_child(true);
            }
            let mut status = 0;
            // SAFETY: waits for our own child; `status` is a place for the answer.
            unsafe { libc::waitpid(process, &mut status, 0) };
            assert!(
                libc::WIFSIGNALED(status) && libc::WTERMSIG(status) == libc::SIGVTALRM,
                "{own_before}: {status}"
            );
            assert!(!event_loop.core.signals.has_byte(), "the parent is woken");
        }
        rest();
        assert_eq!(ours.get(), 0);
        Ok(())
    }));
    ran.expect("it runs").expect("it goes on");
}

#[test]
fn ctrl_c_cancels_the_main_task_of_the_childs_own_loop() {
    // In a process of its own, whose Ctrl-C is nobody else's.
    assert!(in_a_fork(|| {
        // SAFETY: no handler of ours is in force.
        unsafe { libc::signal(libc::SIGINT, libc::SIG_DFL) };
        let ran = Runner::new().handle_ctrl_c(true).run(coroutine(|| {
            in_a_fork(|| {
                let own = Runner::new().handle_ctrl_c(true).run(
                    coroutine(|| {
                        raise(libc::SIGINT);
                        sleep(Duration::from_secs(5)).await_()
                    })
                    .fallible(),
                );
                own.is_err_and(|error| error.is_interrupted())
            })
        }));
        ran.is_ok_and(|yes| yes)
    }));
}

/// Puts the end of a pipe in the place of a standard stream.
fn redirect(end: &impl AsRawFd, stream: i32) {
    // SAFETY: both are open; in a child, whose standard streams are its own.
    assert_eq!(unsafe { libc::dup2(end.as_raw_fd(), stream) }, stream);
}

fn pipe() -> (std::io::PipeReader, std::io::PipeWriter) {
    std::io::pipe().expect("a pipe")
}

#[test]
fn standard_output_that_the_parent_has_used_takes_what_the_child_writes() {
    assert!(in_a_fork(|| {
        let (mut reads, writes) = pipe();
        redirect(&writes, 1);
        let ran = crate::run(coroutine(|| -> crate::Result<bool> {
            stdout().write_all(b"parent ")?;
            Ok(in_a_fork(|| {
                let own = crate::run(coroutine(|| stdout().write_all(b"child ")));
                matches!(own, Ok(Ok(())))
            }))
        }));
        let mut bytes = [0; 13];
        matches!(ran, Ok(Ok(true))) && reads.read_exact(&mut bytes).is_ok() && &bytes == b"parent child "
    }));
}

/// The parent's thread is in the middle: it holds the lock of std's standard stream, in the child for ever.
#[test]
fn standard_streams_that_the_parents_threads_wait_for_serve_the_child() {
    assert!(in_a_fork(|| {
        let (quiet, _quiet) = pipe();
        let (_full, full) = pipe();
        redirect(&quiet, 0);
        redirect(&full, 1);
        let ran = crate::run(coroutine(|| -> crate::Result<bool> {
            let _reads = create_task(coroutine(|| stdin().read(&mut [0; 8])));
            let _writes = create_task(coroutine(|| stdout().write_all(&[0; 1 << 20])));
            rest(); // both threads wait
            Ok(in_a_fork(|| {
                let ((reads, mut says), (mut hears, writes)) = (pipe(), pipe());
                redirect(&reads, 0);
                redirect(&writes, 1);
                let own = crate::run(coroutine(move || -> crate::Result<bool> {
                    let mut bytes = [0; 5];
                    says.write_all(b"child")?;
                    stdin().read_exact(&mut bytes)?;
                    stdout().write_all(&bytes)?;
                    drop(says);
                    let ended = stdin().read(&mut [0; 8])? == 0;
                    let mut back = [0; 5];
                    hears.read_exact(&mut back)?;
                    Ok(ended && &back == b"child")
                }));
                matches!(own, Ok(Ok(true)))
            }))
        }));
        end_child(matches!(ran, Ok(Ok(true)))) // the threads wait for ever
    }));
}

#[test]
fn a_program_that_the_child_drops_leaves_no_zombie() {
    let ran = crate::run(coroutine(|| -> crate::Result<bool> {
        drop(Command::new("sleep").arg("1").spawn()?); // the parent's thread waits for it
        Ok(in_a_fork(|| {
            let own = crate::run(coroutine(|| -> crate::Result<bool> {
                let program = Command::new("sleep").arg("0.1").spawn()?;
                let id = program.id();
                drop(program);
                let end = Instant::now() + Duration::from_secs(5);
                while std::path::Path::new(&format!("/proc/{id}")).exists() && Instant::now() < end {
                    sleep(A_WHILE).await_()?;
                }
                Ok(Instant::now() < end)
            }));
            matches!(own, Ok(Ok(true)))
        }))
    }));
    assert!(ran.expect("it runs").expect("there is such a program"));
}

#[test]
fn a_pool_that_the_parent_has_used_has_threads_of_its_own_in_the_child() {
    let (pool, shut) = (ThreadPool::new(1).expect("one"), ThreadPool::new(1).expect("one"));
    let used = pool.clone();
    let ran = crate::run(coroutine(move || -> crate::Result<bool> {
        let pool = used;
        let event_loop = running_loop()?;
        event_loop.run_in_executor(&pool, || ())?.await_()?;
        event_loop.run_in_executor(&shut, || ())?.await_()?;
        shut.shutdown()?;
        // One job runs and another waits: both are the parent's.
        let (go, goes) = mpsc::channel::<()>();
        let busy = event_loop.run_in_executor(&pool, move || goes.recv().is_ok())?;
        let next = event_loop.run_in_executor(&pool, || 7)?;
        yield_now().await_()?;
        let yes = in_a_fork(|| {
            if (pool.threads(), pool.queued(), shut.is_shut_down()) != (0, 0, true) {
                return false;
            }
            let own_pool = pool.clone();
            let own = crate::run(coroutine(move || -> crate::Result<bool> {
                let event_loop = running_loop()?;
                let refused = event_loop.run_in_executor(&shut, || ()).is_err();
                let sum = event_loop.run_in_executor(&own_pool, || 40 + 2)?.await_()?;
                Ok(refused && sum == 42)
            }));
            matches!(own, Ok(Ok(true))) && pool.shutdown().is_ok() && pool.threads() == 0
        });
        go.send(()).expect("it waits");
        assert!(busy.await_()?);
        assert_eq!(next.await_()?, 7);
        Ok(yes)
    }));
    assert!(ran.expect("it runs").expect("it goes on"));
    assert!(!pool.is_shut_down());
}

#[test]
fn a_proxy_of_the_parents_loop_is_refused_in_the_child_and_does_not_wake_the_parent() {
    let ran = crate::run(coroutine(|| -> crate::Result<bool> {
        let proxy = running_loop()?.proxy();
        Ok(in_a_fork(|| {
            let elsewhere = |error: crate::Error, call| error.to_string() == refused(call);
            let called = proxy.call_soon_threadsafe(|| ());
            let submitted = proxy.run_coroutine_threadsafe(coroutine(|| ()));
            called.is_err_and(|error| elsewhere(error, "LoopProxy::call_soon_threadsafe"))
                && submitted.is_err_and(|error| elsewhere(error, "LoopProxy::run_coroutine_threadsafe"))
        }))
    }));
    assert!(ran.expect("it runs").expect("it goes on"));
}

#[test]
fn loops_on_threads_that_are_the_parents_are_refused_in_the_child() {
    let (go, goes) = mpsc::channel::<()>();
    let goes = std::sync::Mutex::new(goes);
    let loops =
        crate::Loops::start(1, move |_| goes.lock().is_ok_and(|goes| goes.recv().is_ok())).expect("a loop");
    let mut loops = Some(loops);
    assert!(in_a_fork(|| {
        let ended = loops.take().expect("the child took its own").join();
        ended.into_iter().all(|ended| ended.is_err_and(|error| error.to_string() == refused("Loops::join")))
    }));
    go.send(()).expect("it waits");
    assert!(
        loops.expect("the child took its own").join().into_iter().all(|ended| ended.is_ok_and(|yes| yes))
    );
}

#[cfg(feature = "watchdog")]
#[test]
fn a_watchdog_of_the_parents_goes_in_the_child() {
    let watchdog = Rc::new(crate::trace::Watchdog::new(Duration::from_secs(10)).expect("a thread"));
    let mut watchdog = Some(watchdog);
    assert!(in_a_fork(|| watchdog.take().is_some_and(|watchdog| Rc::into_inner(watchdog).is_some())));
}

/// What the parent's has read is no hindrance.
#[cfg(all(feature = "watchdog", target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#[test]
fn the_child_may_have_a_watchdog_of_its_own() {
    use crate::trace::Watchdog;
    assert!(in_a_fork(|| {
        let watch = |tell: mpsc::Sender<String>| {
            let limit = Duration::from_millis(5);
            Watchdog::telling(limit, move |text| drop(tell.send(text.to_owned()))).expect("a thread")
        };
        let (tell, told) = mpsc::channel();
        let ran = Runner::new().observer(watch(tell)).run(coroutine(move || {
            let heard = told.recv().is_ok(); // and what makes the text has let go of its locks
            heard
                && in_a_fork(|| {
                    let (tell, told) = mpsc::channel();
                    let own =
                        Runner::new().observer(watch(tell)).run(coroutine(|| std::thread::sleep(A_WHILE)));
                    own.is_ok() && told.try_recv().is_ok_and(|text| text.contains("has kept control"))
                })
        }));
        ran.is_ok_and(|yes| yes)
    }));
}

/// A thread that cuts stacks at that moment has the lock.
#[test]
fn a_fork_while_another_thread_makes_stacks_leaves_the_child_its_own() {
    let reservation = super::reservation::Reservation::global().expect("address space");
    let (locked, locks) = mpsc::channel();
    let cuts = std::thread::spawn(move || {
        let held = reservation.lock();
        locked.send(()).expect("we wait");
        std::thread::sleep(A_WHILE);
        drop(held);
    });
    locks.recv().expect("it locks");
    assert!(in_a_fork(|| {
        // Of a size that nobody else has any of.
        let huge = coroutine(|| 42).stack_size(8 << 20);
        matches!(crate::run(coroutine(|| create_task(huge).await_())), Ok(Ok(42)))
    }));
    cuts.join().expect("it ends");
}
