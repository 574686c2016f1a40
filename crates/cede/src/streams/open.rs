//! Connections as a reader and a writer.

use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;

use super::reader::StreamReader;
use super::writer::StreamWriter;
use crate::net::{Stream, TcpStream, ToSocketAddrs, UnixStream};

/// A stream that its reader shares with its writer.
#[derive(Debug)]
pub struct Shared<S>(pub(super) Rc<S>);

impl<S: Stream> Read for Shared<S> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read_some(bytes)
    }
}

impl<S> Shared<S> {
    /// The stream.
    pub fn stream(&self) -> &Rc<S> {
        &self.0
    }
}

/// A reader and a writer of this stream. It is closed when both are dropped.
pub fn reader_and_writer<S: Stream + 'static>(stream: S) -> (StreamReader<Shared<S>>, StreamWriter<S>) {
    let stream = Rc::new(stream);
    (StreamReader::new(Shared(stream.clone())), StreamWriter::new(stream))
}

/// The stream of a reader and a writer, for something else to be made of it: encryption, when both sides have agreed to
/// begin with it. Waits until all that was written is sent; cedes meanwhile.
///
/// asyncio counterpart: `StreamWriter.start_tls`, with what follows. It differs in that bytes which came too early
/// are an error: somebody in between may have put them there, and they would be taken for encrypted ones' word. In a
/// handler of a server's, wait until what the new writer has written is sent: the server no longer does.
///
/// ```no_run
/// # #[cfg(feature = "tls")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use cede::streams::{open_connection, reader_and_writer, reunite};
/// use cede::tls::{TlsStream, rustls};
/// # let config = || -> std::sync::Arc<rustls::ClientConfig> { unimplemented!() };
///
/// let config = config();
/// cede::run(cede::coroutine(|| -> cede::Result<()> {
///     let (mut reader, writer) = open_connection("mail.example.org:25")?;
///     reader.read_line()?; // "220 at your service"
///     writer.write(b"STARTTLS\r\n")?;
///     reader.read_line()?; // "220 go ahead"
///     let stream = TlsStream::connect(config, "mail.example.org", reunite(reader, writer)?)?;
///     stream.handshake()?;
///     let (reader, writer) = reader_and_writer(stream);
///     // from here on everything is encrypted
///     # drop((reader, writer));
///     Ok(())
/// }))??;
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "tls"))]
/// # fn main() {}
/// ```
///
/// # Errors
/// When they are of two streams; when the writer is closed, has clones, or its connection is lost; when the reader has
/// bytes that nobody has taken, or is at the end. The cancellation. They are gone then, and the connection ends.
pub fn reunite<S: Stream + 'static>(
    reader: StreamReader<Shared<S>>,
    writer: StreamWriter<S>,
) -> io::Result<Rc<S>> {
    let refuse = |text| Err(io::Error::new(io::ErrorKind::InvalidInput, format!("reunite: {text}")));
    if !Rc::ptr_eq(reader.get_ref().stream(), writer.stream()) {
        return refuse("the reader and the writer are of two streams; give those that were made together");
    }
    if !writer.is_last() {
        return refuse("the writer has clones, which would go on writing; drop them first");
    }
    if writer.is_closing() {
        return refuse("the writer is closed");
    }
    writer.flush()?;
    if !reader.buffered().is_empty() || reader.at_eof() {
        return refuse("bytes have come, or the end, that nobody has taken; read them first");
    }
    Ok(writer.into_stream())
}

/// Connects by TCP ([`TcpStream::connect`]); a reader and a writer. Cedes until the connection stands.
///
/// asyncio counterpart: `asyncio.open_connection`.
///
/// # Errors
/// As [`TcpStream::connect`].
pub fn open_connection(
    address: impl ToSocketAddrs,
) -> io::Result<(StreamReader<Shared<TcpStream>>, StreamWriter<TcpStream>)> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?; // as asyncio: whoever buffers writes himself wants them sent
    Ok(reader_and_writer(stream))
}

/// Connects to a path ([`UnixStream::connect`]); a reader and a writer. Cedes until the connection stands.
///
/// asyncio counterpart: `asyncio.open_unix_connection`.
///
/// # Errors
/// As [`UnixStream::connect`].
pub fn open_unix_connection(
    path: impl AsRef<Path>,
) -> io::Result<(StreamReader<Shared<UnixStream>>, StreamWriter<UnixStream>)> {
    Ok(reader_and_writer(UnixStream::connect(path)?))
}
