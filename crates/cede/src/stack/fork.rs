//! Tests in a child process that a fork made.

use std::cell::Cell;
use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use crate::coroutine::{Awaitable, coroutine};
use crate::event_loop::EventLoop;
use crate::net::UnixStream;
use crate::{Backend, Runner, create_task, running_loop, sleep, wait_for, yield_now};

/// Runs `child` in a child process: whether it said yes.
pub(super) fn in_a_fork(child: impl FnOnce() -> bool) -> bool {
    let process = fork();
    if process == 0 {
        // A panic would end the child's thread, the only one, and so the child: well.
        end_child(catch_unwind(AssertUnwindSafe(child)).unwrap_or(false));
    }
    said_yes(process)
}

/// Forks: 0 in the child, which must end by [`end_child`], and does not wait for ever.
pub(super) fn fork() -> libc::pid_t {
    // SAFETY: the child ends without running what is not its own; it takes no lock that another thread of this
    // process may hold, save the allocator's, which the C library sees to.
    let process = unsafe { libc::fork() };
    assert!(process >= 0);
    if process == 0 {
        // SAFETY: sets a timer of the child's, which ends it.
        unsafe { libc::alarm(20) };
    }
    process
}

pub(super) fn end_child(yes: bool) -> ! {
    // SAFETY: ends the child without running what the parent registered for its own end.
    unsafe { libc::_exit(i32::from(!yes)) }
}

/// Waits for a child: whether it said yes.
pub(super) fn said_yes(process: libc::pid_t) -> bool {
    let mut status = 0;
    // SAFETY: waits for our own child; `status` is a place for the answer.
    let waited = unsafe { libc::waitpid(process, &mut status, 0) };
    assert_eq!(waited, process);
    libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 0
}

#[test]
fn a_loop_is_unusable_in_the_child_of_a_fork_and_fine_in_the_parent() {
    let nap = || coroutine(|| sleep(Duration::from_millis(2)).await_());
    let event_loop = EventLoop::new().expect("a loop");
    event_loop.run_until_complete(nap()).expect("it runs").expect("it ends");
    let copy = crate::LoopHandle::clone(&event_loop);
    assert!(in_a_fork(|| {
        let text = "run_until_complete: this event loop was made before a fork, in another process; make a new \
                    one in this";
        let refused = copy.run_until_complete(nap()).is_err_and(|error| error.to_string() == text);
        refused && copy.close().is_ok() && copy.is_closed()
    }));
    // The child's end of it has taken nothing from us: timers and wakes work.
    let proxy = event_loop.proxy();
    let waker = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(5));
        proxy.call_soon_threadsafe(|| running_loop().expect("we run").stop())
    });
    event_loop.run_forever().expect("it runs");
    waker.join().expect("it ends").expect("the loop is open");
    event_loop.run_until_complete(nap()).expect("it runs").expect("it ends");
}

#[test]
fn the_child_of_a_fork_may_make_a_loop_of_its_own() {
    let _ours = EventLoop::new().expect("a loop");
    assert!(in_a_fork(|| {
        let ran = crate::run(coroutine(|| create_task(coroutine(|| 42)).await_()));
        matches!(ran, Ok(Ok(42)))
    }));
}

#[test]
fn a_socket_whose_copy_the_child_of_a_fork_drops_wakes_the_parent_as_before() {
    let read = |stream: UnixStream| {
        create_task(coroutine(move || {
            let mut bytes = [0; 8];
            (&stream).read(&mut bytes).map(|count| (stream, bytes[..count].to_vec()))
        }))
    };
    let ran = crate::run(coroutine(move || -> crate::Result<()> {
        let (mut ours, theirs) = UnixStream::pair()?;
        let before = read(theirs);
        yield_now().await_()?; // it waits: the kernel has the descriptor on its list
        ours.write_all(b"before")?;
        let (theirs, heard) = before.await_()??;
        assert_eq!(heard, b"before");
        let mut theirs = Some(theirs);
        assert!(in_a_fork(|| theirs.take().is_some()));
        let after = read(theirs.expect("the child took its own"));
        yield_now().await_()?;
        ours.write_all(b"after")?;
        let (_, heard) = wait_for(after, Duration::from_secs(10)).await_()??;
        assert_eq!(heard, b"after");
        Ok(())
    }));
    ran.expect("it runs").expect("it is woken");
}

/// What a call says in the child of a fork.
pub(super) fn refused(call: &str) -> String {
    format!("{call}: this event loop was made before a fork, in another process; make a new one in this")
}

/// The child shares the kernel's list of descriptors and its timer with us: it must change neither, nor take events
/// that are ours.
#[test]
fn a_task_that_forks_finds_the_loop_unusable_in_its_child_and_the_parent_is_woken_as_before() {
    for backend in [Backend::Readiness, Backend::IoUring] {
        let mut runner = Runner::new().backend(backend);
        let ran = runner.run(coroutine(|| -> crate::Result<()> {
            let event_loop = running_loop()?;
            let (mut ours, theirs) = UnixStream::pair()?;
            let (theirs, quiet) = (Rc::new(theirs), UnixStream::pair()?);
            let (watched, mut news) = std::os::unix::net::UnixStream::pair()?;
            let told = Rc::new(Cell::new(0));
            let watched = Rc::new(watched);
            event_loop.add_reader(watched.clone(), {
                let (told, watched) = (told.clone(), watched.clone());
                move || {
                    told.set(told.get() + 1);
                    (&*watched).read_exact(&mut [0; 4]).expect("there is something");
                }
            })?;
            let reader = create_task(coroutine({
                let theirs = theirs.clone();
                move || {
                    let mut bytes = [0; 8];
                    (&*theirs).read(&mut bytes).map(|count| bytes[..count].to_vec())
                }
            }));
            let sleeper = create_task(coroutine(|| sleep(Duration::from_millis(20)).await_()));
            yield_now().await_()?; // both wait: the kernel knows of the descriptor and of the timer
            assert!(in_a_fork(|| {
                let says = |error: Option<String>, call| error == Some(refused(call));
                let text = |error: std::io::Error| error.to_string();
                let (spare, _other) = std::os::unix::net::UnixStream::pair().expect("a pair");
                // Before anything of the kernel's is touched, whatever it is that touches it.
                says(UnixStream::pair().err().map(text), "registering a descriptor")
                    && says(
                        event_loop.add_reader(spare, || ()).err().map(|error| error.to_string()),
                        "watching a descriptor",
                    )
                    && says(
                        event_loop.run_in_executor(None, || ()).err().map(|error| error.to_string()),
                        "run_in_executor",
                    )
                    && says(
                        event_loop
                            .add_signal_handler(libc::SIGHUP, || ())
                            .err()
                            .map(|error| error.to_string()),
                        "add_signal_handler",
                    )
                    && event_loop.remove_reader(&watched)
                    && says((&quiet.0).read(&mut [0; 1]).err().map(text), "UnixStream::read")
            }));
            ours.write_all(b"after")?;
            assert_eq!(wait_for(reader, Duration::from_secs(10)).await_()??, b"after");
            wait_for(sleeper, Duration::from_secs(10)).await_()??;
            news.write_all(b"news")?;
            while told.get() == 0 {
                yield_now().await_()?;
            }
            Ok(())
        }));
        ran.expect("it runs").expect("it is woken");
    }
}

/// Whoever cedes in the child gives control to a loop that is not its own: the run ends there, and says why.
#[test]
fn a_child_that_cedes_ends_the_run_with_an_error() {
    for backend in [Backend::Readiness, Backend::IoUring] {
        let parent = std::process::id();
        let ran = Runner::new().backend(backend).run(coroutine(|| -> crate::Result<bool> {
            let (mut ours, mut theirs) = UnixStream::pair()?;
            let reader = create_task(coroutine(move || theirs.read(&mut [0; 8])));
            yield_now().await_()?;
            let process = fork();
            if process == 0 {
                sleep(Duration::from_millis(1)).await_()?;
                end_child(false); // it was given control back, by our timer
            }
            let yes = said_yes(process);
            ours.write_all(b"after")?;
            let count = wait_for(reader, Duration::from_secs(10)).await_()??;
            sleep(Duration::from_millis(1)).await_()?;
            Ok(yes && count == 5)
        }));
        if std::process::id() != parent {
            // Nobody took down what is the parent's on the way here, and nothing was waited for.
            end_child(ran.is_err_and(|error| error.to_string() == refused("run_until_complete")));
        }
        assert!(ran.expect("it runs").expect("it is woken"));
    }
}

/// CPython: test_unix_events, test_fork_asyncio_run. What the text of the error asks for works in the task that has
/// forked, too: its child's own loop runs on the task's stack.
#[test]
fn a_task_that_forks_may_run_a_loop_of_its_own_in_the_child() {
    for backend in [Backend::Readiness, Backend::IoUring] {
        let ran = Runner::new().backend(backend).run(coroutine(move || -> crate::Result<()> {
            let (mut ours, mut theirs) = UnixStream::pair()?;
            let reader = create_task(coroutine(move || theirs.read(&mut [0; 8])));
            yield_now().await_()?;
            assert!(in_a_fork(|| {
                let own = Runner::new().backend(backend).run(coroutine(|| -> crate::Result<usize> {
                    let (mut one, mut other) = UnixStream::pair()?;
                    let reader = create_task(coroutine(move || other.read(&mut [0; 8])));
                    sleep(Duration::from_millis(1)).await_()?;
                    one.write_all(b"own")?;
                    Ok(reader.await_()??)
                }));
                let after = UnixStream::pair().err().map(|error| error.to_string());
                matches!(own, Ok(Ok(3))) && after == Some(refused("registering a descriptor"))
            }));
            ours.write_all(b"after")?;
            assert_eq!(wait_for(reader, Duration::from_secs(10)).await_()??, 5);
            Ok(())
        }));
        ran.expect("it runs").expect("it is woken");
    }
}

/// Ways to give control back.
const CEDING: [(&str, fn() -> crate::Result<()>); 4] = [
    ("yield_now", || Ok(yield_now().await_()?)),
    ("sleep", || Ok(sleep(Duration::from_millis(1)).await_()?)),
    ("a new task", || Ok(create_task(coroutine(|| ())).await_()?)),
    ("a promise", || {
        let promise = running_loop()?.create_promise::<()>();
        running_loop()?.call_soon({
            let promise = promise.clone();
            move || drop(promise.set_result(()))
        });
        Ok(promise.await_()?)
    }),
];

/// Tasks and callbacks of the parent that are ready at the fork, by whatever way control could get to them: the rest
/// of the turn in which the task has forked, hand-offs, what the child itself has woken. Each would do its work twice.
#[test]
fn nobody_elses_task_runs_in_the_child_of_a_fork() {
    for backend in [Backend::Readiness, Backend::IoUring] {
        for fast in [true, false] {
            for (way, cede) in CEDING {
                let parent = std::process::id();
                let mut runner = Runner::new().backend(backend).debug(false);
                runner.event_loop().expect("a loop").core.schedule.set_fast_path(fast);
                let ran = runner.run(coroutine(move || forks_among_others(cede)));
                if std::process::id() != parent {
                    end_child(ran.is_err_and(|error| error.to_string() == refused("run_until_complete")));
                }
                assert!(ran.expect("it runs").expect("it goes on"), "{backend:?}, {fast}, {way}");
            }
        }
    }
}

/// A task forks, and gives control back in the child, while others are ready that must run in the parent only. Whether
/// the child said yes.
fn forks_among_others(cede: fn() -> crate::Result<()>) -> crate::Result<bool> {
    let parent = std::process::id();
    let at_home = move || {
        if std::process::id() != parent {
            end_child(false);
        }
    };
    let event_loop = running_loop()?;
    let (mut ours, mut theirs) = UnixStream::pair()?;
    let ending = Rc::new(Cell::new(false));
    let woken = event_loop.create_promise::<()>();
    // The first of every turn.
    let forks = create_task(coroutine({
        let (woken, event_loop) = (woken.clone(), event_loop.clone());
        move || -> crate::Result<bool> {
            for _ in 0..200 {
                yield_now().await_()?; // until the loop lets tasks cross boundaries by themselves
            }
            drop(woken.set_result(()));
            event_loop.call_soon(at_home);
            let _fresh = create_task(coroutine(at_home));
            let process = fork();
            if process == 0 {
                for _ in 0..1_000 {
                    let _ = cede();
                }
                end_child(false); // it was given control back
            }
            Ok(said_yes(process))
        }
    }));
    ours.write_all(&[0; 1_000])?;
    let echo = create_task(coroutine(move || -> crate::Result<()> {
        let mut byte = [0];
        while theirs.read(&mut byte)? > 0 {
            at_home();
            theirs.write_all(&byte)?;
            yield_now().await_()?;
        }
        Ok(())
    }));
    let restless = create_task(coroutine({
        let ending = ending.clone();
        move || -> crate::Result<()> {
            while !ending.get() {
                yield_now().await_()?;
                at_home();
            }
            Ok(())
        }
    }));
    let waits = create_task(coroutine(move || {
        let waited = woken.await_();
        at_home();
        waited
    }));
    let yes = forks.await_()??;
    ours.read_exact(&mut [0; 1_000])?;
    drop(ours);
    ending.set(true);
    restless.await_()??;
    waits.await_()??;
    echo.await_()??;
    Ok(yes)
}

/// Whoever forks, and however the loop is driven.
#[test]
fn a_callback_that_forks_ends_its_turn_in_the_child() {
    let parent = std::process::id();
    for by_steps in [false, true] {
        let event_loop = EventLoop::new().expect("a loop");
        let child = Rc::new(Cell::new(0));
        event_loop.call_soon({
            let child = child.clone();
            move || child.set(fork())
        });
        event_loop.call_soon({
            let handle = crate::LoopHandle::clone(&event_loop);
            move || {
                if std::process::id() != parent {
                    end_child(false);
                }
                handle.stop();
            }
        });
        let (call, ran) = match by_steps {
            false => ("run_forever", event_loop.run_forever()),
            true => ("step", event_loop.step().and_then(|_| event_loop.step()).map(drop)),
        };
        if child.get() == 0 {
            end_child(ran.is_err_and(|error| error.to_string() == refused(call)));
        }
        ran.expect("it runs");
        assert!(said_yes(child.get()), "{by_steps}");
    }
}

/// The child's own loop is not slowed down by the parent's having been stopped.
#[test]
fn the_childs_own_loop_hands_control_on() {
    let ran = crate::run(coroutine(|| {
        in_a_fork(|| {
            let own = || running_loop().is_ok_and(|own| own.core.schedule.is_quick());
            Runner::new().debug(false).run(coroutine(own)).is_ok_and(|quick| quick)
        })
    }));
    assert!(ran.expect("it runs"));
}

/// Where the C library is not asked (`clone` as a system call), the loop sees it at a boundary.
#[cfg(target_os = "linux")]
#[test]
fn a_child_that_the_c_library_does_not_know_of_ends_too() {
    let parent = std::process::id();
    let ran = Runner::new().debug(false).run(coroutine(|| -> crate::Result<bool> {
        // SAFETY: as `fork`.
        let process = unsafe { libc::syscall(libc::SYS_clone, libc::SIGCHLD, 0, 0, 0, 0) } as libc::pid_t;
        assert!(process >= 0);
        if process == 0 {
            loop {
                yield_now().await_()?;
            }
        }
        Ok(said_yes(process))
    }));
    if std::process::id() != parent {
        end_child(ran.is_err_and(|error| error.to_string() == refused("run_until_complete")));
    }
    assert!(ran.expect("it runs").expect("it goes on"));
}

/// Tasks that only hand control to each other do not even reach the kernel.
#[test]
fn a_child_whose_tasks_never_rest_ends_too() {
    let parent = std::process::id();
    let ran = Runner::new().debug(false).run(coroutine(|| -> crate::Result<bool> {
        let process = fork();
        if process == 0 {
            yield_now().await_()?;
            end_child(false); // there were boundaries that nobody looks at
        }
        Ok(said_yes(process))
    }));
    if std::process::id() != parent {
        end_child(ran.is_err_and(|error| error.to_string() == refused("run_until_complete")));
    }
    assert!(ran.expect("it runs").expect("it goes on"));
}
