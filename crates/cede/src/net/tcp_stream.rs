use std::io;
use std::net::{self, Shutdown, SocketAddr};

use super::addr::ToSocketAddrs;
use super::connect::connect_tcp;
use super::options::options;
use super::split::{self, OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use super::stream::{descriptor, read_and_write};
use crate::reactor::{Source, Way};

/// A TCP connection. Reading and writing cede instead of blocking; both work through a shared reference.
///
/// Dropping it closes it.
///
/// asyncio counterpart: what `loop.sock_connect`, `sock_recv` and `sock_sendall` do on a socket; for
/// `open_connection`, see [`streams`](crate::streams).
///
/// ```
/// use cede::net::{TcpListener, TcpStream};
/// use std::io::{Read, Write};
///
/// cede::run(cede::coroutine(|| -> std::io::Result<()> {
///     let listener = TcpListener::bind("127.0.0.1:0")?;
///     let client = TcpStream::connect(listener.local_addr()?)?;
///     let (server, _) = listener.accept()?;
///     (&client).write_all(b"ping")?;
///     let mut bytes = [0; 4];
///     (&server).read_exact(&mut bytes)?;
///     assert_eq!(&bytes, b"ping");
///     Ok(())
/// }))??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TcpStream {
    pub(super) source: Source<net::TcpStream>,
}

read_and_write!(TcpStream, "TcpStream");
descriptor!(TcpStream);

impl TcpStream {
    /// Connects. Cedes until the connection stands.
    ///
    /// Of several addresses the first that answers is taken ("happy eyeballs"): they are tried in turn, IPv6
    /// and IPv4 alternating, the next as soon as one has failed, or beside it when it has not answered for
    /// 250 ms. When this returns the other attempts are over, or cancelled and about to be.
    ///
    /// asyncio counterpart: `loop.create_connection`, with `happy_eyeballs_delay=0.25`.
    ///
    /// # Errors
    /// When no address answers: one error, which names each with its reason. When the name is not known. The
    /// cancellation, if the task is cancelled meanwhile.
    pub fn connect(address: impl ToSocketAddrs) -> io::Result<Self> {
        let addresses = address.to_socket_addrs()?;
        Ok(TcpStream { source: connect_tcp(addresses, "TcpStream::connect")?.seamless() })
    }

    /// Takes a connection of std's into the running loop, and makes it non-blocking.
    ///
    /// # Errors
    /// When no loop runs here.
    pub fn from_std(stream: net::TcpStream) -> io::Result<Self> {
        Self::of(stream, "TcpStream::from_std")
    }

    pub(super) fn of(stream: net::TcpStream, call: &'static str) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(TcpStream { source: Source::new(stream, call)?.seamless() })
    }

    /// Takes it out of the loop, and makes it blocking again if no [clone](crate::net#clones) of it is left there.
    ///
    /// # Errors
    /// Of the system. By io_uring also when bytes that a cancelled read had taken are still to be read: they
    /// would be lost.
    pub fn into_std(self) -> io::Result<net::TcpStream> {
        self.source.kept().none_left("TcpStream::into_std")?;
        self.source.into_blocking()
    }

    /// A second end of the same connection ([clones](crate::net#clones)), which another task may read from or write to:
    /// protocol crates that want one to read and one to write ask for this. It ends when both are dropped, or by [`shutdown`](Self::shutdown) of either.
    /// Does not cede. [`split`](Self::split) costs no descriptor.
    ///
    /// By io_uring, bytes that a cancelled read had taken stay with the end that was reading.
    ///
    /// # Errors
    /// When the system gives no descriptor; when there are such bytes. When no loop runs here.
    pub fn try_clone(&self) -> io::Result<Self> {
        const CALL: &str = "TcpStream::try_clone";
        self.source.kept().none_left(CALL)?;
        Ok(TcpStream { source: self.source.try_clone(CALL, net::TcpStream::try_clone)? })
    }

    /// Ends one direction, or both. After `Shutdown::Write` the other side reads to the end, and this side may
    /// go on reading. A task that waits to read here is woken by `Shutdown::Read`.
    ///
    /// # Errors
    /// Of the system: not connected any more.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.source.io().shutdown(how)
    }

    /// Reads without taking: the next read finds the same. Cedes while there is nothing.
    ///
    /// # Errors
    /// As reading.
    pub fn peek(&self, bytes: &mut [u8]) -> io::Result<usize> {
        if let Some(count) = self.source.kept().peek(bytes) {
            return Ok(count);
        }
        self.source.when(Way::Read, "TcpStream::peek", |stream| stream.peek(bytes))
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

options! { TcpStream, |socket| socket.source.io();
    /// The address of the other side. An error when it is not connected any more.
    peer_addr() -> SocketAddr;
    /// The address of this side.
    local_addr() -> SocketAddr;
    /// Whether small writes are sent at once, and not held back for more (`TCP_NODELAY`).
    nodelay() -> bool;
    /// Sets whether small writes are sent at once (`TCP_NODELAY`).
    set_nodelay(on: bool) -> ();
    /// How far its packets may travel (`IP_TTL`).
    ttl() -> u32;
    /// Sets how far its packets may travel (`IP_TTL`).
    set_ttl(hops: u32) -> ();
    /// The error that is pending on the socket (`SO_ERROR`), taken from it.
    take_error() -> Option<io::Error>;
}
