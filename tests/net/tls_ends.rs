//! How encrypted streams end: a whole is told from a part, whoever ends it and whatever has no room.

use std::cell::Cell;
use std::io::{self, ErrorKind, Read};
use std::net::Shutdown;
use std::rc::Rc;
use std::time::Duration;

use cede::net::{Stream, TcpListener, UnixStream};
use cede::streams::{StreamWriter, reader_and_writer, serve_streams};
use cede::tls::{TlsListener, TlsStream};
use cede::{Awaitable, Event, sleep, timeout, yield_now};

use crate::help::{run, spawn};
use crate::tls::configs;

/// A stream that never takes anything at once: whoever writes has to wait.
struct Narrow(UnixStream);

impl Stream for Narrow {
    fn read_some(&self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read_some(bytes)
    }

    fn write_some(&self, bytes: &[u8]) -> io::Result<usize> {
        yield_now().await_()?;
        self.0.write_some(bytes)
    }

    fn try_write(&self, _bytes: &[u8]) -> io::Result<usize> {
        Err(ErrorKind::WouldBlock.into())
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.0.shutdown(how)
    }
}

/// The farewell needs room, too: without it the other side takes the end for a cut.
#[test]
fn an_end_that_finds_no_room_is_told_as_soon_as_there_is_some() {
    type Ends = fn(Rc<TlsStream<Narrow>>) -> io::Result<()>;
    let ways: [(&str, Ends); 3] = [
        ("closing the writer", |stream| {
            let writer = StreamWriter::new(stream);
            writer.write(b"all")?;
            writer.flush()?;
            writer.close();
            writer.wait_closed()
        }),
        ("dropping the writer", |stream| {
            let writer = StreamWriter::new(stream);
            writer.write(b"all")
        }),
        ("writing, and ending by hand", |stream| {
            stream.write_some(b"all")?;
            assert_eq!(stream.try_end().unwrap_err().kind(), ErrorKind::WouldBlock);
            stream.end()
        }),
    ];
    for (way, end) in ways {
        run(move || -> io::Result<()> {
            let (server, client) = configs();
            let (ours, theirs) = UnixStream::pair()?;
            let client = TlsStream::connect(client, "localhost", ours)?;
            let server = Rc::new(TlsStream::accept(server, Narrow(theirs))?);
            let served = spawn(move || end(server));
            let mut all = Vec::new();
            let read = (&client).read_to_end(&mut all);
            assert_eq!(
                (read.unwrap_or_else(|error| panic!("{way}: {error}")), &*all),
                (3, &b"all"[..]),
                "{way}"
            );
            served.await_()?
        })
        .unwrap();
    }
}

/// A stream that has no room while its gate is closed. Nobody asks it again and again without ceding.
struct Gated {
    stream: UnixStream,
    gate: Rc<Event>,
    tries: Cell<u32>,
}

impl Gated {
    fn new(stream: UnixStream) -> (Self, Rc<Event>) {
        let gate = Rc::new(Event::new());
        gate.set();
        (Gated { stream, gate: gate.clone(), tries: Cell::new(0) }, gate)
    }
}

impl Stream for Gated {
    fn read_some(&self, bytes: &mut [u8]) -> io::Result<usize> {
        self.stream.read_some(bytes)
    }

    fn write_some(&self, bytes: &[u8]) -> io::Result<usize> {
        self.gate.wait().await_()?;
        self.stream.write_some(bytes)
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        if self.gate.is_set() {
            return self.stream.try_write(bytes);
        }
        self.tries.set(self.tries.get() + 1);
        assert!(self.tries.get() < 1_000, "it is asked again and again");
        Err(ErrorKind::WouldBlock.into())
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.stream.shutdown(how)
    }
}

/// The reader has the farewell in its hands, on its way to a stream without room, when the sender comes to say it.
#[test]
fn an_end_waits_for_whoever_else_sends() {
    run(|| -> io::Result<()> {
        let (server, client) = configs();
        let (ours, theirs) = UnixStream::pair()?;
        let client = Rc::new(TlsStream::connect(client, "localhost", ours)?);
        let (theirs, gate) = Gated::new(theirs);
        let server = Rc::new(TlsStream::accept(server, theirs)?);
        let shaken = spawn({
            let client = client.clone();
            move || client.handshake()
        });
        server.handshake()?;
        shaken.await_()??;
        client.write_some(b"a question")?;
        sleep(Duration::from_millis(1)).await_()?; // the kernel has told of it: reading it will not cede
        gate.clear();
        let opened = spawn(move || -> io::Result<()> {
            for _ in 0..10 {
                yield_now().await_()?;
            }
            gate.set();
            Ok(())
        });
        let writer = StreamWriter::new(server.clone());
        writer.close(); // finds no room: a task will say it
        assert_eq!(server.read_some(&mut [0; 16])?, 10); // which says it first, for it is there to be said
        opened.await_()??;
        writer.wait_closed()?;
        assert_eq!(client.read_some(&mut [0])?, 0); // it was told
        Ok(())
    })
    .unwrap();
}

#[test]
fn encryption_over_encryption_ends_too() {
    run(|| -> io::Result<()> {
        let (server, client) = configs();
        let (ours, theirs) = UnixStream::pair()?;
        let (theirs, gate) = Gated::new(theirs);
        let inner = TlsStream::connect(client.clone(), "localhost", ours)?;
        let outer = TlsStream::accept(server.clone(), theirs)?;
        let client = TlsStream::connect(client, "localhost", inner)?;
        let server = Rc::new(TlsStream::accept(server, outer)?);
        let served = spawn(move || -> io::Result<()> {
            server.write_some(b"all")?;
            gate.clear();
            let writer = StreamWriter::new(server);
            writer.close();
            spawn(move || -> io::Result<()> {
                sleep(Duration::from_millis(1)).await_()?;
                gate.set();
                Ok(())
            });
            writer.wait_closed()
        });
        let mut all = Vec::new();
        (&client).read_to_end(&mut all)?;
        assert_eq!(all, b"all");
        served.await_()?
    })
    .unwrap();
}

/// Nothing can be ended that has not begun: the handshake is not given up for it.
#[test]
fn a_writer_that_is_dropped_before_the_handshake_leaves_it_to_the_reader() {
    run(|| -> io::Result<()> {
        let (server, client) = configs();
        let (ours, theirs) = UnixStream::pair()?;
        let (mut reader, writer) = reader_and_writer(TlsStream::connect(client, "localhost", ours)?);
        drop(writer);
        let served = spawn(move || -> io::Result<Vec<u8>> {
            let (mut reader, writer) = reader_and_writer(TlsStream::accept(server, theirs)?);
            let asked = reader.read_to_end()?; // to an end that is told
            writer.write(b"welcome\n")?;
            Ok(asked)
        });
        assert_eq!(reader.read_line()?.as_deref(), Some(&b"welcome\n"[..]));
        assert_eq!(served.await_()??, b"");
        Ok(())
    })
    .unwrap();
}

/// What it has written is sent, but it is not the whole: the other side must not take it for that.
#[test]
fn a_panic_that_drops_a_writer_tells_no_end() {
    run(|| -> io::Result<()> {
        let (server, client) = configs();
        let (ours, theirs) = UnixStream::pair()?;
        let (mut reader, _writer) = reader_and_writer(TlsStream::connect(client, "localhost", ours)?);
        let writer = spawn(move || -> io::Result<()> {
            let (_reader, writer) = reader_and_writer(TlsStream::accept(server, theirs)?);
            writer.write(b"the first half\n")?;
            panic!("and no second");
        });
        assert_eq!(reader.read_line()?.as_deref(), Some(&b"the first half\n"[..]));
        let error = io::Error::from(reader.read_line().unwrap_err());
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{error}");
        assert!(writer.await_().unwrap_err().to_string().contains("and no second"));
        Ok(())
    })
    .unwrap();
}

#[test]
fn an_aborted_connection_tells_no_end() {
    run(|| -> io::Result<()> {
        let (server, client) = configs();
        let listener = TlsListener::new(TcpListener::bind("127.0.0.1:0")?, server);
        let server = serve_streams(listener, |_reader, writer| -> io::Result<()> {
            writer.write(b"the first half\n")?;
            writer.flush()?;
            sleep(Duration::from_secs(1_000)).await_()?;
            writer.write(b"and the second\n")
        });
        let stream = cede::net::TcpStream::connect(server.local_addr().unwrap())?;
        let (mut reader, _writer) = reader_and_writer(TlsStream::connect(client, "localhost", stream)?);
        assert_eq!(reader.read_line()?.as_deref(), Some(&b"the first half\n"[..]));
        server.abort_clients();
        let error = io::Error::from(reader.read_line().unwrap_err());
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof, "{error}");
        server.shutdown(None)
    })
    .unwrap();
}

/// Two tasks that read at once are an error of theirs, not of the connection: it goes on, and ends in order.
#[test]
fn a_misuse_does_not_break_the_connection() {
    run(|| -> io::Result<()> {
        let (server, client) = configs();
        let (ours, theirs) = UnixStream::pair()?;
        let client = Rc::new(TlsStream::connect(client, "localhost", ours)?);
        let server = TlsStream::accept(server, theirs)?;
        let shaken = spawn(move || server.handshake().map(|()| server));
        client.handshake()?;
        let server = shaken.await_()??;
        let reader = spawn({
            let client = client.clone();
            move || client.read_some(&mut [0; 16])
        });
        yield_now().await_()?;
        let error = client.read_some(&mut [0; 16]).unwrap_err();
        assert!(error.to_string().contains("another task is already waiting to read from"), "{error}");
        server.write_some(b"hello")?;
        assert_eq!(reader.await_()??, 5);
        client.end()?;
        assert_eq!(server.read_some(&mut [0; 16])?, 0); // told
        Ok(())
    })
    .unwrap();
}

/// A time limit ends the wait, and leaves the rest to whoever tries again, or drops it.
#[test]
fn an_end_that_is_cancelled_can_be_told_again() {
    run(|| -> io::Result<()> {
        let (server, client) = configs();
        let (ours, theirs) = UnixStream::pair()?;
        let client = TlsStream::connect(client, "localhost", ours)?;
        let (theirs, gate) = Gated::new(theirs);
        let server = TlsStream::accept(server, theirs)?;
        let shaken = spawn(move || client.handshake().map(|()| client));
        server.handshake()?;
        let client = shaken.await_()??;
        gate.clear();
        let ended = timeout(Duration::from_millis(1), || server.end());
        assert!(ended.is_err_and(|error| error.kind() == ErrorKind::TimedOut));
        gate.set();
        server.end()?;
        assert_eq!(client.read_some(&mut [0])?, 0);
        Ok(())
    })
    .unwrap();
}
