//! Sockets with a path.

use std::io::{self, ErrorKind, Read, Write};
use std::path::PathBuf;
use std::time::Duration;

use cede::net::{UnixDatagram, UnixListener, UnixStream};
use cede::{Awaitable, timeout};

use crate::help::{run, spawn};

/// A path for a socket, which is removed with this.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        Place(std::env::temp_dir().join(format!("cede-{}-{name}", std::process::id())))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

#[test]
fn a_listener_at_a_path_accepts() {
    let place = Place::new("listener");
    let path = place.0.clone();
    run(move || -> io::Result<()> {
        let listener = UnixListener::bind(&path)?;
        let client = spawn(move || -> io::Result<String> {
            let mut stream = UnixStream::connect(&path)?;
            stream.write_all(b"hello")?;
            let mut text = String::new();
            stream.read_to_string(&mut text)?;
            Ok(text)
        });
        let (mut stream, _) = listener.accept()?;
        let mut bytes = [0; 5];
        stream.read_exact(&mut bytes)?;
        stream.write_all(&bytes)?;
        drop(stream);
        assert_eq!(client.await_()??, "hello");
        Ok(())
    })
    .unwrap();
}

/// The system says "again" and never when; asyncio takes it for a connection.
#[test]
fn connecting_to_a_full_listener_waits_until_there_is_room() {
    let place = Place::new("full");
    let path = place.0.clone();
    run(move || -> io::Result<()> {
        let address = socket2::SockAddr::unix(&path)?;
        let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None)?;
        socket.bind(&address)?;
        socket.listen(0)?;
        let listener = UnixListener::from_std(socket.into())?;
        let clients: Vec<_> = (0..5)
            .map(|_| {
                let path = path.clone();
                spawn(move || -> io::Result<usize> { UnixStream::connect(&path)?.read(&mut [0; 8]) })
            })
            .collect();
        for _ in 0..5 {
            (&listener.accept()?.0).write_all(b"hi")?;
        }
        for client in clients {
            assert_eq!(client.await_()??, 2);
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn errors_name_the_path() {
    let place = Place::new("nobody");
    let path = place.0.clone();
    let error = run(move || UnixStream::connect(&path)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("-nobody: "), "{error}");
}

#[test]
fn datagrams_go_to_a_path() {
    let place = Place::new("datagram");
    let path = place.0.clone();
    run(move || -> io::Result<()> {
        let receiver = UnixDatagram::bind(&path)?;
        UnixDatagram::unbound()?.send_to(b"hello", &path)?;
        assert_eq!(receiver.recv(&mut [0; 8])?, 5);
        Ok(())
    })
    .unwrap();
}

/// The sender's own socket has room, so the system says at once that it can be written to; of the receiver's room it
/// tells nobody.
#[test]
fn a_datagram_to_a_full_receiver_waits_without_spinning_until_there_is_room() {
    for by_address in [false, true] {
        let place = Place::new("full-receiver");
        let path = place.0.clone();
        run(move || -> io::Result<()> {
            let receiver = UnixDatagram::bind(&path)?;
            let filler = std::os::unix::net::UnixDatagram::unbound()?;
            filler.set_nonblocking(true)?;
            let mut filled = 0;
            while filler.send_to(b"another's", &path).is_ok() {
                filled += 1;
            }
            let address = std::os::unix::net::SocketAddr::from_pathname(&path)?;
            let sender = UnixDatagram::unbound()?;
            let sending = spawn(move || match by_address {
                true => sender.send_to_addr(b"ours", &address),
                false => sender.send_to(b"ours", &path),
            });
            let event_loop = cede::running_loop()?;
            let before = (event_loop.turns(), event_loop.callbacks_run());
            cede::sleep(Duration::from_millis(50)).await_()?;
            let (turns, callbacks) = (event_loop.turns() - before.0, event_loop.callbacks_run() - before.1);
            assert!(turns < 50 && callbacks < 50, "{turns} turns, {callbacks} callbacks");
            assert!(!sending.done());
            let mut bytes = [0; 16];
            for _ in 0..filled {
                assert_eq!(receiver.recv(&mut bytes)?, 9);
            }
            assert_eq!(timeout(Duration::from_secs(10), || receiver.recv(&mut bytes))?, 4);
            assert_eq!(sending.await_()??, 4);
            Ok(())
        })
        .unwrap();
    }
}

/// Who receives on the same loop makes room in a turn.
#[test]
fn a_receiver_on_the_same_loop_is_waited_for_by_turns_and_not_by_the_clock() {
    let place = Place::new("same-loop");
    let path = place.0.clone();
    cede_tests::trace::run(move || -> io::Result<()> {
        let receiver = UnixDatagram::bind(&path)?;
        let sender = UnixDatagram::unbound()?;
        let event_loop = cede::running_loop()?;
        let began = event_loop.time();
        let sending = spawn(move || (0..1_000).try_for_each(|_| sender.send_to(b"!", &path).map(drop)));
        for _ in 0..1_000 {
            assert_eq!(receiver.recv(&mut [0; 8])?, 1);
        }
        sending.await_()??;
        assert_eq!(event_loop.time(), began);
        Ok(())
    })
    .unwrap();
}
