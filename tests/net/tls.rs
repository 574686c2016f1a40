//! TLS over our streams: both sides, ends and lies. The openssl program and curl, which nobody here wrote, are
//! `.ci/programs`' to ask.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;

use cede::Awaitable;
use cede::net::{Stream, TcpListener, TcpStream, UnixStream};
use cede::streams::{reader_and_writer, serve};
use cede::tls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use cede::tls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use cede::tls::{TlsListener, TlsStream};

use crate::help::{run, spawn};

/// A server for `localhost`, and a client that trusts it.
pub(crate) fn configs() -> (Arc<ServerConfig>, Arc<ClientConfig>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate: CertificateDer<'static> = made.cert.der().clone();
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let server = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key.into())
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate).unwrap();
    let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    (Arc::new(server), Arc::new(client))
}

fn pair() -> io::Result<(TlsStream<UnixStream>, TlsStream<UnixStream>)> {
    let (server, client) = configs();
    let (ours, theirs) = UnixStream::pair()?;
    Ok((TlsStream::connect(client, "localhost", ours)?, TlsStream::accept(server, theirs)?))
}

#[test]
fn both_sides_talk_and_the_end_is_told() {
    run(|| -> io::Result<()> {
        let (mut client, server) = pair()?;
        let echo = spawn(move || -> io::Result<()> {
            for line in BufReader::new(&server).lines() {
                writeln!(&server, "{}", line?)?;
            }
            Ok(()) // dropping it tells the end
        });
        client.write_all(b"hello\n")?;
        client.shutdown(Shutdown::Write)?;
        let mut answer = String::new();
        client.read_to_string(&mut answer)?;
        assert_eq!(answer, "hello\n");
        echo.await_()?
    })
    .unwrap();
}

#[test]
fn much_flows_in_both_directions_at_once() {
    const MUCH: usize = 2 << 20;
    run(|| -> io::Result<()> {
        let (client, server) = pair()?;
        let there_and_back = |stream: TlsStream<UnixStream>| {
            let stream = std::rc::Rc::new(stream);
            let writing = stream.clone();
            let writer = spawn(move || (&*writing).write_all(&vec![7; MUCH]));
            spawn(move || -> io::Result<usize> {
                let mut all = vec![0; MUCH];
                (&*stream).read_exact(&mut all)?;
                writer.await_()??;
                Ok(all.len())
            })
        };
        let (one, other) = (there_and_back(client), there_and_back(server));
        assert_eq!((one.await_()??, other.await_()??), (MUCH, MUCH));
        Ok(())
    })
    .unwrap();
}

/// What comes at once may be more than is decrypted at once: the rest waits.
#[test]
fn records_of_all_sizes_that_come_together_are_read() {
    const MUCH: usize = 1 << 20;
    for size in [1, 700, 1_000, 4_096, 5_000, 16_384, 40_000] {
        let read = run(move || -> io::Result<Vec<u8>> {
            let (client, server) = pair()?;
            let much = if size == 1 { 20_000 } else { MUCH };
            let writer = spawn(move || {
                let bytes: Vec<u8> = (0..much).map(|n| (n % 251) as u8).collect();
                bytes.chunks(size).try_for_each(|part| (&server).write_all(part))
            });
            // It has not begun to read when all that fits has been written.
            client.handshake()?;
            for _ in 0..100 {
                cede::yield_now().await_()?;
            }
            let mut all = Vec::new();
            (&client).read_to_end(&mut all)?;
            writer.await_()??;
            assert_eq!(all.len(), much);
            Ok(all)
        });
        let read = read.unwrap_or_else(|error| panic!("records of {size}: {error}"));
        assert!(read.iter().enumerate().all(|(n, byte)| *byte == (n % 251) as u8), "records of {size}");
    }
}

/// Who is ended by a panic has not said all: the other side must not take it for that.
#[test]
fn a_panic_tells_no_end() {
    run(|| -> io::Result<()> {
        let (client, server) = pair()?;
        let writer = spawn(move || -> io::Result<()> {
            (&server).write_all(b"the first half")?;
            panic!("and no second");
        });
        let mut all = Vec::new();
        let error = (&client).read_to_end(&mut all).unwrap_err();
        assert_eq!((error.kind(), &all[..]), (ErrorKind::UnexpectedEof, &b"the first half"[..]));
        assert!(writer.await_().unwrap_err().to_string().contains("and no second"));
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_server_of_readers_and_writers_works_over_tls() {
    run(|| -> io::Result<()> {
        let (server, client) = configs();
        let listener = TlsListener::new(TcpListener::bind("127.0.0.1:0")?, server);
        let server = serve(listener, |stream| -> io::Result<()> {
            let mut line = String::new();
            BufReader::new(&*stream).read_line(&mut line)?;
            (&*stream).write_all(line.to_uppercase().as_bytes())
        });
        let tcp = TcpStream::connect(server.local_addr().unwrap())?;
        let (mut reader, writer) = reader_and_writer(TlsStream::connect(client, "localhost", tcp)?);
        writer.write(b"hello\n")?;
        writer.flush()?;
        assert_eq!(reader.read_to_end()?, b"HELLO\n");
        drop((reader, writer));
        server.shutdown(None)
    })
    .unwrap();
}

#[test]
fn a_server_that_is_not_trusted_is_refused_and_both_sides_know() {
    run(|| -> io::Result<()> {
        let ((server, _), (_, stranger)) = (configs(), configs());
        let (ours, theirs) = UnixStream::pair()?;
        let client = TlsStream::connect(stranger, "localhost", ours)?;
        let server = TlsStream::accept(server, theirs)?;
        let served = spawn(move || server.handshake());
        let error = client.handshake().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        drop(client);
        assert!(served.await_()?.is_err());
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_connection_that_is_cut_is_not_taken_for_its_end() {
    run(|| -> io::Result<()> {
        let (client, server) = pair()?;
        let cut = spawn(move || -> io::Result<()> {
            server.handshake()?;
            (&server).write_all(b"half")?;
            server.get_ref().shutdown(Shutdown::Both) // without a word
        });
        let mut all = Vec::new();
        let error = (&client).read_to_end(&mut all).unwrap_err();
        assert_eq!((error.kind(), all.as_slice()), (ErrorKind::UnexpectedEof, &b"half"[..]));
        cut.await_()?
    })
    .unwrap();
}

#[test]
fn what_is_no_tls_is_an_error() {
    run(|| -> io::Result<()> {
        let (server, _) = configs();
        let (ours, theirs) = UnixStream::pair()?;
        (&ours).write_all(b"GET / HTTP/1.1\r\n\r\n")?;
        let error = TlsStream::accept(server, theirs)?.handshake().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        Ok(())
    })
    .unwrap();
}
