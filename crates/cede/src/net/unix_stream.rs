use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;
use std::time::Duration;

use socket2::{Domain, SockAddr, Type};

use super::connect::{connect_socket, named};
use super::options::options;
use super::split::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use super::stream::{descriptor, read_and_write};
use crate::backoff::Backoff;
use crate::reactor::{Source, check_running, make};

/// How soon a full listener is tried again, at most.
const LATER: Duration = Duration::from_millis(100);

/// A connection between programs of this machine. Reading and writing cede instead of blocking; both work
/// through a shared reference.
///
/// Dropping it closes it.
///
/// ```
/// use cede::net::UnixStream;
/// use std::io::{Read, Write};
///
/// cede::run(cede::coroutine(|| -> std::io::Result<()> {
///     let (mut ours, theirs) = UnixStream::pair()?;
///     cede::create_task(cede::coroutine(move || (&theirs).write_all(b"hello")));
///     let mut text = String::new();
///     ours.read_to_string(&mut text)?; // cedes until the other side has closed
///     assert_eq!(text, "hello");
///     Ok(())
/// }))??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct UnixStream {
    pub(super) source: Source<net::UnixStream>,
}

read_and_write!(UnixStream, "UnixStream");
descriptor!(UnixStream);

impl UnixStream {
    /// Connects to the listener at this path. Cedes until the connection stands; while as many wait there as
    /// the listener takes, it is tried again every 1 to 100 ms, for the system does not tell when there is
    /// room.
    ///
    /// # Errors
    /// When nobody listens there. The cancellation, if the task is cancelled meanwhile.
    pub fn connect(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref();
        Self::connect_to(&SockAddr::unix(path)?, "UnixStream::connect", &path.display())
    }

    /// As [`connect`](Self::connect), to an address: of Linux' abstract names, say.
    ///
    /// # Errors
    /// As [`connect`](Self::connect); when the address has no name.
    pub fn connect_addr(address: &SocketAddr) -> io::Result<Self> {
        const CALL: &str = "UnixStream::connect_addr";
        let named = address.as_pathname().map(SockAddr::unix).or_else(|| abstract_address(address));
        let Some(to) = named else {
            let text = format!("{CALL}: the address has no name, so nobody listens there");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        };
        Self::connect_to(&to?, CALL, &format_args!("{address:?}"))
    }

    fn connect_to(to: &SockAddr, call: &'static str, name: &dyn fmt::Display) -> io::Result<Self> {
        check_running(call)?;
        let mut backoff = Backoff::new(call, LATER);
        loop {
            match connect_socket(Domain::UNIX, Type::STREAM, to, call) {
                Ok(source) => return Ok(UnixStream { source: source.map(net::UnixStream::from) }),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => backoff.wait()?,
                Err(error) => return Err(named(call, name, error)),
            }
        }
    }

    /// Two that are connected to each other.
    ///
    /// # Errors
    /// When the system gives no descriptors. When no loop runs here.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = make(net::UnixStream::pair)
            .map_err(|error| io::Error::new(error.kind(), format!("UnixStream::pair: {error}")))?;
        Ok((Self::of(one, "UnixStream::pair")?, Self::of(other, "UnixStream::pair")?))
    }

    /// Takes a connection of std's into the running loop, and makes it non-blocking.
    ///
    /// # Errors
    /// When no loop runs here.
    pub fn from_std(stream: net::UnixStream) -> io::Result<Self> {
        Self::of(stream, "UnixStream::from_std")
    }

    pub(super) fn of(stream: net::UnixStream, call: &'static str) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(UnixStream { source: Source::new(stream, call)? })
    }

    /// Takes it out of the loop, and makes it blocking again if no [clone](crate::net#clones) of it is left there.
    ///
    /// # Errors
    /// Of the system. By io_uring also when bytes that a cancelled read had taken are still to be read: they
    /// would be lost.
    pub fn into_std(self) -> io::Result<net::UnixStream> {
        self.source.kept().none_left("UnixStream::into_std")?;
        self.source.into_blocking()
    }

    /// A second end of the same connection; see [`TcpStream::try_clone`](super::TcpStream::try_clone).
    ///
    /// # Errors
    /// As there.
    pub fn try_clone(&self) -> io::Result<Self> {
        const CALL: &str = "UnixStream::try_clone";
        self.source.kept().none_left(CALL)?;
        Ok(UnixStream { source: self.source.try_clone(CALL, net::UnixStream::try_clone)? })
    }

    /// Ends one direction, or both; see [`TcpStream::shutdown`](super::TcpStream::shutdown).
    ///
    /// # Errors
    /// Of the system: not connected any more.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.source.io().shutdown(how)
    }

    /// Its two directions, borrowed.
    pub fn split(&self) -> (ReadHalf<'_, Self>, WriteHalf<'_, Self>) {
        (ReadHalf(self), WriteHalf(self))
    }

    /// Its two directions, each for a task of its own.
    pub fn into_split(self) -> (OwnedReadHalf<Self>, OwnedWriteHalf<Self>) {
        split::split(self)
    }
}

options! { UnixStream, |socket| socket.source.io();
    /// The address of the other side, which has a name only if it was bound. An error when it is not connected any more.
    peer_addr() -> SocketAddr;
    /// The address of this side.
    local_addr() -> SocketAddr;
    /// The error that is pending on the socket (`SO_ERROR`), taken from it.
    take_error() -> Option<io::Error>;
}

/// A name that is no path.
#[cfg(target_os = "linux")]
fn abstract_address(address: &SocketAddr) -> Option<io::Result<SockAddr>> {
    use std::ffi::OsStr;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::ffi::OsStrExt;

    let name = address.as_abstract_name()?;
    Some(SockAddr::unix(OsStr::from_bytes(&[&[0], name].concat())))
}

#[cfg(not(target_os = "linux"))]
fn abstract_address(_: &SocketAddr) -> Option<io::Result<SockAddr>> {
    None
}
