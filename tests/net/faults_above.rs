//! Faults at the system calls, by seeds, under all that stands on sockets: encryption, buffered writers, servers, other
//! programs, datagrams, connecting. Nothing is lost, nothing spins, and what was made and could not be used is closed.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use cede::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};
use cede::pipe::pipe;
use cede::process::{Command, Stdio};
use cede::streams::{StreamReader, StreamWriter, open_connection, start_server};
use cede::tls::TlsStream;
use cede::{Awaitable, LoopHandle, Runner, VirtualClock, yield_now};
use cede_tests::child;

use crate::help::{run, spawn};
use crate::row_35_connect::nobody;
use crate::tls::configs;

const MUCH: usize = 100_000;

fn bytes() -> Vec<u8> {
    (0..MUCH).map(|n| (n * 7 % 251) as u8).collect()
}

/// Runs it once for each seed with faults, and bounds how often anybody was given control.
#[track_caller]
fn with_faults(
    seeds: std::ops::Range<u64>,
    (one_in, errors): (u64, bool),
    most_callbacks: u64,
    main: impl Fn(u64) -> io::Result<()> + Copy + 'static,
) {
    for seed in seeds {
        let callbacks = run(move || -> io::Result<u64> {
            let event_loop = cede::running_loop()?;
            event_loop.inject_faults(seed, one_in, errors);
            main(seed)?;
            Ok(event_loop.callbacks_run())
        })
        .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert!(callbacks < most_callbacks, "seed {seed}: {callbacks}");
    }
}

/// Whether an error is one of those that are injected, or what one of them comes to on the other side.
pub(crate) fn injected(error: &io::Error) -> bool {
    let kinds = [
        ErrorKind::ConnectionReset,
        ErrorKind::ConnectionRefused,
        ErrorKind::BrokenPipe,
        ErrorKind::TimedOut,
        ErrorKind::UnexpectedEof,
        ErrorKind::OutOfMemory,
        ErrorKind::StorageFull,
    ];
    // What std has no word for: EMFILE, ENFILE, ENOBUFS.
    kinds.contains(&error.kind()) || format!("{:?}", error.kind()) == "Uncategorized"
}

#[test]
fn encryption_loses_nothing() {
    with_faults(0..20, (3, false), 10_000, |seed| {
        let (server, client) = configs();
        let (ours, theirs) = UnixStream::pair()?;
        let client = TlsStream::connect(client, "localhost", ours)?;
        let server = TlsStream::accept(server, theirs)?;
        let writer = spawn(move || -> io::Result<()> {
            let writer = StreamWriter::new(Rc::new(server));
            writer.write(&bytes())?;
            writer.close();
            writer.wait_closed()
        });
        let mut all = Vec::new();
        (&client).read_to_end(&mut all)?; // to an end that is told
        assert!(all == bytes(), "seed {seed}");
        writer.await_()?
    });
}

#[test]
fn an_encrypted_connection_that_is_lost_is_an_error_on_both_sides_and_what_came_before_is_right() {
    with_faults(0..40, (6, true), 10_000, |seed| {
        let (server, client) = configs();
        let Ok((ours, theirs)) = UnixStream::pair() else { return Ok(()) };
        let client = TlsStream::connect(client, "localhost", ours)?;
        let server = TlsStream::accept(server, theirs)?;
        let writer = spawn(move || (&server).write_all(&bytes()));
        let mut all = Vec::new();
        let read = (&client).read_to_end(&mut all);
        drop(client);
        let written = writer.await_()?;
        assert!(bytes().starts_with(&all), "seed {seed}");
        assert!(read.is_err() || written.is_ok() && all.len() == MUCH, "seed {seed}");
        for error in [read.err(), written.err()].into_iter().flatten() {
            assert!(injected(&error), "seed {seed}: {error:?}");
        }
        Ok(())
    });
}

/// The writer's own error comes at its next call, and never a silent loss.
#[test]
fn a_buffered_writer_says_that_its_connection_is_lost() {
    with_faults(0..40, (4, true), 10_000, |seed| {
        let Ok((ours, theirs)) = UnixStream::pair() else { return Ok(()) };
        let reader = spawn(move || {
            let mut all = Vec::new();
            let ended = (&theirs).read_to_end(&mut all);
            (all, ended.map(drop))
        });
        let writer = StreamWriter::new(Rc::new(ours));
        let written = bytes().chunks(10_000).try_for_each(|part| {
            writer.write(part)?;
            writer.drain()
        });
        let written = written.and_then(|()| writer.flush());
        drop(writer);
        let (all, read) = reader.await_()?;
        assert!(bytes().starts_with(&all), "seed {seed}");
        assert!(written.is_err() || read.is_err() || all.len() == MUCH, "seed {seed}: {}", all.len());
        for error in [written.err(), read.err()].into_iter().flatten() {
            assert!(injected(&error), "seed {seed}: {error:?}");
        }
        Ok(())
    });
}

#[test]
fn a_server_answers_everybody() {
    with_faults(0..20, (3, false), 5_000, |seed| {
        let server = start_server("127.0.0.1:0", |mut reader, writer| -> io::Result<()> {
            while let Some(line) = reader.read_line()? {
                writer.write(&line)?;
                writer.drain()?;
            }
            Ok(())
        })?;
        let address = server.local_addr().expect("it serves by TCP");
        let clients: Vec<_> = (0..5)
            .map(|number| {
                spawn(move || -> io::Result<()> {
                    let (mut reader, writer) = open_connection(address)?;
                    for line in 0..10 {
                        let line = format!("{number} says {line}\n").into_bytes();
                        writer.write(&line)?;
                        assert_eq!(reader.read_line()?, Some(line), "seed {seed}");
                    }
                    Ok(())
                })
            })
            .collect();
        clients.into_iter().try_for_each(|client| client.await_()?)?;
        server.shutdown(None)
    });
}

/// Its listener and the connections that it loses are its own: the server goes on. The pauses are virtual.
#[test]
fn a_server_whose_connections_fail_goes_on() {
    for seed in 0..20 {
        let runner = Runner::new().clock(VirtualClock::new()).exception_handler(|_, _| ());
        let served = { runner }.run(cede::coroutine(move || -> io::Result<()> {
            let event_loop = cede::running_loop()?;
            let server = start_server("127.0.0.1:0", |mut reader, writer| -> io::Result<()> {
                while let Some(line) = reader.read_line()? {
                    writer.write(&line)?;
                }
                Ok(())
            })?;
            let address = server.local_addr().expect("it serves by TCP");
            event_loop.inject_faults(seed, 3, true);
            for _ in 0..20 {
                let asked = open_connection(address).and_then(|(mut reader, writer)| {
                    writer.write(b"hello\n")?;
                    Ok(reader.read_line()?)
                });
                match asked {
                    // All of it, or as much as came before the connection was lost.
                    Ok(answer) => assert!(b"hello\n".starts_with(&answer.unwrap_or_default()), "seed {seed}"),
                    Err(error) => assert!(injected(&error), "seed {seed}: {error:?}"),
                }
            }
            event_loop.stop_faults();
            let (mut reader, writer) = open_connection(address)?;
            writer.write(b"still there?\n")?;
            assert_eq!(reader.read_line()?.as_deref(), Some(&b"still there?\n"[..]), "seed {seed}");
            drop((reader, writer));
            assert!(server.is_serving());
            server.shutdown(Duration::from_secs(1))?;
            assert!(event_loop.callbacks_run() < 5_000, "seed {seed}: {}", event_loop.callbacks_run());
            Ok(())
        }));
        served.unwrap().unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
}

#[test]
fn another_program_hears_and_says_everything() {
    with_faults(0..20, (3, false), 10_000, |seed| {
        let cat = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let output = cat.communicate(&bytes())?;
        assert!(output.status.success() && output.stdout == bytes(), "seed {seed}");
        Ok(())
    });
}

#[test]
fn a_pipe_loses_nothing_and_its_errors_come_out() {
    for errors in [false, true] {
        with_faults(0..20, (3, errors), 10_000, |seed| {
            let (mut reader, writer) = loop {
                match pipe() {
                    Err(error) => assert!(injected(&error), "seed {seed}: {error:?}"),
                    pair => break pair?,
                }
            };
            let written = spawn(move || (&writer).write_all(&bytes()));
            let mut all = Vec::new();
            reader.read_to_end(&mut all)?;
            match written.await_()? {
                Ok(()) => assert!(all == bytes(), "seed {seed}"),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::BrokenPipe, "seed {seed}");
                    assert!(bytes().starts_with(&all), "seed {seed}");
                }
            }
            Ok(())
        });
    }
}

#[test]
fn a_datagram_comes_whole_or_not_at_all() {
    with_faults(0..40, (3, false), 5_000, |seed| {
        let (one, other) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
        let there = other.local_addr()?;
        let answers = spawn(move || -> io::Result<()> {
            let mut bytes = [0; 2_000];
            for _ in 0..20 {
                let (count, from) = other.recv_from(&mut bytes)?;
                other.send_to(&bytes[..count], from)?;
            }
            Ok(())
        });
        for number in 0..20 {
            let question = vec![number; 1_000 + usize::from(number)];
            one.send_to(&question, there)?;
            let mut answer = [0; 2_000];
            assert_eq!(one.recv_from(&mut answer)?, (question.len(), there), "seed {seed}");
            assert!(answer.starts_with(&question), "seed {seed}");
        }
        answers.await_()?
    });
}

#[test]
fn an_error_of_a_datagram_leaves_its_socket_as_it_was() {
    with_faults(0..40, (3, true), 5_000, |seed| {
        let Ok((one, other)) = UnixDatagram::pair() else { return Ok(()) };
        let (mut sent, mut heard) = (Vec::new(), Vec::new());
        for number in 0..20 {
            match one.send(&[number; 10]) {
                Ok(count) => sent.push((count, number)),
                Err(error) => assert!(injected(&error), "seed {seed}: {error:?}"),
            }
            let mut bytes = [0; 100];
            while heard.len() < sent.len() {
                match other.recv(&mut bytes) {
                    Ok(count) => heard.push((count, bytes[0])),
                    Err(error) => assert!(injected(&error), "seed {seed}: {error:?}"),
                }
            }
        }
        assert_eq!(heard, sent, "seed {seed}");
        Ok(())
    });
}

#[test]
fn connecting_to_several_addresses_finds_the_one_that_answers() {
    with_faults(0..40, (2, false), 1_000, |seed| {
        let nobody = nobody()?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let stream = TcpStream::connect([nobody, listener.local_addr()?, nobody])?;
        assert_eq!(listener.accept()?.1, stream.local_addr()?, "seed {seed}");
        Ok(())
    });
}

#[test]
fn connecting_that_fails_at_some_addresses_names_each_or_takes_another() {
    let (mut connected, mut failed) = (0, 0);
    for seed in 0..60 {
        let tried = run(move || -> io::Result<io::Result<SocketAddr>> {
            let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
            let address = listener.local_addr()?;
            cede::running_loop()?.inject_faults(seed, 2, true);
            let connected = TcpStream::connect([address, address]);
            cede::running_loop()?.stop_faults();
            yield_now().await_()?;
            assert_eq!(cede::all_tasks().len(), 1, "seed {seed}: no attempt is left");
            let connected = connected.and_then(|stream| stream.peer_addr());
            assert!(connected.as_ref().is_ok_and(|peer| *peer == address) || connected.is_err());
            Ok(connected.inspect_err(|error| {
                let each = error.to_string();
                assert_eq!(each.matches(&address.to_string()).count(), 2, "seed {seed}: {each}");
            }))
        });
        match tried.unwrap() {
            Ok(_) => connected += 1,
            Err(_) => failed += 1,
        }
    }
    assert!(connected > 10 && failed > 0, "{connected} {failed}");
}

/// EMFILE, ENFILE, ENOBUFS, ENOMEM: an error that names the call, and nothing that was made for it is left.
#[test]
fn for_want_of_descriptors_each_call_says_so_and_leaves_none() {
    type Makes = fn() -> io::Result<()>;
    let calls: [(&str, &str, Makes); 13] = [
        ("TcpListener::bind", "127.0.0.1:0", || TcpListener::bind("127.0.0.1:0").map(drop)),
        ("TcpListener::from_std", "", || {
            TcpListener::from_std(std::net::TcpListener::bind("127.0.0.1:0")?).map(drop)
        }),
        ("TcpStream::connect", "127.0.0.1:9", || TcpStream::connect("127.0.0.1:9").map(drop)),
        ("UdpSocket::bind", "127.0.0.1:0", || UdpSocket::bind("127.0.0.1:0").map(drop)),
        ("UnixStream::pair", "", || UnixStream::pair().map(drop)),
        ("UnixStream::connect", "/nowhere/at/all", || UnixStream::connect("/nowhere/at/all").map(drop)),
        ("UnixListener::bind", "/nowhere/at/all", || UnixListener::bind("/nowhere/at/all").map(drop)),
        ("UnixDatagram::unbound", "", || UnixDatagram::unbound().map(drop)),
        ("UnixDatagram::pair", "", || UnixDatagram::pair().map(drop)),
        ("UnixDatagram::bind", "/nowhere/at/all", || UnixDatagram::bind("/nowhere/at/all").map(drop)),
        ("UnixDatagram::connect", "/nowhere/at/all", || UnixDatagram::unbound()?.connect("/nowhere/at/all")),
        ("pipe", "", || pipe().map(drop)),
        ("Command::spawn", "'true'", || Command::new("true").status().map(drop)),
    ];
    let ended = child::in_child(&[], move || {
        let descriptors = || std::fs::read_dir("/proc/self/fd").unwrap().count();
        run(move || -> io::Result<()> {
            let event_loop = cede::running_loop()?;
            drop(UnixStream::pair()?); // the loop has what it needs for itself
            cede::sleep(Duration::from_millis(1)).await_()?; // its timer, too
            let before = descriptors();
            for (call, object, make) in calls {
                let mut wants = 0;
                for seed in 0..200 {
                    event_loop.inject_faults(seed, 2, true);
                    let made = make();
                    event_loop.stop_faults();
                    if let Err(error) = made {
                        let text = error.to_string();
                        let names: Vec<_> = text.split(": ").filter(|part| part.contains("::")).collect();
                        // What cannot be made is named by its address; what cannot be waited for by its number.
                        let rest = text.strip_prefix(call).and_then(|text| text.strip_prefix(": "));
                        let known = rest
                            .is_some_and(|rest| rest.starts_with(object) || rest.starts_with("descriptor "));
                        let other =
                            call == "UnixDatagram::connect" && text.starts_with("UnixDatagram::unbound: ");
                        assert!(known || other, "{call}: {text}");
                        assert!(names.len() <= 1, "{text}");
                        let words =
                            ["os error 24", "os error 23", "os error 105", "os error 12", "os error 28"];
                        wants += usize::from(words.iter().any(|word| text.contains(word)));
                    }
                }
                assert!(wants > 10 || call == "TcpListener::from_std", "{call}: {wants}");
            }
            assert_eq!(descriptors(), before);
            Ok(())
        })
        .unwrap();
    });
    ended.succeeded();
}

/// The loop's own wait is interrupted: nothing runs early, nothing late by a turn, and nobody spins: neither by turns nor
/// by waits that are none.
#[test]
fn a_loop_whose_wait_is_interrupted_keeps_time() {
    /// What a task waits for, and how many turns and callbacks that took.
    fn counted(event_loop: &LoopHandle, wait: impl FnOnce() -> io::Result<()>) -> io::Result<(u64, u64)> {
        let before = (event_loop.turns(), event_loop.callbacks_run());
        wait()?;
        Ok((event_loop.turns() - before.0, event_loop.callbacks_run() - before.1))
    }
    let mut interruptions = 0;
    for seed in 0..20 {
        let faults = run(move || -> io::Result<u64> {
            let event_loop = cede::running_loop()?;
            let sleeps = |milliseconds| {
                let time = Duration::from_millis(milliseconds);
                let began = event_loop.time();
                let took = counted(&event_loop, || Ok(cede::sleep(time).await_()?))?;
                assert!(event_loop.time() >= began + time, "seed {seed}: early");
                io::Result::Ok(took)
            };
            let undisturbed = sleeps(1)?;
            event_loop.inject_faults(seed, 2, false);
            for milliseconds in [1, 2, 3] {
                assert_eq!(sleeps(milliseconds)?, undisturbed, "seed {seed}");
            }
            let (mut ours, theirs) = UnixStream::pair()?;
            let reader = spawn(move || StreamReader::new(theirs).read_line().map_err(io::Error::from));
            let (turns, callbacks) = counted(&event_loop, || {
                yield_now().await_()?;
                ours.write_all(b"hello\n")?;
                assert_eq!(reader.await_()??.as_deref(), Some(&b"hello\n"[..]), "seed {seed}");
                Ok(())
            })?;
            assert!(turns < 50 && callbacks < 50, "seed {seed}: {turns} turns, {callbacks} callbacks");
            Ok(event_loop.faults_injected())
        })
        .unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert!(faults < 100, "seed {seed}: {faults}");
        interruptions += faults;
    }
    assert!(interruptions > 20, "{interruptions}");
}
