//! One stream and several tasks.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::linux::net::SocketAddrExt;
use std::rc::Rc;
use std::time::Duration;

use cede::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};
use cede::{Awaitable, timeout, yield_now};

use crate::help::{run, spawn, tcp_pair};

/// RELIABILITY: two readers on one stream: an error. CPython: "read() called while another coroutine is already
/// waiting for incoming data".
#[test]
fn a_second_reader_of_one_stream_gets_an_error_and_the_first_goes_on() {
    run(|| -> io::Result<()> {
        let (client, server) = tcp_pair()?;
        let server = Rc::new(server);
        let first = spawn({
            let server = server.clone();
            move || (&*server).read(&mut [0; 8])
        });
        yield_now().await_()?;
        let error = (&*server).read(&mut [0; 8]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "TcpStream::read: another task is already waiting to read from this descriptor; let one task do \
             it, or take turns"
        );
        (&client).write_all(b"abc")?;
        assert_eq!(first.await_()??, 3);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_second_writer_of_one_stream_gets_an_error_and_the_first_goes_on() {
    run(|| -> io::Result<()> {
        let (client, mut server) = tcp_pair()?;
        let client = Rc::new(client);
        let much = vec![7; 16 << 20]; // more than the sockets hold
        let (writing, bytes) = (client.clone(), much.clone());
        let first = spawn(move || {
            (&*writing).write_all(&bytes)?;
            writing.shutdown(Shutdown::Write)
        });
        yield_now().await_()?;
        let limit = Duration::from_secs(1); // it does not wait
        let attempts = [
            timeout(limit, || (&*client).write(b"!")),
            timeout(limit, || (&*client).write_vectored(&[io::IoSlice::new(b"!")])),
        ];
        for attempt in attempts {
            assert_eq!(
                attempt.unwrap_err().to_string(),
                "TcpStream::write: another task is already waiting to write to this descriptor; let one task do \
                 it, or take turns"
            );
        }
        let mut all = Vec::new();
        server.read_to_end(&mut all)?;
        assert!(all == much);
        first.await_()?
    })
    .unwrap();
}

#[test]
fn one_task_reads_while_another_writes() {
    run(|| -> io::Result<()> {
        let (client, server) = tcp_pair()?;
        let server = Rc::new(server);
        let echo = spawn(move || {
            let mut bytes = [0; 1024];
            loop {
                let count = (&*server).read(&mut bytes)?;
                if count == 0 {
                    return io::Result::Ok(());
                }
                (&*server).write_all(&bytes[..count])?;
            }
        });
        let (mut read, mut write) = client.into_split();
        let writer = spawn(move || -> io::Result<()> {
            for _ in 0..100 {
                write.write_all(&[7; 5000])?;
            }
            Ok(()) // dropping the half ends its direction
        });
        let mut all = Vec::new();
        read.read_to_end(&mut all)?;
        assert_eq!(all.len(), 500_000);
        writer.await_()??;
        echo.await_()?
    })
    .unwrap();
}

#[test]
fn borrowed_halves_read_and_write_and_end_one_direction() {
    run(|| -> io::Result<()> {
        let (client, server) = UnixStream::pair()?;
        let (_, mut write) = client.split();
        write.write_all(b"abc")?;
        write.shutdown()?;
        let (mut read, mut back) = server.split();
        let mut text = String::new();
        read.read_to_string(&mut text)?;
        assert_eq!(text, "abc");
        back.write_all(b"d")?;
        assert_eq!((&client).read(&mut [0; 8])?, 1);
        Ok(())
    })
    .unwrap();
}

#[test]
fn halves_of_one_stream_come_together_and_others_do_not() {
    run(|| -> io::Result<()> {
        let (one, other) = UnixStream::pair()?;
        let (one_read, one_write) = one.into_split();
        let (other_read, other_write) = other.into_split();
        let Err((one_write, other_read)) = one_write.reunite(other_read) else { panic!("not the same") };
        let one = one_write.reunite(one_read).unwrap();
        let other = other_write.reunite(other_read).unwrap();
        (&one).write_all(b"abc")?; // its direction was not ended
        assert_eq!((&other).read(&mut [0; 8])?, 3);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_second_task_that_accepts_gets_an_error() {
    run(|| -> io::Result<()> {
        let listener = Rc::new(TcpListener::bind("127.0.0.1:0")?);
        let first = spawn({
            let listener = listener.clone();
            move || listener.accept().map(drop)
        });
        yield_now().await_()?;
        let error = listener.accept().unwrap_err();
        assert!(error.to_string().starts_with("TcpListener::accept: another task"), "{error}");
        first.cancel();
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_socket_of_another_loop_is_refused_where_it_would_have_to_wait() {
    let one = cede::EventLoop::new().unwrap();
    let pair = one.run_until_complete(cede::coroutine(tcp_pair)).unwrap().unwrap();
    let error = run(move || (&pair.0).read(&mut [0; 8]).unwrap_err());
    assert!(error.to_string().contains("attached to a different loop"), "{error}");
}

#[test]
fn sockets_outside_a_loop_are_an_error_that_says_so() {
    type Makes = fn() -> io::Result<()>;
    let calls: [(&str, Makes); 9] = [
        ("TcpListener::bind", || TcpListener::bind("127.0.0.1:0").map(drop)),
        ("TcpStream::connect", || TcpStream::connect("127.0.0.1:9").map(drop)),
        ("TcpStream::connect", || TcpStream::connect(["127.0.0.1:9".parse().unwrap(); 2]).map(drop)),
        ("UdpSocket::bind", || UdpSocket::bind("127.0.0.1:0").map(drop)),
        ("UnixStream::pair", || UnixStream::pair().map(drop)),
        ("UnixStream::connect", || UnixStream::connect("/nowhere/at/all").map(drop)),
        ("UnixDatagram::pair", || UnixDatagram::pair().map(drop)),
        ("UnixDatagram::unbound", || UnixDatagram::unbound().map(drop)),
        ("UnixListener::from_std", || {
            let address = std::os::unix::net::SocketAddr::from_abstract_name("cede-outside")?;
            UnixListener::from_std(std::os::unix::net::UnixListener::bind_addr(&address)?).map(drop)
        }),
    ];
    for (call, make) in calls {
        let text = make().unwrap_err().to_string();
        assert!(text.starts_with(&format!("{call}: no running event loop; ")), "{text}");
    }
}
