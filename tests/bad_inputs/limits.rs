//! The system says no: an error to whoever asked.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::SocketAddr;

use cede::net::{TcpListener, TcpStream, UdpSocket, UnixStream};
use cede::process::{Command, Stdio};
use cede::{Awaitable, EventLoop, Generator, yield_now};
use cede_tests::child::in_limited_child;

/// EMFILE: a loop cannot be made, and nothing is left of the try.
#[test]
fn without_descriptors_making_a_loop_is_an_error() {
    let ended = in_limited_child("ulimit -n 40", &[], || {
        let mut files = Vec::new();
        while let Ok(file) = File::open("/dev/null") {
            files.push(file);
        }
        for error in [EventLoop::new().unwrap_err(), cede::run(cede::coroutine(|| 7)).unwrap_err()] {
            assert!(error.to_string().contains("Too many open files"), "{error}");
        }
        let mut numbers = Generator::<i32>::new(|co| co.yield_(7)); // needs none
        assert_eq!(numbers.next(), Some(7));
        files.truncate(files.len() - 10);
        let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
        let before = open();
        assert_eq!(cede::run(cede::coroutine(|| 7)).unwrap(), 7);
        assert_eq!(open(), before);
    });
    assert_eq!(ended.succeeded(), "");
}

/// A loop gives its descriptors back.
#[test]
fn loops_made_one_after_another_leak_no_descriptors() {
    let ended = in_limited_child("ulimit -n 40", &[], || {
        for n in 0..200 {
            assert_eq!(cede::run(cede::coroutine(move || n)).unwrap(), n);
        }
    });
    assert_eq!(ended.succeeded(), "");
}

const ANY: &str = "127.0.0.1:0";

/// Says of each of these, which need a descriptor, what came of it.
fn tries(listening: SocketAddr) -> [(&'static str, io::Result<()>); 6] {
    [
        ("TcpStream::connect: 127.0.0.1", TcpStream::connect(listening).map(drop)),
        ("TcpStream::connect: ", TcpStream::connect(&[listening, listening][..]).map(drop)),
        ("TcpListener::bind: ", TcpListener::bind(ANY).map(drop)),
        ("UdpSocket::bind: ", UdpSocket::bind(ANY).map(drop)),
        ("UnixStream::pair: ", UnixStream::pair().map(drop)),
        ("Command::spawn: 'true': ", Command::new("true").stdin(Stdio::piped()).spawn().map(drop)),
    ]
}

/// EMFILE: an error to whoever asked for a socket or a program. The loop goes on, and so does what is open.
#[test]
fn without_descriptors_sockets_and_programs_are_errors_until_some_are_free() {
    let ended = in_limited_child("ulimit -n 60", &[], || {
        let main = || -> io::Result<()> {
            let listener = TcpListener::bind(ANY)?;
            let address = listener.local_addr()?;
            let (mut one, mut other) = UnixStream::pair()?;
            // What is opened once, and then kept, is open.
            tries(address).into_iter().try_for_each(|(_, done)| done)?;
            let mut hoard = Vec::new();
            while let Ok(file) = File::open("/dev/null") {
                hoard.push(file);
            }
            for (begins, done) in tries(address) {
                let text = done.unwrap_err().to_string();
                assert!(
                    text.starts_with(begins) && text.contains("Too many open files"),
                    "{begins:?}: {text}"
                );
            }
            // Without pipes it needs none: the end is asked for, and not told.
            assert!(Command::new("true").status()?.success());
            one.write_all(b"on")?;
            yield_now().await_()?;
            other.read_exact(&mut [0; 2])?;
            drop(hoard);
            for (begins, done) in tries(address) {
                done.unwrap_or_else(|error| panic!("{begins:?}: {error}"));
            }
            Ok(())
        };
        cede::run(cede::coroutine(main)).unwrap().unwrap();
    });
    assert_eq!(ended.succeeded(), "");
}
