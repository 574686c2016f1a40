//! Row 34, writing. CPython: test_streams; test_selector_events, SelectorSocketTransportTests.

use std::io::{self, ErrorKind, Read, Write};

use cede::net::{TcpStream, UnixStream};
use cede::streams::{StreamWriter, reader_and_writer};
use cede::{Awaitable, Failure, yield_now};
use std::rc::Rc;

use crate::help::{run, spawn, tcp_pair};

/// More than any buffer of the system takes.
const MUCH: usize = 4 << 20;

fn writer_and_peer() -> io::Result<(StreamWriter<UnixStream>, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    Ok((StreamWriter::new(Rc::new(ours)), theirs))
}

/// test_write_partial: what is not taken at once is sent in the background, in order.
#[test]
fn writing_does_not_cede_and_the_rest_is_sent_in_the_background() {
    run(|| -> io::Result<()> {
        let (writer, mut peer) = writer_and_peer()?;
        let all: Vec<u8> = (0..MUCH).map(|n| (n % 251) as u8).collect();
        for part in all.chunks(10_000) {
            writer.write(part)?;
        }
        assert!(writer.kept() > MUCH / 2, "{}", writer.kept());
        drop(writer); // the rest is sent all the same
        let mut read = Vec::new();
        peer.read_to_end(&mut read)?;
        assert!(read == all);
        Ok(())
    })
    .unwrap();
}

/// test_drain_raises, test_multiple_drain; transports: pause_writing, resume_writing
#[test]
fn drain_waits_while_too_much_is_kept() {
    run(|| -> io::Result<()> {
        let (writer, mut peer) = writer_and_peer()?;
        writer.write(b"little")?;
        writer.drain()?; // does not wait
        writer.write(&[7; MUCH])?;
        let drained = spawn({
            let writer = writer.clone();
            move || writer.drain().map(|()| writer.kept())
        });
        for _ in 0..3 {
            yield_now().await_()?;
        }
        assert!(!drained.done());
        let mut read = [0; 64 * 1024];
        while !drained.done() {
            assert!(peer.read(&mut read)? > 0);
            yield_now().await_()?;
        }
        assert!(drained.await_()?? <= 16 * 1024);
        Ok(())
    })
    .unwrap();
}

/// test_streams: test_drain_raises
#[test]
fn after_the_connection_is_lost_write_and_drain_are_errors() {
    run(|| -> io::Result<()> {
        let (writer, peer) = writer_and_peer()?;
        writer.write(&[7; MUCH])?;
        let draining = spawn({
            let writer = writer.clone();
            move || writer.drain()
        });
        yield_now().await_()?;
        drop(peer);
        let error = draining.await_()?.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset), "{error:?}");
        assert!(writer.drain().is_err() && writer.write(b"x").is_err() && writer.is_closing());
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_cancelled_drain_leaves_all_as_it_is() {
    run(|| -> io::Result<()> {
        let (writer, mut peer) = writer_and_peer()?;
        writer.write(&[7; MUCH])?;
        let draining = spawn({
            let writer = writer.clone();
            move || writer.drain()
        });
        yield_now().await_()?;
        draining.cancel();
        assert!(draining.await_()?.unwrap_err().is_cancelled());
        writer.close();
        let mut read = Vec::new();
        peer.read_to_end(&mut read)?;
        assert_eq!(read.len(), MUCH);
        Ok(())
    })
    .unwrap();
}

/// test_write_eof: half-closing, after what was written.
#[test]
fn write_eof_ends_one_direction_after_what_was_written() {
    run(|| -> io::Result<()> {
        let (client, server) = tcp_pair()?;
        let (mut reader, writer) = reader_and_writer(client);
        writer.write(&[7; MUCH])?;
        writer.write_eof()?;
        assert_eq!(writer.write(b"more").unwrap_err().kind(), ErrorKind::BrokenPipe);
        let (mut from_client, to_client) = reader_and_writer::<TcpStream>(server);
        assert_eq!(from_client.read_to_end()?.len(), MUCH);
        to_client.write(b"got it\n")?;
        assert_eq!(reader.read_line()?.as_deref(), Some(&b"got it\n"[..]));
        Ok(())
    })
    .unwrap();
}

/// test_wait_closed_on_close_with_unread_data
#[test]
fn wait_closed_waits_until_all_is_given_to_the_system() {
    run(|| -> io::Result<()> {
        let (writer, mut peer) = writer_and_peer()?;
        writer.write(&[7; MUCH])?;
        writer.close();
        writer.close(); // once more does nothing
        let closed = spawn(move || writer.wait_closed().map(|()| writer.kept()));
        yield_now().await_()?;
        assert!(!closed.done());
        let mut read = Vec::new();
        peer.read_to_end(&mut read)?;
        assert_eq!((read.len(), closed.await_()??), (MUCH, 0));
        Ok(())
    })
    .unwrap();
}

/// The task that sends may end before it has begun: whoever waits for it learns of that.
#[test]
fn a_sender_that_is_cancelled_before_it_has_begun_is_an_error_and_no_wait_for_ever() {
    run(|| -> io::Result<()> {
        let (writer, _peer) = writer_and_peer()?;
        let main = cede::current_task().expect("we run in one");
        writer.write(&[7; MUCH])?;
        let others = cede::all_tasks().into_iter().filter(|task| *task != main);
        assert_eq!(others.filter(|task| task.cancel()).count(), 1);
        writer.close();
        let error = writer.wait_closed().unwrap_err();
        assert_eq!(
            (error.kind(), &*error.to_string()),
            (ErrorKind::ConnectionAborted, "the sender was cancelled")
        );
        Ok(())
    })
    .unwrap();
}

/// In a callback there is a loop, outside it none: nothing is left to be sent that nobody will send.
#[test]
fn writing_more_than_is_taken_at_once_outside_a_loop_is_an_error() {
    let (writer, peer) = run(writer_and_peer).unwrap();
    writer.write(b"little").unwrap();
    let error = writer.write(&[7; MUCH]).unwrap_err();
    assert!(error.to_string().starts_with("StreamWriter::write: no running event loop"), "{error}");
    assert_eq!(writer.kept(), 0);
    assert!(writer.write(b"more").is_err());
    drop(peer);
}

/// asyncio's reader is at its end then (test_eof_feed_when_closing_writer).
#[test]
fn a_closed_writer_leaves_the_reader_open() {
    run(|| -> io::Result<()> {
        let (ours, mut theirs) = UnixStream::pair()?;
        let (mut reader, writer) = reader_and_writer(ours);
        writer.close();
        writer.wait_closed()?;
        assert_eq!(theirs.read(&mut [0])?, 0);
        theirs.write_all(b"an answer\n")?;
        assert_eq!(reader.read_line()?.as_deref(), Some(&b"an answer\n"[..]));
        Ok(())
    })
    .unwrap();
}
