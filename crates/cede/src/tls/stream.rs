use std::cell::Cell;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::ops::Range;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection};

use super::session::Session;
use crate::coroutine::Awaitable;
use crate::net::Stream;
use crate::sync::Lock;

/// How much is read from the stream below at once: a little more than a record.
const CHUNK: usize = 18 * 1_024;

/// An encrypted stream over another.
///
/// Reading and writing cede; both work through a shared reference, and one task may read while another
/// writes. A write that is cancelled may have been encrypted already: then it is sent with the next one.
/// Dropped, the stream below is closed; that, as [`shutdown`](Stream::shutdown), says first that this was all, in a
/// way that cannot be forged: unless a read or a write has failed, it was [aborted](Stream::abort), or a panic drops
/// it. Then the other side reads the error `UnexpectedEof`, not an end.
///
/// asyncio counterpart: the `ssl` argument of `open_connection` and `start_server`.
///
/// ```no_run
/// use cede::net::TcpStream;
/// use cede::tls::{TlsStream, rustls};
/// use std::io::{Read, Write};
/// use std::sync::Arc;
///
/// # let roots = rustls::RootCertStore::empty();
/// let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
/// cede::run(cede::coroutine(|| -> std::io::Result<()> {
///     let tcp = TcpStream::connect("example.org:443")?;
///     let mut stream = TlsStream::connect(Arc::new(config), "example.org", tcp)?;
///     stream.write_all(b"GET / HTTP/1.0\r\nHost: example.org\r\n\r\n")?;
///     let mut page = String::new();
///     stream.read_to_string(&mut page)?;
///     Ok(())
/// }))??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TlsStream<S: Stream> {
    stream: S,
    session: Session,
    /// Held by whoever makes the handshake; who comes meanwhile waits for its end.
    shaking: Lock<()>,
    incoming: Cell<Incoming>,
}

/// What was read from the stream below: these bytes of it are still to be worked on.
#[derive(Default)]
struct Incoming {
    chunk: Vec<u8>,
    rest: Range<usize>,
}

impl<S: Stream> TlsStream<S> {
    /// The client's side, to a server of this name. The handshake is made with the first read or write, or
    /// by [`handshake`](Self::handshake).
    ///
    /// # Errors
    /// When this is no name; when `rustls` does not accept the configuration.
    pub fn connect(config: Arc<ClientConfig>, server: &str, stream: S) -> io::Result<Self> {
        let name = ServerName::try_from(server.to_owned()).map_err(io::Error::other)?;
        let connection = ClientConnection::new(config, name).map_err(io::Error::other)?;
        Ok(Self::of(connection.into(), stream))
    }

    /// The server's side. The handshake is made with the first read or write, or by
    /// [`handshake`](Self::handshake).
    ///
    /// # Errors
    /// When `rustls` does not accept the configuration.
    pub fn accept(config: Arc<ServerConfig>, stream: S) -> io::Result<Self> {
        let connection = ServerConnection::new(config).map_err(io::Error::other)?;
        Ok(Self::of(connection.into(), stream))
    }

    fn of(connection: Connection, stream: S) -> Self {
        TlsStream {
            stream,
            session: Session::new(connection),
            shaking: Lock::new(()),
            incoming: Cell::default(),
        }
    }

    /// Makes the handshake, if it was not made. Cedes meanwhile.
    ///
    /// # Errors
    /// When the other side is not who it should be, speaks no TLS, or ends. The cancellation.
    pub fn handshake(&self) -> io::Result<()> {
        if !self.session.is_handshaking() {
            return Ok(());
        }
        let _alone = self.shaking.lock().await_()?;
        while self.session.is_handshaking() {
            self.session.flush(&self.stream)?;
            if self.session.with(|connection| connection.is_handshaking() && connection.wants_read())
                && self.read_more()? == 0
            {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "TlsStream::handshake: the other side has closed the connection",
                ));
            }
        }
        self.session.flush(&self.stream)
    }

    /// The stream below.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// Looks at what `rustls` knows: the certificates of the other side, the protocol that was agreed on.
    pub fn with_connection<R>(&self, look: impl FnOnce(&Connection) -> R) -> R {
        self.session.with(|connection| look(connection))
    }

    /// Works on what has come, and reads it if need be: on how much.
    fn read_more(&self) -> io::Result<usize> {
        let mut incoming = self.incoming.take();
        let fed = self.feed(&mut incoming);
        self.incoming.set(incoming);
        fed
    }

    fn feed(&self, incoming: &mut Incoming) -> io::Result<usize> {
        if incoming.rest.is_empty() {
            incoming.chunk.resize(CHUNK, 0);
            let read = self.stream.read_some(&mut incoming.chunk);
            incoming.rest = 0..read.map_err(|error| self.session.failed(error))?;
        }
        match self.session.feed(&incoming.chunk[incoming.rest.clone()]) {
            Ok(count) => {
                incoming.rest.start += count;
                Ok(count)
            }
            Err(error) => {
                let _ = self.session.try_flush(&self.stream); // tells the other side why, if it listens
                Err(self.session.failed(error))
            }
        }
    }
}

impl<S: Stream> Stream for TlsStream<S> {
    fn read_some(&self, bytes: &mut [u8]) -> io::Result<usize> {
        self.handshake()?;
        loop {
            match self.session.take(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return done,
            }
            self.read_more()?;
            self.session.flush(&self.stream)?; // an answer of the protocol's own
        }
    }

    fn write_some(&self, bytes: &[u8]) -> io::Result<usize> {
        self.handshake()?;
        loop {
            // What was left of a cancelled one goes first.
            self.session.flush(&self.stream)?;
            let count = self.session.put(bytes)?;
            if count > 0 || bytes.is_empty() {
                self.session.flush(&self.stream)?;
                return Ok(count);
            }
        }
    }

    /// It cannot say how much of something fits, so it always waits.
    fn try_write(&self, _bytes: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    fn end(&self) -> io::Result<()> {
        self.handshake()?; // before it there is nothing that could say it
        self.session.say_farewell();
        self.session.flush_all(&self.stream)?;
        self.stream.end()
    }

    fn try_end(&self) -> io::Result<()> {
        // A word that comes before the handshake's last would end it.
        if self.session.is_handshaking() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.session.say_farewell();
        match self.session.try_flush(&self.stream) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(error),
            _ => self.stream.try_end(),
        }
    }

    fn abort(&self) -> io::Result<()> {
        self.stream.abort()
    }

    /// What finds no room for the farewell does not say it; [`end`](Stream::end) waits.
    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        if how != Shutdown::Read {
            self.session.say_farewell();
            let _ = self.session.try_flush(&self.stream);
        }
        self.stream.shutdown(how)
    }
}

/// Reading cedes while there is nothing to read.
impl<S: Stream> Read for &TlsStream<S> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.read_some(bytes)
    }
}

/// Writing cedes while there is no room. There is nothing to flush.
impl<S: Stream> Write for &TlsStream<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_some(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.session.flush(&self.stream)
    }
}

/// As for a reference to it.
impl<S: Stream> Read for TlsStream<S> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.read_some(bytes)
    }
}

/// As for a reference to it.
impl<S: Stream> Write for TlsStream<S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_some(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self).flush()
    }
}

impl<S: Stream> Drop for TlsStream<S> {
    /// Says that this was all, as far as that goes without waiting.
    fn drop(&mut self) {
        self.session.say_farewell();
        let _ = self.session.try_flush(&self.stream);
    }
}

impl<S: Stream + fmt::Debug> fmt::Debug for TlsStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TlsStream").field(&self.stream).finish()
    }
}
