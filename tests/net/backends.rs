//! What must hold by readiness and by io_uring: bytes that were lent are left alone once their frame is left, and
//! none is lost. All tests of this folder run by the ring where the environment says `CEDE_REACTOR=uring`.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::time::Duration;

use cede::net::{TcpListener, TcpStream, UnixStream};
use cede::streams::StreamWriter;
use cede::{Awaitable, Backend, EventLoop, Failure, Runner, coroutine, scope, timeout, yield_now};

use crate::help::{run, spawn, tcp_pair};

/// Whether the kernel would give somebody else a ring as the library needs it.
fn kernel_has_rings() -> io::Result<()> {
    let made: io::Result<io_uring::IoUring> =
        io_uring::IoUring::builder().setup_single_issuer().setup_defer_taskrun().build(2);
    made.map(drop)
}

/// Runs it by readiness, and by the ring.
#[track_caller]
fn by_both(main: impl Fn() -> io::Result<()> + Clone + 'static) {
    for backend in [Backend::Readiness, Backend::IoUring] {
        let mut runner = Runner::new().backend(backend).exception_handler(|_, _| ());
        runner.run(coroutine(main.clone())).unwrap().unwrap();
    }
}

/// Says on standard error, past the harness, what the kernel gave.
#[test]
fn the_ring_is_used_where_the_environment_asks_and_the_kernel_gives_it() {
    let event_loop = EventLoop::new().unwrap();
    let (used, refused) = (event_loop.backend(), event_loop.backend_refused());
    match (std::env::var("CEDE_REACTOR").as_deref(), kernel_has_rings()) {
        (Ok("uring"), Ok(())) => {
            assert_eq!((used, refused.map(|error| error.to_string())), (Backend::IoUring, None));
            let _ = writeln!(io::stderr(), "io_uring: the kernel gave a ring");
        }
        (Ok("uring"), Err(error)) => {
            assert_eq!(used, Backend::Readiness);
            let refused = refused.unwrap().to_string();
            assert_eq!(refused, format!("io_uring: the kernel gives no ring: {error}"));
            let _ = writeln!(io::stderr(), "{refused}; epoll was used");
        }
        _ => assert_eq!((used, refused.map(|error| error.to_string())), (Backend::Readiness, None)),
    }
}

#[test]
fn a_loop_keeps_to_the_backend_that_its_first_socket_had() {
    let event_loop = EventLoop::new().unwrap();
    event_loop.set_backend(Backend::IoUring).unwrap();
    event_loop.set_backend(Backend::Readiness).unwrap();
    event_loop.run_until_complete(coroutine(UnixStream::pair)).unwrap().unwrap();
    assert_eq!(event_loop.backend().to_string(), "epoll");
    assert_eq!(
        event_loop.set_backend(Backend::IoUring).unwrap_err().to_string(),
        "set_backend: this loop has sockets already; set it before the first one is made"
    );
}

#[test]
fn bytes_that_were_lent_to_a_cancelled_read_are_left_alone_and_the_next_read_gets_what_comes() {
    by_both(|| {
        let (mut client, server) = tcp_pair()?;
        let mut bytes = [7; 8];
        scope(|s| {
            let reader = s.spawn(coroutine(|| (&server).read(&mut bytes)));
            yield_now().await_()?;
            // The kernel has it by now: this lets the loop sleep.
            cede::sleep(Duration::from_micros(10)).await_()?;
            reader.cancel();
            let error = reader.await_()?.unwrap_err();
            assert!(error.is_cancelled());
            io::Result::Ok(())
        })?;
        client.write_all(b"later")?;
        for _ in 0..10 {
            cede::sleep(Duration::from_micros(10)).await_()?;
        }
        assert_eq!(bytes, [7; 8]);
        assert_eq!((&server).read(&mut bytes)?, 5);
        assert_eq!(&bytes, b"later\x07\x07\x07");
        Ok(())
    });
}

/// The bytes have come, and then the cancellation, before the task has control: the next one gets them, whatever
/// it reads with.
#[test]
fn what_came_for_a_read_that_was_cancelled_is_there_for_the_next() {
    by_both(|| {
        let (client, server) = tcp_pair()?;
        let server = Rc::new(server);
        let cancelled = || -> io::Result<()> {
            let reader = spawn({
                let server = server.clone();
                move || (&*server).read(&mut [0; 100])
            });
            yield_now().await_()?;
            (&client).write_all(b"abcdefgh")?;
            while !readable(&server) && !reader.done() {
                std::thread::yield_now();
            }
            reader.cancel();
            assert!(reader.await_()?.unwrap_err().is_cancelled());
            Ok(())
        };
        let mut bytes = [0; 3];
        cancelled()?;
        assert_eq!((server.peek(&mut bytes)?, &bytes), (3, b"abc"));
        assert_eq!(((&*server).read(&mut bytes)?, &bytes), (3, b"abc"));
        let (mut one, mut other) = ([0; 2], [0; 3]);
        let mut slices = [io::IoSliceMut::new(&mut one), io::IoSliceMut::new(&mut other)];
        let mut count = (&*server).read_vectored(&mut slices)?;
        while count < 5 {
            count += (&*server).read(&mut other[count - 2..])?; // it may fill one at a time
        }
        assert_eq!((&one, &other), (b"de", b"fgh"));
        cancelled()?;
        let server = Rc::into_inner(server).unwrap();
        // Nothing is lost in silence: it goes with the socket, or there is an error.
        match server.into_std() {
            Ok(mut server) => {
                let mut all = [0; 8];
                server.read_exact(&mut all)?;
                assert_eq!(&all, b"abcdefgh");
            }
            Err(error) => assert_eq!(
                error.to_string(),
                "TcpStream::into_std: a read that was cancelled had taken 8 bytes already, which would be lost; \
                 read them first"
            ),
        }
        Ok(())
    });
}

fn readable(stream: &TcpStream) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut asked = [PollFd::new(stream, PollFlags::IN)];
    poll(&mut asked, Some(&Timespec { tv_sec: 10, tv_nsec: 0 })).unwrap() == 1
}

/// A write that was cancelled has done nothing, or says what it has done and is cancelled later; never both.
#[test]
fn a_cancelled_write_says_what_it_has_sent() {
    by_both(|| {
        for taken in [0, 1 << 20] {
            let (ours, mut theirs) = UnixStream::pair()?;
            let writer = spawn(move || {
                let bytes = vec![1; 1 << 18];
                let mut sent = 0;
                let ended = loop {
                    match (&ours).write(&bytes) {
                        Ok(count) => sent += count,
                        Err(error) => break error,
                    }
                };
                assert!(ended.is_cancelled());
                sent
            });
            cede::sleep(Duration::from_micros(10)).await_()?; // it waits for room
            let mut read = 0;
            let mut bytes = vec![0; 1 << 16];
            while read < taken {
                match timeout(Duration::ZERO, || theirs.read(&mut bytes)) {
                    Ok(count) => read += count,
                    Err(_) => break,
                }
            }
            writer.cancel();
            let sent = writer.await_()?;
            read += theirs.read_to_end(&mut bytes)?;
            assert_eq!(read, sent);
        }
        Ok(())
    });
}

#[test]
fn a_coroutine_driven_by_hand_may_be_dropped_in_the_middle_of_a_read() {
    by_both(|| {
        let (mut client, server) = tcp_pair()?;
        let server = Rc::new(server);
        let bytes = Rc::new(RefCell::new([7; 8]));
        let (reading, lent) = (server.clone(), bytes.clone());
        let driven = coroutine(move || (&*reading).read(&mut *lent.borrow_mut())).start();
        assert!(matches!(driven.send(()), Ok(cede::Step::Waiting(_))));
        cede::sleep(Duration::from_micros(10)).await_()?;
        drop(driven);
        client.write_all(b"later")?;
        for _ in 0..10 {
            cede::sleep(Duration::from_micros(10)).await_()?;
        }
        assert_eq!(*bytes.borrow(), [7; 8]);
        assert_eq!((&*server).read(&mut *bytes.borrow_mut())?, 5);
        Ok(())
    });
}

/// The loop goes with tasks in the middle of what they do; one of them catches everything.
#[test]
fn a_loop_that_is_dropped_takes_its_reads_and_writes_back() {
    for backend in [Backend::Readiness, Backend::IoUring] {
        let event_loop = EventLoop::new().unwrap();
        event_loop.set_backend(backend).unwrap();
        event_loop.set_exception_handler(|_, _| ());
        let bytes = Rc::new(RefCell::new([7; 8]));
        let lent = bytes.clone();
        let begin = coroutine(move || -> io::Result<_> {
            let (client, server) = tcp_pair()?;
            let server = Rc::new(server);
            let reading = server.clone();
            spawn(move || {
                // It resists its cancellation, as long as it is one.
                let mut bytes = lent.borrow_mut();
                while (&*reading).read(&mut *bytes).is_err() {}
            });
            spawn(move || (&*server).write_all(&[1; 1 << 24]));
            cede::sleep(Duration::from_micros(10)).await_()?;
            client.into_std()
        });
        let mut client = event_loop.run_until_complete(begin).unwrap().unwrap();
        drop(event_loop);
        let _ = client.write_all(b"too late");
        assert_eq!(Rc::strong_count(&bytes), 1, "the frame was left");
        assert_eq!(*bytes.borrow(), [7; 8]);
        let mut sent = Vec::new();
        let _ = client.read_to_end(&mut sent); // its end, or a reset
        assert!(sent.len() < 1 << 24 && sent.iter().all(|byte| *byte == 1));
    }
}

/// A writer that does not wait, to a socket without room, goes on when there is room, and in order.
#[test]
fn a_stream_writer_sends_in_order_what_the_kernel_did_not_take_at_once() {
    by_both(|| {
        let (ours, mut theirs) = UnixStream::pair()?;
        let writer = StreamWriter::new(Rc::new(ours));
        let bytes: Vec<u8> = (0..2_000_000_u32).map(|n| (n % 251) as u8).collect();
        for part in bytes.chunks(50_000) {
            writer.write(part)?;
        }
        writer.close();
        let mut all = Vec::new();
        theirs.read_to_end(&mut all)?;
        assert!(all == bytes);
        Ok(())
    });
}

/// The end of a stream, an error, and a shutdown by another task all end a read that is in flight.
#[test]
fn what_ends_a_read_ends_it_in_flight() {
    by_both(|| {
        let (client, server) = tcp_pair()?;
        let server = Rc::new(server);
        let read = || {
            let server = server.clone();
            let reader = spawn(move || (&*server).read(&mut [0; 8]));
            cede::sleep(Duration::from_micros(10)).await_()?;
            io::Result::Ok(reader)
        };
        let reader = read()?;
        client.shutdown(std::net::Shutdown::Write)?;
        assert_eq!(reader.await_()??, 0);
        assert_eq!((&*server).read(&mut [0; 8])?, 0, "and the next");
        let (client, server) = tcp_pair()?;
        let reader = spawn(move || (&server).read(&mut [0; 8]));
        cede::sleep(Duration::from_micros(10)).await_()?;
        socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO))?;
        drop(client);
        assert_eq!(reader.await_()?.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        let (_client, server) = tcp_pair()?;
        let server = Rc::new(server);
        let reading = server.clone();
        let reader = spawn(move || (&*reading).read(&mut [0; 8]));
        cede::sleep(Duration::from_micros(10)).await_()?;
        server.shutdown(std::net::Shutdown::Read)?;
        assert_eq!(reader.await_()??, 0);
        Ok(())
    });
}

/// Once more in the words of a program: an echo of more than fits anywhere.
#[test]
fn an_echo_gives_back_what_it_got() {
    by_both(|| {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let server = spawn(move || {
            let (stream, _) = listener.accept()?;
            io::copy(&mut &stream, &mut &stream)
        });
        let client = Rc::new(TcpStream::connect(address)?);
        let writing = client.clone();
        let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 249) as u8).collect();
        let sent = bytes.clone();
        let writer = spawn(move || {
            (&*writing).write_all(&sent)?;
            writing.shutdown(std::net::Shutdown::Write)
        });
        let mut all = Vec::new();
        (&*client).read_to_end(&mut all)?;
        assert!(all == bytes);
        writer.await_()??;
        assert_eq!(server.await_()??, bytes.len() as u64);
        Ok(())
    });
}

/// The environment's word is for loops that were not told otherwise.
#[test]
fn a_program_is_run_by_the_environments_backend() {
    let asked = std::env::var("CEDE_REACTOR").as_deref() == Ok("uring");
    let expected = if asked && kernel_has_rings().is_ok() { Backend::IoUring } else { Backend::Readiness };
    assert_eq!(run(|| cede::running_loop().unwrap().backend()), expected);
}
