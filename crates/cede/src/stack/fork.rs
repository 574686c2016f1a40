//! Tests in a child process that a fork made.

use std::io::{Read, Write};
use std::time::Duration;

use crate::coroutine::{Awaitable, coroutine};
use crate::event_loop::EventLoop;
use crate::net::UnixStream;
use crate::{create_task, sleep, wait_for, yield_now};

/// Runs `child` in a child process: whether it said yes.
fn in_a_fork(child: impl FnOnce() -> bool) -> bool {
    // SAFETY: the child runs `child` and ends without returning; it takes no lock that another thread of this
    // process may hold, save the allocator's, which the C library sees to.
    let process = unsafe { libc::fork() };
    if process == 0 {
        let code = i32::from(!child());
        // SAFETY: ends the child without running what the parent registered for its own end.
        unsafe { libc::_exit(code) };
    }
    assert!(process > 0);
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
        proxy.call_soon_threadsafe(|| crate::running_loop().expect("we run").stop())
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
