//! Cancelling what waits for a socket, and time limits around it.

use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::rc::Rc;
use std::time::Duration;

use cede::net::{TcpListener, UnixStream};
use cede::{Awaitable, Cancelled, Failure, timeout, yield_now};
use cede_tests::trace::run as run_virtually;

use crate::help::{run, spawn, tcp_pair};

/// DESIGN §4: an `io::Error` that carries `Cancelled`; never `Interrupted`, which std's helpers retry.
#[test]
fn a_cancelled_read_is_an_error_that_carries_the_cancellation() {
    run(|| -> io::Result<()> {
        let (_client, server) = tcp_pair()?;
        let reader = spawn(move || (&server).read_exact(&mut [0; 8]));
        yield_now().await_()?;
        reader.cancel_with("enough");
        let error = reader.await_()?.unwrap_err();
        assert!(error.is_cancelled());
        assert_ne!(error.kind(), ErrorKind::Interrupted);
        let carried = error.get_ref().and_then(|inner| inner.downcast_ref::<Cancelled>()).unwrap();
        assert_eq!(carried.message(), Some("enough"));
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_task_that_carries_it_out_ends_cancelled() {
    run(|| -> Result<(), Box<dyn Error>> {
        let (_client, server) = tcp_pair()?;
        let reader = cede::create_task(
            cede::coroutine(move || -> io::Result<()> { (&server).read_exact(&mut [0; 8]) }).fallible(),
        );
        yield_now().await_()?;
        reader.cancel();
        yield_now().await_()?;
        assert!(reader.cancelled());
        Ok(())
    })
    .unwrap();
}

/// As asyncio's promises: a cancellation wins over the data, and the data stays.
#[test]
fn a_cancellation_after_the_data_has_come_wins_and_loses_no_byte() {
    run(|| -> io::Result<()> {
        let (client, server) = UnixStream::pair()?;
        let server = Rc::new(server);
        let reader = spawn({
            let server = server.clone();
            move || (&*server).read(&mut [0; 8])
        });
        yield_now().await_()?;
        (&client).write_all(b"abc")?;
        reader.cancel();
        assert!(reader.await_()?.unwrap_err().is_cancelled());
        assert_eq!((&*server).read(&mut [0; 8])?, 3);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_stream_is_as_good_as_new_after_a_cancelled_read() {
    run(|| -> io::Result<()> {
        let (client, server) = tcp_pair()?;
        let server = Rc::new(server);
        for _ in 0..3 {
            let reader = spawn({
                let server = server.clone();
                move || (&*server).read(&mut [0; 8])
            });
            yield_now().await_()?;
            reader.cancel();
            assert!(reader.await_()?.is_err());
        }
        (&client).write_all(b"abc")?;
        assert_eq!((&*server).read(&mut [0; 8])?, 3);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_time_limit_works_around_any_read() {
    let error = run(|| {
        let (_client, server) = tcp_pair()?;
        timeout(Duration::from_millis(1), || (&server).read_exact(&mut [0; 8]))
    })
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

/// Under a virtual clock what descriptors do takes no time: what is there is read before any jump.
#[test]
fn under_a_virtual_clock_data_that_is_there_comes_before_the_time_is_over() {
    run_virtually(|| -> io::Result<()> {
        let (client, server) = UnixStream::pair()?;
        let hour = Duration::from_secs(3600);
        spawn(move || -> io::Result<()> {
            cede::sleep(hour).await_()?;
            (&client).write_all(b"abc")?;
            cede::sleep(hour).await_()?;
            Ok(())
        });
        let count = timeout(hour + hour / 2, || (&server).read(&mut [0; 8]))?;
        assert_eq!(count, 3);
        let late = timeout(hour / 4, || (&server).read(&mut [0; 8])).unwrap_err();
        assert_eq!(late.kind(), ErrorKind::TimedOut);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_cancelled_accept_loses_no_connection() {
    run(|| -> io::Result<()> {
        let listener = Rc::new(TcpListener::bind("127.0.0.1:0")?);
        let address = listener.local_addr()?;
        let accepting = spawn({
            let listener = listener.clone();
            move || listener.accept().map(drop)
        });
        yield_now().await_()?;
        let client = std::net::TcpStream::connect(address)?;
        accepting.cancel();
        assert!(accepting.await_()?.unwrap_err().is_cancelled());
        assert_eq!(listener.accept()?.1, client.local_addr()?);
        Ok(())
    })
    .unwrap();
}

/// Teardown: the frames that wait for sockets are left, and their descriptors closed.
#[test]
fn closing_a_loop_ends_tasks_that_wait_for_sockets() {
    let event_loop = cede::EventLoop::new().unwrap();
    event_loop.set_exception_handler(|_, _| ());
    let waiting = cede::coroutine(|| -> io::Result<_> {
        let (client, server) = tcp_pair()?;
        // It resists its cancellation.
        spawn(move || while (&server).read(&mut [0; 8]).is_err() {});
        yield_now().await_()?;
        client.into_std()
    });
    let mut other_end = event_loop.run_until_complete(waiting).unwrap().unwrap();
    drop(event_loop);
    assert_eq!(other_end.read(&mut [0; 8]).unwrap(), 0, "the server's end is closed");
}
