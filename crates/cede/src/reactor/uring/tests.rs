//! What needs `unsafe` or a look inside; what programs see is in the project's tests of sockets.

use std::cell::{Cell, RefCell};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Output};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;

use super::*;
use crate::coroutine::{Awaitable, coroutine};
use crate::event_loop::{EventLoop, running_loop};
use crate::net::UnixStream;
use crate::reactor::Backend;
use crate::{create_task, scope, yield_now};

thread_local! {
    /// The sizes of the rings that are made on this thread.
    pub(super) static SIZES: Cell<Option<(u32, u32)>> = const { Cell::new(None) };
}

/// Runs it on a loop with a ring, and drops that loop. Does nothing only where the kernel gives none.
#[track_caller]
fn on_a_ring(main: impl FnOnce() -> io::Result<()> + 'static) {
    let event_loop = EventLoop::new().unwrap();
    event_loop.set_exception_handler(|_, _| ());
    event_loop.set_backend(Backend::IoUring).unwrap();
    if event_loop.backend() != Backend::IoUring {
        let refused: io::Result<IoUring> =
            IoUring::builder().setup_single_issuer().setup_defer_taskrun().build(2);
        println!(
            "{}: {}",
            event_loop.backend_refused().unwrap(),
            refused.err().expect("the kernel has a ring")
        );
        return;
    }
    event_loop.run_until_complete(coroutine(main)).unwrap().unwrap();
}

fn ring() -> Rc<Ring> {
    running_loop().unwrap().core.reactor.ring().unwrap().clone()
}

/// How many operations the kernel has, or has answered to nobody.
fn in_flight(ring: &Ring) -> usize {
    ring.operations.borrow().len()
}

#[test]
fn more_operations_than_entries_and_more_answers_than_there_is_room_for() {
    SIZES.set(Some((4, 8)));
    on_a_ring(|| {
        let sizes = |ring: &Ring| {
            let queues = ring.queues.borrow();
            (queues.params().sq_entries(), queues.params().cq_entries())
        };
        let mut ends = Vec::new();
        let mut readers = Vec::new();
        for _ in 0..64 {
            let (ours, theirs) = UnixStream::pair()?;
            ends.push(ours);
            readers.push(create_task(coroutine(move || {
                let mut bytes = [0; 8];
                let count = (&theirs).read(&mut bytes)?;
                io::Result::Ok(bytes[..count].to_vec())
            })));
        }
        yield_now().await_()?;
        assert_eq!((sizes(&ring()), in_flight(&ring())), ((4, 8), 64));
        for (number, mut end) in ends.iter().enumerate() {
            end.write_all(&[number as u8, 255])?;
        }
        for (number, reader) in readers.into_iter().enumerate() {
            assert_eq!(reader.await_()??, [number as u8, 255]);
        }
        assert_eq!(in_flight(&ring()), 0);
        Ok(())
    });
}

/// More than a ring holds are cancelled at once.
#[test]
fn as_many_are_taken_back() {
    SIZES.set(Some((4, 8)));
    on_a_ring(|| {
        let pairs: Vec<_> = (0..32).map(|_| UnixStream::pair()).collect::<io::Result<_>>()?;
        let pairs = Rc::new(pairs);
        let readers: Vec<_> = (0..32)
            .map(|number| {
                let pairs = pairs.clone();
                create_task(coroutine(move || (&pairs[number].1).read(&mut [0; 8])))
            })
            .collect();
        yield_now().await_()?;
        assert_eq!(in_flight(&ring()), 32);
        assert!(readers.iter().all(|reader| reader.cancel()));
        for reader in readers {
            assert!(crate::Failure::is_cancelled(&reader.await_()?.unwrap_err()));
        }
        assert_eq!(in_flight(&ring()), 0);
        Ok(())
    });
}

/// A child of a scope cannot be ended, and has lent the kernel bytes of its parent, whose frame is left.
#[test]
fn an_operation_of_a_leaked_stack_is_taken_back() {
    let kept = Rc::new(RefCell::new(None));
    let keep = kept.clone();
    let bytes = Rc::new(RefCell::new([7; 64]));
    let lent = bytes.clone();
    on_a_ring(move || {
        let (ours, theirs) = UnixStream::pair()?;
        let theirs = Rc::new(theirs);
        let read_from = theirs.clone();
        create_task(coroutine(move || {
            let mut bytes = lent.borrow_mut();
            scope(|s| {
                s.spawn(coroutine(|| {
                    loop {
                        let read = || (&*read_from).read(&mut *bytes);
                        let _ = catch_unwind(AssertUnwindSafe(read));
                    }
                }));
            });
        }));
        yield_now().await_()?;
        yield_now().await_()?;
        assert_eq!(in_flight(&ring()), 1);
        *keep.borrow_mut() = Some((ring(), ours, theirs));
        Ok(())
    });
    let Some((ring, ours, _theirs)) = kept.take() else { return };
    assert_eq!(in_flight(&ring), 0);
    // The parent's frame was left, and the kernel leaves alone what was lent from it.
    assert_eq!(Rc::strong_count(&bytes), 1);
    let ours = std::os::unix::net::UnixStream::from(ours.as_fd().try_clone_to_owned().unwrap());
    (&ours).write_all(b"later").unwrap();
    ring.enter(0, None).unwrap();
    assert_eq!(*bytes.borrow(), [7; 64]);
}

/// The number of a descriptor is no name: an operation is on what it meant when it began.
#[test]
fn a_descriptor_that_is_closed_below_an_operation_and_its_number_given_to_another() {
    on_a_ring(|| {
        let (mut ours, theirs) = UnixStream::pair()?;
        let number = theirs.as_raw_fd();
        let keeper = theirs.as_fd().try_clone_to_owned()?; // the connection stays
        let reader = create_task(coroutine(move || {
            let mut bytes = [0; 8];
            let count = (&theirs).read(&mut bytes)?;
            std::mem::forget(theirs); // its descriptor is another's
            io::Result::Ok(bytes[..count].to_vec())
        }));
        yield_now().await_()?;
        ring().enter(0, None)?; // the kernel has it
        let (mut new, other) = std::os::unix::net::UnixStream::pair()?;
        // SAFETY: what it breaks is what is tested. Both in one call: between a close and an open a test beside this one
        // could take the number.
        assert_eq!(unsafe { libc::dup2(other.as_raw_fd(), number) }, number);
        new.write_all(b"not for it")?;
        (&other).write_all(b"nor this")?;
        yield_now().await_()?;
        assert!(!reader.done());
        ours.write_all(b"for it")?;
        assert_eq!(reader.await_()??, b"for it");
        drop(keeper);
        // SAFETY: it is the other's, and nobody else's.
        drop(unsafe { OwnedFd::from_raw_fd(number) });
        Ok(())
    });
}

#[test]
fn signals_that_interrupt_the_sleep_and_a_withdrawal_change_nothing() {
    static SIGNALS: AtomicU32 = AtomicU32::new(0);
    extern "C" fn count(_: i32) {
        SIGNALS.fetch_add(1, Ordering::Relaxed);
    }
    // SAFETY: zeroes are an action.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = count as extern "C" fn(i32) as usize; // without SA_RESTART
    // SAFETY: the handler only counts.
    unsafe { libc::sigaction(libc::SIGUSR2, &action, std::ptr::null_mut()) };
    on_a_ring(|| {
        let (ours, theirs) = UnixStream::pair()?;
        let theirs = Rc::new(theirs);
        // SAFETY: asks who we are.
        let thread = unsafe { libc::pthread_self() };
        let over = std::sync::Arc::new(AtomicBool::new(false));
        let signaller = thread::spawn({
            let over = over.clone();
            move || {
                while !over.load(Ordering::Relaxed) {
                    // SAFETY: the thread waits for us before it ends.
                    unsafe { libc::pthread_kill(thread, libc::SIGUSR2) };
                    thread::yield_now();
                }
            }
        });
        let before = SIGNALS.load(Ordering::Relaxed);
        let mut rounds = 0;
        while SIGNALS.load(Ordering::Relaxed) < before + 200 || rounds < 200 {
            rounds += 1;
            let reader = create_task(coroutine({
                let theirs = theirs.clone();
                move || (&*theirs).read(&mut [0; 8])
            }));
            yield_now().await_()?;
            reader.cancel();
            assert!(reader.await_()?.is_err());
            let writer = create_task(coroutine({
                let ours = ours.as_fd().try_clone_to_owned()?;
                move || {
                    yield_now().await_()?;
                    std::os::unix::net::UnixStream::from(ours).write_all(b"abc")
                }
            }));
            assert_eq!((&*theirs).read(&mut [0; 8])?, 3);
            writer.await_()??;
        }
        over.store(true, Ordering::Relaxed);
        signaller.join().unwrap();
        assert_eq!(in_flight(&ring()), 0);
        Ok(())
    });
}

/// How a child process ended that ran this, and what it wrote on standard error.
fn in_a_fork(child: impl FnOnce() -> bool) -> (i32, String) {
    let (mut from, to) = io::pipe().unwrap();
    // SAFETY: the child runs `child` and ends without returning; it takes no lock that another thread of this
    // process may hold, save the allocator's, which the C library sees to.
    let process = unsafe { libc::fork() };
    if process == 0 {
        // SAFETY: both are open.
        unsafe { libc::dup2(to.as_raw_fd(), 2) };
        let code = i32::from(!child());
        // SAFETY: ends the child without running what the parent registered for its own end.
        unsafe { libc::_exit(code) };
    }
    assert!(process > 0);
    drop(to);
    let mut text = String::new();
    from.read_to_string(&mut text).unwrap();
    let mut status = 0;
    // SAFETY: waits for our own child; `status` is a place for the answer.
    let waited = unsafe { libc::waitpid(process, &mut status, 0) };
    assert_eq!(waited, process);
    (status, text)
}

#[test]
fn the_child_of_a_fork_has_no_part_in_the_ring() {
    on_a_ring(|| {
        let (mut ours, theirs) = UnixStream::pair()?;
        let theirs = Rc::new(theirs);
        let reader = create_task(coroutine({
            let theirs = theirs.clone();
            move || {
                let mut bytes = [0; 8];
                (&*theirs).read(&mut bytes).map(|count| bytes[..count].to_vec())
            }
        }));
        yield_now().await_()?;
        let (status, text) = in_a_fork(|| {
            let ring = ring();
            let key = ring.operations.borrow().keys().next().unwrap();
            let begun = UnixStream::pair().and_then(|pair| (&pair.0).read(&mut [0; 8]));
            let refused = "registering a descriptor: this event loop was made before a fork, in another process; \
                           make a new one in this";
            let withdrawn = ring.settle(key).result == -libc::ECANCELED;
            // One of its own it may have.
            let own = thread::spawn(|| {
                on_a_ring(|| {
                    let (mut ours, theirs) = UnixStream::pair()?;
                    let reader = create_task(coroutine(move || (&theirs).read(&mut [0; 8])));
                    yield_now().await_()?;
                    ours.write_all(b"child")?;
                    assert_eq!(reader.await_()??, 5);
                    Ok(())
                });
            });
            withdrawn && begun.is_err_and(|error| error.to_string() == refused) && own.join().is_ok()
        });
        assert_eq!((status, text.as_str()), (0, ""));
        ours.write_all(b"parent")?;
        assert_eq!(reader.await_()??, b"parent");
        Ok(())
    });
}

/// Runs the test of this name again in a process of its own, without the harness's capture: what that left
/// behind. `None` in that process.
fn in_a_child(test: &str) -> Option<Output> {
    const CHILD: &str = "CEDE_URING_CHILD";
    if std::env::var(CHILD).as_deref() == Ok(test) {
        return None;
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    let path = format!("reactor::uring::tests::{test}");
    command.args(["--exact", &path, "--nocapture", "--test-threads=1"]).env(CHILD, test);
    Some(command.env_remove("RUST_BACKTRACE").output().unwrap())
}

/// Nobody can wait for the kernel's end of an operation on a ring that is no more: the process ends, with words.
#[test]
fn where_the_kernel_cannot_be_asked_the_frame_is_not_left() {
    on_a_ring(|| {
        let Some(ended) = in_a_child("where_the_kernel_cannot_be_asked_the_frame_is_not_left") else {
            let (_ours, theirs) = UnixStream::pair()?;
            let reader = create_task(coroutine(move || (&theirs).read(&mut [0; 8])));
            yield_now().await_()?;
            let number = ring().queues.borrow().as_raw_fd();
            // SAFETY: what it breaks is what is tested.
            drop(unsafe { OwnedFd::from_raw_fd(number) });
            reader.cancel();
            return reader.await_()?.map(drop);
        };
        let text = String::from_utf8_lossy(&ended.stderr);
        assert_eq!(ended.status.signal(), Some(libc::SIGABRT), "{text}");
        // A loop whose ring is gone may have said so before.
        assert!(
            text.ends_with(
                "cede: io_uring: an operation cannot be taken back from the kernel (Bad file descriptor (os error \
                 9)), and its task's stack cannot be left before; aborting\n"
            ),
            "{text}"
        );
        Ok(())
    });
}

/// As in a container: the system call is forbidden.
#[test]
fn a_loop_that_is_refused_a_ring_goes_on_by_readiness() {
    if let Some(ended) = in_a_child("a_loop_that_is_refused_a_ring_goes_on_by_readiness") {
        let text = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.success(), "{text}");
        assert_eq!(text, "io_uring: the kernel gives no ring: Operation not permitted (os error 1)\n");
        return;
    }
    forbid_rings();
    let event_loop = EventLoop::new().unwrap();
    event_loop.set_backend(Backend::IoUring).unwrap();
    assert_eq!(event_loop.backend(), Backend::Readiness);
    eprintln!("{}", event_loop.backend_refused().unwrap());
    let read = event_loop.run_until_complete(coroutine(|| {
        let (mut ours, theirs) = UnixStream::pair()?;
        let reader = create_task(coroutine(move || (&theirs).read(&mut [0; 8])));
        yield_now().await_()?;
        ours.write_all(b"abc")?;
        reader.await_()?
    }));
    assert_eq!(read.unwrap().unwrap(), 3);
}

/// From now on this thread gets EPERM for it.
fn forbid_rings() {
    let statement = |code: u32, k: u32, yes: u8| libc::sock_filter { code: code as u16, jt: yes, jf: 0, k };
    let mut filter = [
        statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0), // the call's number
        statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, libc::SYS_io_uring_setup as u32, 1),
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW, 0),
        statement(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32, 0),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: gives up what this thread does not need.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }, 0);
    // SAFETY: the program is read now.
    let set = unsafe { libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program) };
    assert_eq!(set, 0);
}
