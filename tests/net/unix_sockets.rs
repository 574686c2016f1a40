//! Sockets with a path.

use std::io::{self, ErrorKind, Read, Write};
use std::path::PathBuf;

use cede::Awaitable;
use cede::net::{UnixDatagram, UnixListener, UnixStream};

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
