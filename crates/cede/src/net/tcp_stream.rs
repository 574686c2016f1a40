use std::io;
use std::net::{self, Shutdown, SocketAddr};

use super::addr::ToSocketAddrs;
use super::connect::connect_tcp;
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
        Ok(TcpStream { source: connect_tcp(addresses, "TcpStream::connect")? })
    }

    /// Takes a connection of std's into the running loop, and makes it non-blocking.
    ///
    /// # Errors
    /// When no loop runs here.
    pub fn from_std(stream: net::TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(TcpStream { source: Source::new(stream, "TcpStream::from_std")? })
    }

    /// Takes it out of the loop, and makes it blocking again.
    ///
    /// # Errors
    /// Of the system. By io_uring also when bytes that a cancelled read had taken are still to be read: they
    /// would be lost.
    pub fn into_std(self) -> io::Result<net::TcpStream> {
        self.source.kept().none_left("TcpStream::into_std")?;
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

    /// Whether small writes are sent at once, and not held back for more (`TCP_NODELAY`).
    ///
    /// # Errors
    /// Of the system.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.source.io().nodelay()
    }

    /// Sets whether small writes are sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    /// Of the system.
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        self.source.io().set_nodelay(on)
    }

    /// How far its packets may travel (`IP_TTL`).
    ///
    /// # Errors
    /// Of the system.
    pub fn ttl(&self) -> io::Result<u32> {
        self.source.io().ttl()
    }

    /// Sets how far its packets may travel (`IP_TTL`).
    ///
    /// # Errors
    /// Of the system.
    pub fn set_ttl(&self, hops: u32) -> io::Result<()> {
        self.source.io().set_ttl(hops)
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
