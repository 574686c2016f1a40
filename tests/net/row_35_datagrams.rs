//! Row 35: datagrams, connected and not. CPython: test_base_events, create_datagram_endpoint_*;
//! test_selector_events, SelectorDatagramTransportTests.

use std::io::{self, ErrorKind};
use std::net::UdpSocket as Blocking;

use cede::net::{UdpSocket, UnixDatagram};
use cede::{Awaitable, Failure, yield_now};
use cede_tests::child;

use crate::help::{run, spawn};

#[test]
fn unconnected_sockets_say_from_whom_a_datagram_is() {
    run(|| -> io::Result<()> {
        let (one, other) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
        let (to, from) = (other.local_addr()?, one.local_addr()?);
        let receiver = spawn(move || -> io::Result<_> {
            let mut bytes = [0; 16];
            let (count, from) = other.recv_from(&mut bytes)?;
            Ok((bytes[..count].to_vec(), from))
        });
        yield_now().await_()?;
        one.send_to(b"hello", to)?;
        assert_eq!(receiver.await_()??, (b"hello".to_vec(), from));
        Ok(())
    })
    .unwrap();
}

/// Every datagram is one, the empty one too, and what does not fit is lost.
#[test]
fn datagrams_keep_their_bounds() {
    run(|| -> io::Result<()> {
        let (one, other) = UnixDatagram::pair()?;
        for datagram in [&b"one"[..], b"", b"three"] {
            one.send(datagram)?;
        }
        let mut bytes = [0; 4];
        assert_eq!((other.recv(&mut bytes)?, other.recv(&mut bytes)?, other.recv(&mut bytes)?), (3, 0, 4));
        let waiting = spawn(move || other.recv(&mut [0; 4]));
        yield_now().await_()?;
        waiting.cancel();
        assert!(waiting.await_()?.unwrap_err().is_cancelled());
        Ok(())
    })
    .unwrap();
}

/// test_selector_events: test_sendto_ready_error_received_connection; here it is an error of the receive, and not the end.
#[test]
fn a_connected_socket_is_told_that_nobody_listens_and_works_on() {
    child::in_child(&[], || {
        run(|| -> io::Result<()> {
            let gone = Blocking::bind("127.0.0.1:0")?;
            let address = gone.local_addr()?;
            drop(gone);
            let socket = UdpSocket::bind("127.0.0.1:0")?;
            socket.connect(address)?;
            socket.send(b"anybody there?")?;
            let mut bytes = [0; 16];
            assert_eq!(socket.recv(&mut bytes).unwrap_err().kind(), ErrorKind::ConnectionRefused);
            let back = Blocking::bind(address)?;
            socket.send(b"now?")?;
            let (count, from) = back.recv_from(&mut bytes)?;
            assert_eq!(&bytes[..count], b"now?");
            back.send_to(b"yes", from)?;
            assert_eq!(socket.recv(&mut bytes)?, 3);
            Ok(())
        })
        .unwrap();
    })
    .succeeded();
}

#[test]
fn a_full_receiver_makes_the_sender_wait() {
    run(|| -> io::Result<()> {
        let (one, other) = UnixDatagram::pair()?;
        let sender = spawn(move || -> io::Result<()> {
            for n in 0..10_000_u32 {
                one.send(&n.to_le_bytes())?;
            }
            Ok(())
        });
        yield_now().await_()?;
        for n in 0..10_000_u32 {
            let mut bytes = [0; 4];
            other.recv(&mut bytes)?;
            assert_eq!(u32::from_le_bytes(bytes), n);
        }
        sender.await_()?
    })
    .unwrap();
}

#[test]
fn a_datagram_that_is_too_long_is_an_error() {
    let error = run(|| -> io::Result<()> {
        let socket = UdpSocket::bind("127.0.0.1:0")?;
        socket.send_to(&[0; 70_000], socket.local_addr()?).map(drop)
    })
    .unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EMSGSIZE));
}
