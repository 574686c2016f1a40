//! Nothing is allocated an operation: what a task parks on is made with its descriptor.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::rc::Rc;

use cede::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram};
use cede::{Awaitable, yield_now};

use crate::help::{run, spawn, tcp_pair};

/// How often before, so that every table is as large as it becomes.
const WARM_UP: u64 = 300;

/// How often each thing is done.
const TIMES: u64 = 100;

/// What the whole thread allocates while this is done so often, once it has been done for a while. Debug mode, which
/// looks at each callback's name and time, is off.
fn allocated(mut once: impl FnMut() -> io::Result<()>) -> io::Result<u64> {
    cede::running_loop()?.set_debug(false);
    (0..WARM_UP).try_for_each(|_| once())?;
    let mut done = Ok(());
    let allocated = allocation_counter::measure(|| done = (0..TIMES).try_for_each(|_| once()));
    done.map(|()| allocated.count_total)
}

#[test]
fn a_read_that_waits_allocates_nothing() {
    let counted = run(|| -> io::Result<u64> {
        let (mut client, mut server) = tcp_pair()?;
        let echo = spawn(move || -> io::Result<()> {
            let mut bytes = [0; 8];
            loop {
                match server.read(&mut bytes)? {
                    0 => return Ok(()),
                    count => server.write_all(&bytes[..count])?,
                }
            }
        });
        // Each waits for the other, so both park every time.
        let counted = allocated(|| {
            client.write_all(b"question")?;
            client.read_exact(&mut [0; 8])
        })?;
        drop(client);
        echo.await_()??;
        Ok(counted)
    });
    assert_eq!(counted.unwrap(), 0);
}

#[test]
fn a_write_that_waits_for_room_allocates_nothing() {
    let counted = run(|| -> io::Result<u64> {
        let (mut client, mut server) = tcp_pair()?;
        let slow = spawn(move || -> io::Result<u64> {
            let (mut bytes, mut sum) = (vec![0; 1 << 16], 0);
            loop {
                match server.read(&mut bytes)? {
                    0 => return Ok(sum),
                    count => sum += count as u64,
                }
                yield_now().await_()?;
            }
        });
        let bytes = vec![1; 1 << 20]; // more than the sockets hold
        let counted = allocated(|| client.write_all(&bytes))?;
        drop(client);
        assert_eq!(slow.await_()??, (WARM_UP + TIMES) << 20);
        Ok(counted)
    });
    assert_eq!(counted.unwrap(), 0);
}

#[test]
fn datagrams_that_are_waited_for_allocate_nothing() {
    let counted = run(|| -> io::Result<(u64, u64)> {
        let (one, other) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
        let (here, there) = (one.local_addr()?, other.local_addr()?);
        let answers = spawn(move || -> io::Result<()> {
            let mut bytes = [0; 8];
            loop {
                let (count, from) = other.recv_from(&mut bytes)?;
                assert_eq!(from, here);
                other.send_to(&bytes[..count], from)?;
            }
        });
        let by_address = allocated(|| {
            one.send_to(b"question", there)?;
            assert_eq!(one.recv_from(&mut [0; 8])?, (8, there));
            Ok(())
        })?;
        answers.cancel();
        let (left, right) = UnixDatagram::pair()?;
        let answers_too = spawn(move || -> io::Result<()> {
            let mut bytes = [0; 8];
            loop {
                let count = right.recv(&mut bytes)?;
                right.send(&bytes[..count])?;
            }
        });
        let by_pair = allocated(|| {
            left.send(b"question")?;
            assert_eq!(left.recv(&mut [0; 8])?, 8);
            Ok(())
        })?;
        answers_too.cancel();
        Ok((by_address, by_pair))
    });
    assert_eq!(counted.unwrap(), (0, 0));
}

/// A connection costs what its descriptor needs, waited for or not.
#[test]
fn an_accept_that_waits_allocates_no_more_than_one_that_need_not() {
    let counted = run(|| -> io::Result<(u64, u64)> {
        let listener = Rc::new(TcpListener::bind("127.0.0.1:0")?);
        let address = listener.local_addr()?;
        let ready = allocated(|| {
            let _client = TcpStream::connect(address)?;
            listener.accept().map(drop)
        })?;
        let clients = spawn(move || -> io::Result<()> {
            for _ in 0..WARM_UP + TIMES {
                yield_now().await_()?; // by now the other one waits
                drop(TcpStream::connect(address)?);
            }
            Ok(())
        });
        let waited = allocated(|| listener.accept().map(drop))?;
        clients.await_()??;
        Ok((ready, waited))
    });
    let (ready, waited) = counted.unwrap();
    assert!(waited <= ready, "{TIMES} connections: ready {ready}, waited for {waited}");
}

#[test]
fn a_watched_descriptor_that_is_ready_allocates_nothing() {
    let counted = run(|| -> io::Result<u64> {
        let (watched, mut news) = std::os::unix::net::UnixStream::pair()?;
        let (watched, told) = (Rc::new(watched), Rc::new(Cell::new(0)));
        let event_loop = cede::running_loop()?;
        event_loop.add_reader(watched.clone(), {
            let (watched, told) = (watched.clone(), told.clone());
            move || {
                (&*watched).read_exact(&mut [0; 4]).unwrap();
                told.set(told.get() + 1);
            }
        })?;
        let counted = allocated(|| {
            let before = told.get();
            news.write_all(b"news")?;
            while told.get() == before {
                yield_now().await_()?;
            }
            Ok(())
        })?;
        assert!(event_loop.remove_reader(&*watched));
        Ok(counted)
    });
    assert_eq!(counted.unwrap(), 0);
}
