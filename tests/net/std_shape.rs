//! What std's sockets have beside reading, writing and accepting: second ends, addresses without a path, options.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::AsFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::SocketAddr;

use cede::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};
use cede::{Awaitable, yield_now};

use crate::help::{run, spawn};

/// A name of this test in this process, which is no path.
fn abstract_name(of: &str) -> SocketAddr {
    SocketAddr::from_abstract_name(format!("cede-{of}-{}", std::process::id())).unwrap()
}

/// As protocol crates do that read with one end and write with another.
#[test]
fn one_task_reads_from_a_clone_while_another_writes() {
    run(|| -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let stream = TcpStream::connect(listener.local_addr()?)?;
        let (server, _) = listener.accept()?;
        let echo = spawn(move || -> io::Result<()> {
            let mut writer = server.try_clone()?;
            for line in BufReader::new(server).lines() {
                writeln!(writer, "{}", line?.to_uppercase())?;
            }
            Ok(())
        });
        let reading = stream.try_clone()?;
        let reader = spawn(move || {
            let mut text = String::new();
            BufReader::new(reading).read_line(&mut text).map(|_| text)
        });
        yield_now().await_()?; // it waits
        (&stream).write_all(b"hello\n")?;
        assert_eq!(reader.await_()??, "HELLO\n");
        drop(stream); // the clone has gone with its task
        echo.await_()?
    })
    .unwrap();
}

#[test]
fn a_connection_ends_when_all_its_ends_are_dropped_or_one_is_shut_down() {
    run(|| -> io::Result<()> {
        let (ours, mut theirs) = UnixStream::pair()?;
        let clone = ours.try_clone()?;
        drop(ours);
        (&clone).write_all(b"still here")?;
        theirs.read_exact(&mut [0; 10])?;
        let second = clone.try_clone()?;
        clone.shutdown(std::net::Shutdown::Both)?;
        assert_eq!(theirs.read(&mut [0])?, 0);
        assert_eq!((&second).write(b"!").unwrap_err().kind(), ErrorKind::BrokenPipe);
        Ok(())
    })
    .unwrap();
}

/// Whether it blocks is all ends' together: one that blocked would keep the whole loop waiting.
#[test]
fn an_end_that_is_taken_out_blocks_again_when_no_clone_is_left_in_the_loop() {
    fn blocks(socket: impl AsFd) -> bool {
        !rustix::fs::fcntl_getfl(socket).unwrap().contains(rustix::fs::OFlags::NONBLOCK)
    }
    run(|| -> io::Result<()> {
        let (ours, theirs) = UnixStream::pair()?;
        let (clone, second) = (ours.try_clone()?, ours.try_clone()?);
        let out = ours.into_std()?;
        assert!(!blocks(&out));
        let reader = spawn(move || (&clone).read(&mut [0; 8]));
        yield_now().await_()?; // it waits, and we run
        (&theirs).write_all(b"abc")?;
        assert_eq!(reader.await_()??, 3);
        let out = (out, second.into_std()?); // the last one: the first clone has gone with its task
        assert!(blocks(&out.0) && blocks(&out.1));

        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (stream, datagrams) =
            (TcpStream::connect(listener.local_addr()?)?, UdpSocket::bind("127.0.0.1:0")?);
        let clones = (listener.try_clone()?, stream.try_clone()?, datagrams.try_clone()?);
        let out = (listener.into_std()?, stream.into_std()?, datagrams.into_std()?);
        assert!(!blocks(&out.0) && !blocks(&out.1) && !blocks(&out.2));
        let out = (clones.0.into_std()?, clones.1.into_std()?, clones.2.into_std()?);
        assert!(blocks(&out.0) && blocks(&out.1) && blocks(&out.2));
        Ok(())
    })
    .unwrap();
}

#[test]
fn two_tasks_accept_from_one_address_and_two_receive_from_one_socket() {
    run(|| -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let accepting = [listener.try_clone()?, listener].map(|listener| spawn(move || listener.accept()));
        yield_now().await_()?;
        let clients = [TcpStream::connect(address)?, TcpStream::connect(address)?];
        let mut accepted = Vec::new();
        for task in accepting {
            accepted.push(task.await_()??.1);
        }
        accepted.sort();
        let mut expected = [clients[0].local_addr()?, clients[1].local_addr()?];
        expected.sort();
        assert_eq!(accepted, expected);

        let socket = UdpSocket::bind("127.0.0.1:0")?;
        let address = socket.local_addr()?;
        let receiving = [socket.try_clone()?, socket].map(|socket| {
            spawn(move || {
                let mut bytes = [0; 1];
                socket.recv(&mut bytes).map(|_| bytes[0])
            })
        });
        yield_now().await_()?;
        let sender = UdpSocket::bind("127.0.0.1:0")?;
        for byte in [b"a", b"b"] {
            sender.send_to(byte, address)?;
        }
        let mut received = Vec::new();
        for task in receiving {
            received.push(task.await_()??);
        }
        received.sort_unstable();
        assert_eq!(received, b"ab");
        Ok(())
    })
    .unwrap();
}

#[test]
fn names_that_are_no_paths_are_listened_at_and_connected_to() {
    run(|| -> io::Result<()> {
        let address = abstract_name("streams");
        let listener = UnixListener::bind_addr(&address)?;
        assert_eq!(listener.local_addr()?.as_abstract_name(), address.as_abstract_name());
        let error = UnixListener::bind_addr(&address).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(error.to_string().starts_with("UnixListener::bind_addr: \"cede-streams-"), "{error}");
        let mut stream = UnixStream::connect_addr(&address)?;
        let (mut server, from) = listener.accept()?;
        assert!(from.is_unnamed());
        stream.write_all(b"hello")?;
        server.read_exact(&mut [0; 5])?;

        let error = UnixStream::connect_addr(&from).unwrap_err();
        assert_eq!(
            error.to_string(),
            "UnixStream::connect_addr: the address has no name, so nobody listens there"
        );
        let error = UnixStream::connect_addr(&abstract_name("nobody")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert!(error.to_string().starts_with("UnixStream::connect_addr: \"cede-nobody-"), "{error}");
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_path_is_an_address_too() {
    let folder = std::env::temp_dir().join(format!("cede-std-shape-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("socket");
    let address = SocketAddr::from_pathname(&path).unwrap();
    let done = run(move || -> io::Result<()> {
        let listener = UnixListener::bind_addr(&address)?;
        let _stream = UnixStream::connect_addr(&address)?;
        listener.accept().map(drop)
    });
    std::fs::remove_dir_all(&folder).unwrap();
    done.unwrap();
}

#[test]
fn datagrams_go_to_names_that_are_no_paths() {
    run(|| -> io::Result<()> {
        let (here, there) = (abstract_name("one"), abstract_name("other"));
        let (one, other) = (UnixDatagram::bind_addr(&here)?, UnixDatagram::bind_addr(&there)?);
        one.send_to_addr(b"hello", &there)?;
        let mut bytes = [0; 10];
        let (count, from) = other.recv_from(&mut bytes)?;
        assert_eq!((&bytes[..count], from.as_abstract_name()), (&b"hello"[..], here.as_abstract_name()));
        other.connect_addr(&here)?;
        other.send(b"and back")?;
        assert_eq!(one.recv(&mut bytes)?, 8);
        let error = UnixDatagram::bind_addr(&here).unwrap_err();
        assert!(error.to_string().starts_with("UnixDatagram::bind_addr: \"cede-one-"), "{error}");
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_listener_is_a_sequence_of_connections() {
    run(|| -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let clients =
            spawn(move || (0..3).map(|_| TcpStream::connect(address)).collect::<io::Result<Vec<_>>>());
        let mut count = 0;
        for stream in &listener {
            stream?;
            count += 1;
            if count == 3 {
                break;
            }
        }
        assert_eq!(clients.await_()??.len(), 3);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_datagram_is_looked_at_and_still_there() {
    run(|| -> io::Result<()> {
        let (one, other) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
        other.connect(one.local_addr()?)?;
        let there = other.local_addr()?;
        let looking = spawn(move || -> io::Result<_> {
            let mut bytes = [0; 10];
            let looked = other.peek(&mut bytes)?;
            Ok((looked, other.recv(&mut bytes)?, bytes))
        });
        yield_now().await_()?;
        one.send_to(b"hello", there)?; // for which it waits
        let (looked, received, bytes) = looking.await_()??;
        assert_eq!((looked, received, &bytes[..5]), (5, 5, &b"hello"[..]));
        Ok(())
    })
    .unwrap();
}

#[test]
fn options_are_what_they_were_set_to() {
    run(|| -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        listener.set_ttl(33)?;
        assert_eq!(listener.ttl()?, 33);
        let stream = TcpStream::connect(listener.local_addr()?)?;
        stream.set_nodelay(true)?;
        stream.set_ttl(44)?;
        assert_eq!((stream.nodelay()?, stream.ttl()?), (true, 44));
        assert!(stream.take_error()?.is_none());

        let socket = UdpSocket::bind("127.0.0.1:0")?;
        assert!(!socket.broadcast()?);
        socket.set_broadcast(true)?;
        socket.set_ttl(55)?;
        socket.set_multicast_loop_v4(false)?;
        socket.set_multicast_ttl_v4(2)?;
        assert_eq!((socket.broadcast()?, socket.ttl()?), (true, 55));
        assert_eq!((socket.multicast_loop_v4()?, socket.multicast_ttl_v4()?), (false, 2));
        // What is no group's is refused by the system.
        let error = socket.join_multicast_v4(&Ipv4Addr::LOCALHOST, &Ipv4Addr::UNSPECIFIED).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        Ok(())
    })
    .unwrap();
}

/// On the loopback interface.
#[test]
fn a_datagram_to_a_group_comes_to_who_has_joined_it() {
    run(|| -> io::Result<()> {
        let group = Ipv4Addr::new(239, 255, 43, 21);
        let member = UdpSocket::bind("0.0.0.0:0")?;
        member.join_multicast_v4(&group, &Ipv4Addr::LOCALHOST)?;
        let sender = UdpSocket::bind("127.0.0.1:0")?;
        socket2::SockRef::from(&sender).set_multicast_if_v4(&Ipv4Addr::LOCALHOST)?;
        sender.send_to(b"to all", (group, member.local_addr()?.port()))?;
        let mut bytes = [0; 10];
        let (count, from) = member.recv_from(&mut bytes)?;
        assert_eq!((&bytes[..count], from), (&b"to all"[..], sender.local_addr()?));
        member.leave_multicast_v4(&group, &Ipv4Addr::LOCALHOST)?;
        assert!(member.leave_multicast_v4(&group, &Ipv4Addr::LOCALHOST).is_err());
        // Where there is IPv6, the same calls are there for it.
        if let Ok(member) = UdpSocket::bind("[::1]:0") {
            member.set_multicast_loop_v6(true)?;
            assert!(member.multicast_loop_v6()?);
            assert!(member.join_multicast_v6(&Ipv6Addr::LOCALHOST, 0).is_err());
            assert!(member.leave_multicast_v6(&Ipv6Addr::LOCALHOST, 0).is_err());
        }
        Ok(())
    })
    .unwrap();
}
