//! TCP streams: reading, writing, ends, resets, and who runs meanwhile.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::rc::Rc;
use std::time::Duration;

use cede::net::{TcpListener, TcpStream};
use cede::{Awaitable, yield_now};
use cede_tests::trace::Trace;

use crate::help::{run, spawn, tcp_pair};

#[test]
fn a_read_cedes_until_something_comes_and_others_run_meanwhile() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || -> io::Result<()> {
        let (client, server) = tcp_pair()?;
        let (from_server, of_reader) = (told.clone(), told.clone());
        let reader = spawn(move || -> io::Result<()> {
            let mut bytes = [0; 16];
            of_reader.add("reads");
            let count = (&server).read(&mut bytes)?;
            of_reader.add(String::from_utf8_lossy(&bytes[..count]));
            Ok(())
        });
        for _ in 0..3 {
            yield_now().await_()?;
            from_server.add("another");
        }
        (&client).write_all(b"hello")?;
        reader.await_()??;
        Ok(())
    })
    .unwrap();
    assert_eq!(trace.take(), ["reads", "another", "another", "another", "hello"]);
}

/// The whole of what a protocol crate does: std's traits, buffers and helpers.
#[test]
fn code_for_blocking_streams_runs_unchanged_while_the_loop_serves_others() {
    // It knows of no loop.
    fn ask(stream: impl Read + Write, question: &str) -> io::Result<String> {
        let mut stream = BufReader::new(stream);
        writeln!(stream.get_mut(), "{question}")?;
        let mut answer = String::new();
        stream.read_line(&mut answer)?;
        Ok(answer.trim_end().to_owned())
    }
    let trace = Trace::new();
    let told = trace.clone();
    run(move || -> io::Result<()> {
        let (client, server) = tcp_pair()?;
        let asked = spawn(move || ask(client, "how deep?"));
        let server = BufReader::new(server);
        let mut lines = server.lines();
        let question = lines.next().expect("a line")?;
        told.add(question);
        for n in 0..100 {
            yield_now().await_()?; // the client waits in the middle of `ask`
            if n == 99 {
                told.add("a hundred turns later");
            }
        }
        let (client, server) = tcp_pair()?;
        drop((client, server));
        assert!(!asked.done());
        asked.cancel();
        assert!(asked.await_()?.is_err());
        Ok(())
    })
    .unwrap();
    assert_eq!(trace.take(), ["how deep?", "a hundred turns later"]);
}

#[test]
fn more_than_fits_is_written_while_the_other_side_reads() {
    const MUCH: usize = 8 << 20;
    let sum = run(|| -> io::Result<u64> {
        let (client, server) = tcp_pair()?;
        let writer = spawn(move || -> io::Result<()> {
            let bytes: Vec<u8> = (0..MUCH).map(|n| n as u8).collect();
            (&client).write_all(&bytes) // cedes where the buffers are full
        });
        let mut all = Vec::new();
        (&server).read_to_end(&mut all)?;
        writer.await_()??;
        assert!(all.iter().enumerate().all(|(n, byte)| *byte == n as u8));
        Ok(all.len() as u64)
    })
    .unwrap();
    assert_eq!(sum, MUCH as u64);
}

#[test]
fn the_end_is_read_after_the_data_even_if_both_came_at_once() {
    let read = run(|| -> io::Result<Vec<usize>> {
        let (client, server) = tcp_pair()?;
        (&client).write_all(b"last words")?;
        drop(client);
        let mut bytes = [0; 64];
        // The buffer is not filled, so the second read waits for news: that of the end.
        let counts: io::Result<Vec<_>> = (0..3).map(|_| (&server).read(&mut bytes)).collect();
        counts
    })
    .unwrap();
    assert_eq!(read, [10, 0, 0]);
}

/// RELIABILITY: half-closed peer: read gives the end, write goes on.
#[test]
fn a_half_closed_stream_can_still_be_written_to() {
    let answer = run(|| -> io::Result<String> {
        let (client, server) = tcp_pair()?;
        (&client).write_all(b"question")?;
        client.shutdown(Shutdown::Write)?;
        let mut question = String::new();
        (&server).read_to_string(&mut question)?;
        (&server).write_all(question.replace("question", "answer").as_bytes())?;
        drop(server);
        let mut answer = String::new();
        (&client).read_to_string(&mut answer)?;
        Ok(answer)
    })
    .unwrap();
    assert_eq!(answer, "answer");
}

/// RELIABILITY: EPIPE is an error of the write; no signal, no panic.
#[test]
fn writing_to_a_closed_peer_is_an_error() {
    let error = run(|| -> io::Result<ErrorKind> {
        let (client, server) = tcp_pair()?;
        drop(server);
        loop {
            if let Err(error) = (&client).write(b"anybody there?") {
                return Ok(error.kind());
            }
            yield_now().await_()?;
        }
    })
    .unwrap();
    assert!(matches!(error, ErrorKind::BrokenPipe | ErrorKind::ConnectionReset), "{error:?}");
}

/// RELIABILITY: ECONNRESET is an error of the read that waits.
#[test]
fn a_reset_wakes_the_reader_with_an_error() {
    let kind = run(|| -> io::Result<ErrorKind> {
        let (client, server) = tcp_pair()?;
        let reader = spawn(move || (&server).read(&mut [0; 8]));
        yield_now().await_()?;
        socket2::SockRef::from(&client).set_linger(Some(Duration::ZERO))?;
        drop(client); // sends a reset instead of an end
        Ok(reader.await_()?.unwrap_err().kind())
    })
    .unwrap();
    assert_eq!(kind, ErrorKind::ConnectionReset);
}

#[test]
fn shutting_the_reading_side_wakes_the_reader_with_the_end() {
    let count = run(|| -> io::Result<usize> {
        let (_client, server) = tcp_pair()?;
        let server = Rc::new(server);
        let reader = spawn({
            let server = server.clone();
            move || (&*server).read(&mut [0; 8])
        });
        yield_now().await_()?;
        server.shutdown(Shutdown::Read)?;
        reader.await_()?
    })
    .unwrap();
    assert_eq!(count, 0);
}

#[test]
fn peeking_takes_nothing() {
    run(|| -> io::Result<()> {
        let (client, server) = tcp_pair()?;
        (&client).write_all(b"abc")?;
        let mut bytes = [0; 8];
        assert_eq!((server.peek(&mut bytes)?, server.peek(&mut bytes)?), (3, 3));
        assert_eq!((&server).read(&mut bytes)?, 3);
        Ok(())
    })
    .unwrap();
}

/// One whose data never ends must not keep the loop for itself.
#[test]
fn a_task_that_always_finds_data_lets_others_go_first_now_and_then() {
    let turns = run(|| -> io::Result<usize> {
        let (client, server) = tcp_pair()?;
        (&client).write_all(&[0; 1000])?;
        while server.peek(&mut [0; 1000])? < 1000 {
            yield_now().await_()?;
        }
        let reader = spawn(move || -> io::Result<()> {
            for _ in 0..1000 {
                (&server).read_exact(&mut [0])?;
            }
            Ok(())
        });
        let mut turns = 0;
        while !reader.done() {
            turns += 1;
            yield_now().await_()?;
        }
        reader.await_()??;
        Ok(turns)
    })
    .unwrap();
    assert!(turns >= 10, "{turns}");
}

#[test]
fn a_stream_goes_out_of_a_loop_and_into_another() {
    let (client, server) = run(|| -> io::Result<_> {
        let (client, server) = tcp_pair()?;
        Ok((client.into_std()?, server.into_std()?))
    })
    .unwrap();
    (&client).write_all(b"on no loop").unwrap();
    let text = std::thread::spawn(move || {
        run(move || -> io::Result<String> {
            drop(client);
            let mut text = String::new();
            TcpStream::from_std(server)?.read_to_string(&mut text)?;
            Ok(text)
        })
    });
    assert_eq!(text.join().unwrap().unwrap(), "on no loop");
}

#[test]
fn a_stream_of_a_loop_that_was_closed_gives_errors_and_can_be_dropped() {
    let (client, server) = run(tcp_pair).unwrap();
    run(move || {
        let error = (&client).read(&mut [0; 8]).unwrap_err();
        assert!(error.to_string().contains("the event loop is closed"), "{error}");
        drop(server);
    });
}

#[test]
fn options_are_set_through_the_descriptor() {
    run(|| -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let client = TcpStream::connect(listener.local_addr()?)?;
        client.set_nodelay(true)?;
        assert!(client.nodelay()?);
        let options = socket2::SockRef::from(&client);
        options.set_keepalive(true)?;
        assert!(options.keepalive()?);
        Ok(())
    })
    .unwrap();
}
