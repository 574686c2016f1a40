use std::io;
use std::net::Shutdown;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use super::datagram::datagrams;
use super::stream::descriptor;
use crate::reactor::{Source, Way};

/// A datagram socket between programs of this machine. Sending and receiving cede instead of blocking; nothing
/// is lost on the way, nor comes out of order.
///
/// ```
/// use cede::net::UnixDatagram;
///
/// cede::run(cede::coroutine(|| -> std::io::Result<()> {
///     let (one, other) = UnixDatagram::pair()?;
///     one.send(b"hello")?;
///     let mut bytes = [0; 16];
///     let count = other.recv(&mut bytes)?; // cedes until one comes
///     assert_eq!(&bytes[..count], b"hello");
///     Ok(())
/// }))??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct UnixDatagram {
    source: Source<net::UnixDatagram>,
}

datagrams!(UnixDatagram, SocketAddr, "UnixDatagram");

impl UnixDatagram {
    /// A socket at this path, which must not exist yet.
    ///
    /// # Errors
    /// When it exists, or cannot be made. When no loop runs here.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        Self::from_std(net::UnixDatagram::bind(path)?)
    }

    /// A socket without a name, which only sends, or is connected.
    ///
    /// # Errors
    /// When the system gives no descriptor. When no loop runs here.
    pub fn unbound() -> io::Result<Self> {
        Self::from_std(net::UnixDatagram::unbound()?)
    }

    /// Two that are connected to each other.
    ///
    /// # Errors
    /// As [`unbound`](Self::unbound).
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = net::UnixDatagram::pair()
            .map_err(|error| io::Error::new(error.kind(), format!("UnixDatagram::pair: {error}")))?;
        Ok((Self::from_std(one)?, Self::from_std(other)?))
    }

    /// Connects it: from now on it sends to, and receives from, the socket at this path only.
    ///
    /// # Errors
    /// When nobody is there.
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.source.io().connect(path)
    }

    /// Sends one datagram to the socket at this path. Cedes while the receiver has no room.
    ///
    /// # Errors
    /// When nobody is there. The cancellation, if the task is cancelled meanwhile.
    pub fn send_to(&self, bytes: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        let path = path.as_ref();
        self.source.when(Way::Write, "UnixDatagram::send_to", |socket| socket.send_to(bytes, path))
    }

    /// Ends one direction, or both.
    ///
    /// # Errors
    /// When it is not connected.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.source.io().shutdown(how)
    }
}
