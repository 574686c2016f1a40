use std::io;
use std::net::Shutdown;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;
use std::time::Duration;

use socket2::{Domain, SockAddr, Type};

use super::connect::connect_socket;
use super::split::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use super::stream::{descriptor, read_and_write};
use crate::coroutine::Awaitable;
use crate::error::Failure;
use crate::reactor::Source;
use crate::time::sleep;

/// How soon a full listener is tried again, at first and at most.
const SOON: Duration = Duration::from_millis(1);
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
        const CALL: &str = "UnixStream::connect";
        let path = path.as_ref();
        let address = SockAddr::unix(path)?;
        let mut pause = SOON;
        loop {
            match connect_socket(Domain::UNIX, Type::STREAM, &address, CALL) {
                Ok(source) => return Ok(UnixStream { source: source.map(net::UnixStream::from) }),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    sleep(pause).await_()?;
                    pause = LATER.min(pause * 2);
                }
                Err(error) if error.is_cancelled() => return Err(error),
                Err(error) => {
                    return Err(io::Error::new(error.kind(), format!("{CALL}: {}: {error}", path.display())));
                }
            }
        }
    }

    /// Two that are connected to each other.
    ///
    /// # Errors
    /// When the system gives no descriptors. When no loop runs here.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = net::UnixStream::pair()
            .map_err(|error| io::Error::new(error.kind(), format!("UnixStream::pair: {error}")))?;
        Ok((Self::from_std(one)?, Self::from_std(other)?))
    }

    /// Takes a connection of std's into the running loop, and makes it non-blocking.
    ///
    /// # Errors
    /// When no loop runs here.
    pub fn from_std(stream: net::UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(UnixStream { source: Source::new(stream, "UnixStream::from_std")? })
    }

    /// Takes it out of the loop, and makes it blocking again.
    ///
    /// # Errors
    /// Of the system. By io_uring also when bytes that a cancelled read had taken are still to be read: they
    /// would be lost.
    pub fn into_std(self) -> io::Result<net::UnixStream> {
        self.source.kept().none_left("UnixStream::into_std")?;
        let stream = self.source.into_inner();
        stream.set_nonblocking(false)?;
        Ok(stream)
    }

    /// The address of the other side.
    ///
    /// # Errors
    /// Of the system: not connected any more.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.source.io().peer_addr()
    }

    /// The address of this side.
    ///
    /// # Errors
    /// Of the system.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.source.io().local_addr()
    }

    /// Ends one direction, or both; see [`TcpStream::shutdown`](super::TcpStream::shutdown).
    ///
    /// # Errors
    /// Of the system: not connected any more.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.source.io().shutdown(how)
    }

    /// The error that is pending on the socket (`SO_ERROR`), taken from it.
    ///
    /// # Errors
    /// Of the system.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.source.io().take_error()
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
