use std::io;
use std::net::Shutdown;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;
use std::time::Duration;

use super::connect::named;
use super::datagram::datagrams;
use super::options::options;
use super::stream::descriptor;
use crate::backoff::Backoff;
use crate::reactor::{Source, Way, make};

/// How soon a full receiver is tried again, at most.
const LATER: Duration = Duration::from_millis(50);

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
        let path = path.as_ref();
        let socket = make(|| net::UnixDatagram::bind(path))
            .map_err(|error| named("UnixDatagram::bind", path.display(), error))?;
        Self::of(socket, "UnixDatagram::bind")
    }

    /// As [`bind`](Self::bind), at an address: of Linux' abstract names, say.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub fn bind_addr(address: &SocketAddr) -> io::Result<Self> {
        let socket = make(|| net::UnixDatagram::bind_addr(address))
            .map_err(|error| named("UnixDatagram::bind_addr", format_args!("{address:?}"), error))?;
        Self::of(socket, "UnixDatagram::bind_addr")
    }

    /// A socket without a name, which only sends, or is connected.
    ///
    /// # Errors
    /// When the system gives no descriptor. When no loop runs here.
    pub fn unbound() -> io::Result<Self> {
        let socket = make(net::UnixDatagram::unbound)
            .map_err(|error| io::Error::new(error.kind(), format!("UnixDatagram::unbound: {error}")))?;
        Self::of(socket, "UnixDatagram::unbound")
    }

    /// Two that are connected to each other.
    ///
    /// # Errors
    /// As [`unbound`](Self::unbound).
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = make(net::UnixDatagram::pair)
            .map_err(|error| io::Error::new(error.kind(), format!("UnixDatagram::pair: {error}")))?;
        Ok((Self::of(one, "UnixDatagram::pair")?, Self::of(other, "UnixDatagram::pair")?))
    }

    /// Connects it: from now on it sends to, and receives from, the socket at this path only.
    ///
    /// # Errors
    /// When nobody is there.
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        self.source.io().connect(path).map_err(|error| named("UnixDatagram::connect", path.display(), error))
    }

    /// As [`connect`](Self::connect), to an address.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn connect_addr(&self, address: &SocketAddr) -> io::Result<()> {
        self.source
            .io()
            .connect_addr(address)
            .map_err(|error| named("UnixDatagram::connect_addr", format_args!("{address:?}"), error))
    }

    /// Sends one datagram to the socket at this path. Cedes while the receiver has no room; the system tells nobody when
    /// it has, so it is tried again after a turn, and then every 1 to 50 ms. [`send`](Self::send), on a connected socket,
    /// is told.
    ///
    /// # Errors
    /// When nobody is there. The cancellation, if the task is cancelled meanwhile.
    pub fn send_to(&self, bytes: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        let path = path.as_ref();
        self.send_to_any("UnixDatagram::send_to", |socket| socket.send_to(bytes, path))
    }

    /// As [`send_to`](Self::send_to), to an address.
    ///
    /// # Errors
    /// As [`send_to`](Self::send_to).
    pub fn send_to_addr(&self, bytes: &[u8], address: &SocketAddr) -> io::Result<usize> {
        self.send_to_any("UnixDatagram::send_to_addr", |socket| socket.send_to_addr(bytes, address))
    }

    /// Where the receiver is full, this socket can be written to all the same, and its readiness says no more than that.
    /// Waiting for it twice lets a receiver on the same loop make room: the first may end by what had been told before.
    /// Waiting for it again and again would burn the processor (97,000 turns in half a second).
    fn send_to_any(
        &self,
        call: &'static str,
        mut attempt: impl FnMut(&net::UnixDatagram) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut backoff = Backoff::new(call, LATER);
        let mut waits = 2;
        loop {
            let sent = self.source.when(Way::Write, call, |socket| match attempt(socket) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && waits == 0 => Ok(None),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    waits -= 1;
                    Err(error)
                }
                sent => sent.map(Some),
            })?;
            match sent {
                Some(count) => return Ok(count),
                None => backoff.wait()?,
            }
        }
    }

    /// Ends one direction, or both.
    ///
    /// # Errors
    /// When it is not connected.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.source.io().shutdown(how)
    }
}
