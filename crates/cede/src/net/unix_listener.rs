use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use super::accept::Acceptor;
use super::connect::named;
use super::listener::listener;
use super::options::options;
use super::unix_stream::UnixStream;
use crate::reactor::{Source, make};

/// A socket that listens for connections of this machine, at a path.
///
/// The path stays when the listener is dropped, as with std's; a server of
/// [`streams`](crate::streams) removes it.
///
/// asyncio counterpart: a listening Unix socket and `loop.sock_accept`.
pub struct UnixListener {
    acceptor: Acceptor<net::UnixListener>,
}

listener!(UnixListener, UnixStream, UnixIncoming, SocketAddr);

impl UnixListener {
    /// Listens at this path, which must not exist yet.
    ///
    /// # Errors
    /// When it exists, or cannot be made. When no loop runs here.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        let listener = make(|| net::UnixListener::bind(path))
            .map_err(|error| named("UnixListener::bind", path.display(), error))?;
        Self::of(listener, "UnixListener::bind")
    }

    /// As [`bind`](Self::bind), at an address: of Linux' abstract names, say.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub fn bind_addr(address: &SocketAddr) -> io::Result<Self> {
        let listener = make(|| net::UnixListener::bind_addr(address))
            .map_err(|error| named("UnixListener::bind_addr", format_args!("{address:?}"), error))?;
        Self::of(listener, "UnixListener::bind_addr")
    }

    /// Accepts a connection: the stream, and the other side's address, which has a name only if it was bound.
    /// Cedes until there is one.
    ///
    /// When the process has no descriptor left for it, that is reported once, and tried again every second.
    ///
    /// # Errors
    /// As [`TcpListener::accept`](super::TcpListener::accept).
    pub fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        self.acceptor.accept("UnixListener::accept", net::UnixListener::accept, UnixStream::of)
    }
}
