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
