//! Row 34, servers. CPython: test_server.
//!
//! What is to be refused once it is closed is closed in a process of its own: in this one other tests start programs,
//! each of which has a copy of every descriptor until it begins, so that a closed listener accepts for a while.

use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use cede::net::{TcpStream, UnixListener, UnixStream};
use cede::streams::{
    Server, open_connection, open_unix_connection, serve_streams, start_server, start_unix_server,
};
use cede::{Awaitable, Failure, Runner, sleep, yield_now};
use cede_tests::child;

use crate::help::{run, spawn};

/// Answers every line with itself until the end.
fn echo() -> io::Result<Server> {
    start_server("127.0.0.1:0", |mut reader, writer| -> io::Result<()> {
        while let Some(line) = reader.read_line()? {
            writer.write(&line)?;
            writer.drain()?;
        }
        Ok(())
    })
}

fn address(server: &Server) -> std::net::SocketAddr {
    server.local_addr().expect("it serves by TCP")
}

/// test_start_server_1
#[test]
fn each_connection_is_served_in_a_task_of_its_own() {
    run(|| -> io::Result<()> {
        let server = echo()?;
        let mut clients = Vec::new();
        for _ in 0..10 {
            clients.push(open_connection(address(&server))?);
        }
        for (n, (reader, writer)) in clients.iter_mut().enumerate().rev() {
            writer.write(format!("{n}\n").as_bytes())?;
            assert_eq!(reader.read_line()?, Some(format!("{n}\n").into_bytes()));
        }
        assert_eq!((server.connections(), server.is_serving()), (10, true));
        drop(clients);
        server.shutdown(None)
    })
    .unwrap();
}

/// test_wait_closed_basic
#[test]
fn a_closed_server_accepts_nobody_and_waits_for_the_open_ones() {
    child::in_child(&[], || {
        run(|| -> io::Result<()> {
            let server = echo()?;
            let (mut reader, writer) = open_connection(address(&server))?;
            writer.write(b"x\n")?;
            reader.read_line()?;
            server.close();
            server.close(); // once more does nothing
            let closed = spawn({
                let server = server.clone();
                move || server.wait_closed()
            });
            for _ in 0..5 {
                yield_now().await_()?;
            }
            assert!(!server.is_serving() && !closed.done());
            assert_eq!(
                TcpStream::connect(address(&server)).unwrap_err().kind(),
                ErrorKind::ConnectionRefused
            );
            writer.write(b"still there?\n")?;
            assert_eq!(reader.read_line()?.as_deref(), Some(&b"still there?\n"[..]));
            drop((reader, writer));
            closed.await_()?
        })
        .unwrap();
    })
    .succeeded();
}

/// test_wait_closed_race: the last connection ends in the turn in which the server is closed.
#[test]
fn wait_closed_does_not_miss_a_connection_that_ends_at_the_same_time() {
    run(|| -> io::Result<()> {
        let server = Rc::new(RefCell::new(None::<Server>));
        let inside = server.clone();
        let serving = start_server("127.0.0.1:0", move |mut reader, _| -> io::Result<()> {
            reader.read_line()?;
            if let Some(server) = &*inside.borrow() {
                server.close();
            }
            Ok(())
        })?;
        *server.borrow_mut() = Some(serving.clone());
        let (_reader, writer) = open_connection(address(&serving))?;
        writer.write(b"close\n")?;
        serving.wait_closed()?;
        server.take();
        Ok(())
    })
    .unwrap();
}

/// test_close_clients
#[test]
fn close_clients_lets_handlers_read_the_end() {
    run(|| -> io::Result<()> {
        let server = echo()?;
        let (mut reader, writer) = open_connection(address(&server))?;
        writer.write(b"x\n")?;
        reader.read_line()?;
        server.close();
        server.close_clients();
        server.wait_closed()?;
        assert_eq!(reader.read_line()?, None);
        Ok(())
    })
    .unwrap();
}

/// test_abort_clients
#[test]
fn abort_clients_cancels_the_handlers() {
    run(|| -> io::Result<()> {
        let heard = Rc::new(RefCell::new(Vec::new()));
        let told = heard.clone();
        let server = start_server("127.0.0.1:0", move |mut reader, _| -> io::Result<()> {
            let read = reader.read_line().map_err(io::Error::from);
            told.borrow_mut().push(read.as_ref().is_err_and(Failure::is_cancelled));
            read.map(drop)
        })?;
        let (_reader, _writer) = open_connection(address(&server))?;
        while server.connections() == 0 {
            yield_now().await_()?;
        }
        yield_now().await_()?;
        server.close();
        server.abort_clients();
        server.wait_closed()?;
        assert_eq!(heard.take(), [true]);
        Ok(())
    })
    .unwrap();
}

/// A graceful shutdown: patience first, then an end.
#[test]
fn shutdown_waits_as_long_as_it_is_told_and_then_ends_what_is_left() {
    run(|| -> io::Result<()> {
        let server = echo()?;
        let (mut reader, writer) = open_connection(address(&server))?;
        writer.write(b"x\n")?;
        reader.read_line()?;
        server.shutdown(Duration::from_millis(1))?;
        assert_eq!((server.connections(), reader.read_line()?), (0, None));
        Ok(())
    })
    .unwrap();
}

/// More than the system takes at once.
const MUCH: usize = 16 << 20;

/// A handler that refuses its cancellation finds its connection gone.
#[test]
fn a_handler_that_goes_on_after_its_cancellation_reads_the_end() {
    run(|| -> io::Result<()> {
        let server = start_server("127.0.0.1:0", |mut reader, _writer| -> io::Result<()> {
            loop {
                match reader.read_some(10).map_err(io::Error::from) {
                    Err(error) if error.is_cancelled() => {}
                    Ok(bytes) if bytes.is_empty() => return Ok(()),
                    read => drop(read?),
                }
            }
        })?;
        let (mut reader, _writer) = open_connection(address(&server))?;
        while server.connections() == 0 {
            yield_now().await_()?;
        }
        server.shutdown(Duration::from_millis(1))?;
        assert_eq!(reader.read_line()?, None);
        Ok(())
    })
    .unwrap();
}

/// test_events: test_create_server_multiple_hosts_ipv4, test_create_server_dual_stack
#[test]
fn a_server_listens_at_all_addresses_that_it_is_given() {
    child::in_child(&[], || {
        run(|| -> io::Result<()> {
            let addresses: [std::net::SocketAddr; 2] =
                ["127.0.0.1:0".parse().unwrap(), "127.0.0.2:0".parse().unwrap()];
            let server = start_server(addresses, |mut reader, writer| -> io::Result<()> {
                writer.write(&reader.read_line()?.unwrap_or_default())
            })?;
            let listening = server.local_addrs().to_vec();
            assert_eq!(
                listening.iter().map(|address| address.ip()).collect::<Vec<_>>(),
                addresses.map(|a| a.ip())
            );
            for address in &listening {
                let (mut reader, writer) = open_connection(address)?;
                writer.write(b"hello\n")?;
                assert_eq!(reader.read_line()?.as_deref(), Some(&b"hello\n"[..]));
            }
            server.shutdown(None)?;
            for address in &listening {
                assert_eq!(TcpStream::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
            }

            // Where there is no IPv6, it is left out; where there is, both have the port.
            let any = |port| -> [std::net::SocketAddr; 2] {
                [
                    (std::net::Ipv4Addr::UNSPECIFIED, port).into(),
                    (std::net::Ipv6Addr::UNSPECIFIED, port).into(),
                ]
            };
            let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            let server = start_server(any(free), |_, _| io::Result::Ok(()))?;
            assert!(server.local_addrs().iter().all(|address| address.port() == free));
            // One that is taken is an error, and lets go of the others.
            let error = start_server([addresses[0], any(free)[0]], |_, _| io::Result::Ok(())).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AddrInUse);
            assert!(error.to_string().starts_with(&format!("start_server: 0.0.0.0:{free}: ")), "{error}");
            server.shutdown(None)
        })
        .unwrap();
    })
    .succeeded();
}

/// asyncio: `limit`.
#[test]
fn a_handler_may_limit_how_long_a_line_is() {
    run(|| -> io::Result<()> {
        let server = start_server("127.0.0.1:0", |mut reader, writer| -> io::Result<()> {
            reader.set_limit(10);
            let said = match reader.read_line() {
                Err(error) if error.is_limit_overrun() => "too long\n",
                _ => "fine\n",
            };
            writer.write(said.as_bytes())
        })?;
        for (line, answer) in [("short\n", "fine\n"), ("a line that is long\n", "too long\n")] {
            let (mut reader, writer) = open_connection(address(&server))?;
            writer.write(line.as_bytes())?;
            assert_eq!(reader.read_line()?.as_deref(), Some(answer.as_bytes()));
        }
        server.shutdown(None)
    })
    .unwrap();
}

fn much() -> io::Result<Server> {
    start_server("127.0.0.1:0", |_, writer| writer.write(&vec![b'x'; MUCH]))
}

/// asyncio's server waits for its transports, which send what they keep.
#[test]
fn what_a_handler_leaves_to_be_sent_is_sent_before_the_server_counts_its_connection_as_ended() {
    let client = run(|| -> io::Result<_> {
        let server = much()?;
        let address = address(&server);
        let client = std::thread::spawn(move || -> io::Result<usize> {
            let mut stream = std::net::TcpStream::connect(address)?;
            io::copy(&mut stream, &mut io::sink()).map(|count| count as usize)
        });
        while server.connections() == 0 {
            yield_now().await_()?;
        }
        server.shutdown(None)?;
        Ok(client) // and the loop ends, with whatever is still to be sent
    });
    assert_eq!(client.unwrap().join().unwrap().unwrap(), MUCH);
}

/// asyncio: `transport.abort()` forgets what it keeps.
#[test]
fn what_is_left_to_be_sent_to_somebody_who_does_not_read_is_forgotten_with_his_patience() {
    run(|| -> io::Result<()> {
        let server = much()?;
        let client = TcpStream::connect(address(&server))?;
        while server.connections() == 0 {
            yield_now().await_()?;
        }
        server.shutdown(Duration::from_millis(1))?;
        assert_eq!(server.connections(), 0);
        let others = cede::all_tasks().into_iter().filter(|task| !task.done()).count() - 1;
        assert_eq!(others, 0, "nobody sends any more");
        let got = io::copy(&mut &client, &mut io::sink())?;
        assert!((got as usize) < MUCH, "and the stream has ended: {got}");
        Ok(())
    })
    .unwrap();
}

/// test_start_server_1, serve_forever: cancelled, it closes the server.
#[test]
fn serving_for_ever_ends_with_its_cancellation_and_closes_the_server() {
    run(|| -> io::Result<()> {
        let server = echo()?;
        let forever = spawn({
            let server = server.clone();
            move || server.serve_forever()
        });
        let (mut reader, writer) = open_connection(address(&server))?;
        writer.write(b"x\n")?;
        assert_eq!(reader.read_line()?.as_deref(), Some(&b"x\n"[..]));
        forever.cancel();
        assert!(forever.await_()?.unwrap_err().is_cancelled());
        assert!(!server.is_serving());
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_handler_that_panics_or_fails_is_reported_and_ends_its_connection_alone() {
    let reports = Rc::new(RefCell::new(Vec::new()));
    let told = reports.clone();
    let mut runner = Runner::new()
        .debug(false)
        .exception_handler(move |_, report| told.borrow_mut().push(report.to_string()));
    let served = runner.run(cede::coroutine(|| -> io::Result<()> {
        let server = start_server("127.0.0.1:0", |mut reader, writer| -> io::Result<()> {
            match reader.read_line()?.as_deref() {
                Some(b"panic\n") => panic!("as you wish"),
                Some(b"fail\n") => Err(io::Error::other("as you wish")),
                _ => writer.write(b"well\n"),
            }
        })?;
        for (word, answer) in [("panic\n", None), ("fail\n", None), ("\n", Some(b"well\n".to_vec()))] {
            let (mut reader, writer) = open_connection(address(&server))?;
            writer.write(word.as_bytes())?;
            assert_eq!(reader.read_line()?, answer);
        }
        server.shutdown(None)
    }));
    served.unwrap().unwrap();
    let reports = reports.take();
    assert_eq!(reports.len(), 2, "{reports:#?}");
    assert!(reports.iter().all(|report| report.contains("as you wish")), "{reports:#?}");
}

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

/// test_unix_events: test_create_unix_server_existing_path_sock; test_server: test_unix_server_sock_cleanup
#[test]
fn a_path_that_was_left_is_taken_over_and_ours_is_removed_at_the_end() {
    let place = Place::new("server");
    let path = place.0.clone();
    run(move || -> io::Result<()> {
        drop(std::os::unix::net::UnixListener::bind(&path)?); // leaves its path behind
        let server = start_unix_server(&path, |mut reader, writer| -> io::Result<()> {
            let line = reader.read_line()?.unwrap_or_default();
            writer.write(&line)
        })?;
        let (mut reader, writer) = open_unix_connection(&path)?;
        writer.write(b"hello\n")?;
        assert_eq!(reader.read_line()?.as_deref(), Some(&b"hello\n"[..]));
        server.shutdown(None)?;
        assert!(!path.exists());
        Ok(())
    })
    .unwrap();
}

/// test_server: test_unix_server_cleanup_gone, test_unix_server_cleanup_replaced
#[test]
fn a_path_that_another_server_has_taken_is_not_removed() {
    let place = Place::new("replaced");
    let path = place.0.clone();
    run(move || -> io::Result<()> {
        let first = start_unix_server(&path, |_, _| -> io::Result<()> { Ok(()) })?;
        let _second = start_unix_server(&path, |_, _| -> io::Result<()> { Ok(()) })?;
        first.shutdown(None)?;
        UnixStream::connect(&path)?;
        std::fs::remove_file(&path)
    })
    .unwrap();
}

/// test_server: test_unix_server_cleanup_prevented
#[test]
fn a_path_that_the_program_has_bound_itself_stays() {
    child::in_child(&[], || {
        let place = Place::new("kept");
        let path = place.0.clone();
        run(move || -> io::Result<()> {
            let server = serve_streams(UnixListener::bind(&path)?, |mut reader, writer| -> io::Result<()> {
                let line = reader.read_line()?.unwrap_or_default();
                writer.write(&line)
            });
            let (mut reader, writer) = open_unix_connection(&path)?;
            writer.write(b"hello\n")?;
            assert_eq!(reader.read_line()?.as_deref(), Some(&b"hello\n"[..]));
            server.shutdown(None)?;
            assert_eq!(UnixStream::connect(&path).unwrap_err().kind(), ErrorKind::ConnectionRefused);
            std::fs::remove_file(&path)
        })
        .unwrap();
    })
    .succeeded();
}

/// test_unix_events: test_create_unix_server_existing_path_nonsock
#[test]
fn a_path_that_is_no_socket_stays() {
    let place = Place::new("file");
    let path = place.0.clone();
    std::fs::write(&path, "precious").unwrap();
    let error = run({
        let path = path.clone();
        move || start_unix_server(&path, |_, _| -> io::Result<()> { Ok(()) }).map(drop).unwrap_err()
    });
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert_eq!(std::fs::read(&path).unwrap(), b"precious");
}

/// A server whose task never began lets go of its address, too.
#[test]
fn a_server_closed_at_once_is_closed() {
    child::in_child(&[], || {
        run(|| -> io::Result<()> {
            let server = echo()?;
            server.close();
            server.wait_closed()?;
            assert_eq!(
                TcpStream::connect(address(&server)).unwrap_err().kind(),
                ErrorKind::ConnectionRefused
            );
            sleep(Duration::ZERO).await_()?;
            Ok(())
        })
        .unwrap();
    })
    .succeeded();
}
