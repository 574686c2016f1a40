//! The system says no: an error to whoever asked.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream as StdStream;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use cede::net::{TcpListener, TcpStream, UdpSocket, UnixStream};
use cede::process::{Command, Stdio};
use cede::{Awaitable, EventLoop, Generator, create_task, sleep, yield_now};
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

/// EMFILE where the loop would make its first timer: it sleeps by what it has, is not early, and tells nobody.
#[test]
fn without_descriptors_a_loop_that_has_had_no_deadline_yet_sleeps_and_serves_who_is_connected() {
    let ended = in_limited_child("ulimit -n 40", &[("CEDE_REACTOR", "epoll")], || {
        let main = || -> io::Result<()> {
            let listener = TcpListener::bind(ANY)?;
            let client = std::net::TcpStream::connect(listener.local_addr()?)?;
            let (mut ours, theirs) = StdStream::pair()?;
            theirs.set_nonblocking(true)?;
            let mut theirs = UnixStream::from_std(theirs)?;
            let mut hoard = Vec::new();
            while let Ok(file) = File::open("/dev/null") {
                hoard.push(file);
            }
            let (pause, pauses) = mpsc::channel::<()>();
            let asks = thread::spawn(move || -> io::Result<()> {
                pauses.recv().expect("the loop goes on"); // nobody is accepted: the loop sleeps until it tries again
                for ask in 0..100 {
                    ours.write_all(&[ask])?;
                    let mut answer = [0];
                    ours.read_exact(&mut answer)?;
                    assert_eq!(answer, [ask]);
                }
                drop(hoard);
                Ok(())
            });
            let echo = create_task(cede::coroutine(move || -> io::Result<()> {
                let mut byte = [0];
                while theirs.read(&mut byte)? > 0 {
                    theirs.write_all(&byte)?;
                }
                Ok(())
            }));
            let accepts = create_task(cede::coroutine(move || listener.accept().map(|(_, address)| address)));
            for _ in 0..3 {
                yield_now().await_()?;
            }
            assert!(!accepts.done());
            pause.send(()).expect("it waits");
            echo.await_()??;
            asks.join().expect("it is answered")?;
            assert!(!accepts.done(), "all was answered within the pause");
            assert_eq!(accepts.await_()??, client.local_addr()?);
            Ok(())
        };
        cede::run(cede::coroutine(main)).unwrap().unwrap();
    });
    let stderr = ended.succeeded();
    assert!(stderr.contains("TcpListener::accept: nobody can be accepted: "), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

/// The same: never early, be it by less than the millisecond that the system counts.
#[test]
fn without_descriptors_a_sleep_ends_when_it_should() {
    let ended = in_limited_child("ulimit -n 40", &[("CEDE_REACTOR", "epoll")], || {
        let main = || -> io::Result<()> {
            let mut hoard = Vec::new();
            while let Ok(file) = File::open("/dev/null") {
                hoard.push(file);
            }
            for micros in [10, 300, 1_000, 1_700, 20_500] {
                let (length, began) = (Duration::from_micros(micros), Instant::now());
                sleep(length).await_()?;
                assert!(began.elapsed() >= length, "{micros}");
            }
            drop(hoard); // the next one has a timer
            sleep(Duration::from_millis(1)).await_()?;
            Ok(())
        };
        cede::run(cede::coroutine(main)).unwrap().unwrap();
    });
    assert_eq!(ended.succeeded(), "");
}
