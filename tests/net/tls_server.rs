//! Row 34 over TLS: a server of readers and writers loses nothing at its end, and forgets what is aborted.

use std::cell::Cell;
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cede::net::{TcpListener, UnixStream};
use cede::streams::{Server, open_connection, reader_and_writer, reunite, serve_streams};
use cede::tls::rustls::{ClientConfig, ClientConnection, StreamOwned};
use cede::tls::{TlsListener, TlsStream};
use cede::{Awaitable, yield_now};

use crate::help::run;
use crate::tls::configs;

/// More than the system takes at once.
const MUCH: usize = 4 << 20;

/// A client on a thread of its own, by rustls alone.
fn connect(address: SocketAddr, config: Arc<ClientConfig>) -> io::Result<impl Read + Write> {
    let connection =
        ClientConnection::new(config, "localhost".try_into().unwrap()).map_err(io::Error::other)?;
    Ok(StreamOwned::new(connection, std::net::TcpStream::connect(address)?))
}

/// Asks for something, and reads all of the answer, to an end that is told.
fn client(address: SocketAddr, config: Arc<ClientConfig>) -> JoinHandle<io::Result<usize>> {
    thread::spawn(move || {
        let mut stream = connect(address, config)?;
        stream.write_all(b"please\n")?;
        let mut all = Vec::new();
        stream.read_to_end(&mut all)?;
        Ok(all.len())
    })
}

/// Answers a line with much, and counts how often.
fn much() -> io::Result<(Server, Rc<Cell<usize>>, Arc<ClientConfig>)> {
    let (server, client) = configs();
    let answers = Rc::new(Cell::new(0));
    let answered = answers.clone();
    let listener = TlsListener::new(TcpListener::bind("127.0.0.1:0")?, server);
    let server = serve_streams(listener, move |mut reader, writer| -> io::Result<()> {
        reader.read_line()?;
        answered.set(answered.get() + 1);
        writer.write(&vec![b'x'; MUCH])
    });
    Ok((server, answers, client))
}

#[test]
fn what_handlers_have_written_is_sent_and_its_end_told_before_the_server_has_ended() {
    let clients = run(|| -> io::Result<_> {
        let (server, answers, config) = much()?;
        let address = server.local_addr().expect("it serves by TCP");
        let clients: Vec<_> = (0..4).map(|_| client(address, config.clone())).collect();
        while answers.get() < clients.len() {
            yield_now().await_()?;
        }
        server.shutdown(None)?;
        Ok(clients) // and the loop ends, with whatever is still to be sent
    });
    for client in clients.unwrap() {
        assert_eq!(client.join().unwrap().unwrap(), MUCH);
    }
}

#[test]
fn what_is_left_to_be_sent_to_somebody_who_does_not_read_is_forgotten_with_his_patience() {
    run(|| -> io::Result<()> {
        let (server, answers, config) = much()?;
        let address = server.local_addr().expect("it serves by TCP");
        let (go, may_read) = std::sync::mpsc::channel();
        let client = thread::spawn(move || -> io::Result<Vec<u8>> {
            let mut stream = connect(address, config)?;
            stream.write_all(b"please\n")?;
            may_read.recv().map_err(io::Error::other)?;
            let mut all = Vec::new();
            let ended = BufReader::new(stream).read_to_end(&mut all);
            assert!(ended.is_err_and(|error| error.kind() != ErrorKind::WouldBlock), "no end was told");
            Ok(all)
        });
        while answers.get() == 0 {
            yield_now().await_()?;
        }
        server.shutdown(Duration::from_millis(50))?;
        assert_eq!(server.connections(), 0);
        let others = cede::all_tasks().into_iter().filter(|task| !task.done()).count() - 1;
        assert_eq!(others, 0, "nobody sends any more");
        go.send(()).unwrap();
        let got = client.join().unwrap()?;
        assert!(got.len() < MUCH, "{}", got.len());
        Ok(())
    })
    .unwrap();
}

/// test_streams: test_start_tls. What was agreed on in the open, both sides go on with in secret.
#[test]
fn a_reader_and_a_writer_begin_with_encryption_when_both_sides_have_agreed() {
    run(|| -> io::Result<()> {
        let (server_config, client_config) = configs();
        let server = serve_streams(TcpListener::bind("127.0.0.1:0")?, move |mut reader, writer| {
            assert_eq!(reader.read_line()?.as_deref(), Some(&b"STARTTLS\n"[..]));
            writer.write(b"go ahead\n")?;
            let stream = TlsStream::accept(server_config.clone(), reunite(reader, writer)?)?;
            let (mut reader, writer) = reader_and_writer(stream);
            while let Some(line) = reader.read_line()? {
                writer.write(&line.to_ascii_uppercase())?;
            }
            writer.close();
            writer.wait_closed()
        });
        let (mut reader, writer) = open_connection(server.local_addr().unwrap())?;
        writer.write(b"STARTTLS\n")?;
        assert_eq!(reader.read_line()?.as_deref(), Some(&b"go ahead\n"[..]));
        let stream = TlsStream::connect(client_config, "localhost", reunite(reader, writer)?)?;
        stream.handshake()?;
        let (mut reader, writer) = reader_and_writer(stream);
        writer.write(b"hello\n")?;
        assert_eq!(reader.read_line()?.as_deref(), Some(&b"HELLO\n"[..]));
        writer.close();
        assert_eq!(reader.read_line()?, None);
        server.shutdown(None)
    })
    .unwrap();
}

/// What somebody in between has put there must not be taken for the encrypted side's word (CVE-2011-0411).
#[test]
fn bytes_that_come_before_encryption_begins_are_refused() {
    run(|| -> io::Result<()> {
        let early = |bytes: &[u8]| -> io::Result<String> {
            let (ours, theirs) = UnixStream::pair()?;
            let (mut reader, writer) = reader_and_writer(ours);
            (&theirs).write_all(bytes)?;
            reader.read_line()?;
            Ok(reunite(reader, writer).map(drop).unwrap_err().to_string())
        };
        assert_eq!(
            early(b"go ahead\nplease do as I say\n")?,
            "reunite: bytes have come, or the end, that nobody has taken; read them first"
        );
        let (one, other) = UnixStream::pair()?;
        let (reader, writer) = reader_and_writer(one);
        let (_other_reader, other_writer) = reader_and_writer(other);
        assert_eq!(
            reunite(reader, other_writer).map(drop).unwrap_err().to_string(),
            "reunite: the reader and the writer are of two streams; give those that were made together"
        );
        drop(writer);
        let (reader, writer) = reader_and_writer(UnixStream::pair()?.0);
        let _clone = writer.clone();
        assert_eq!(
            reunite(reader, writer).map(drop).unwrap_err().to_string(),
            "reunite: the writer has clones, which would go on writing; drop them first"
        );
        Ok(())
    })
    .unwrap();
}
