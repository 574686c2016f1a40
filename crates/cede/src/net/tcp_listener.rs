use std::io;
use std::net::{self, SocketAddr};
use std::os::fd::AsFd;

use socket2::{Domain, Socket, Type};

use super::accept::Acceptor;
use super::addr::{ToSocketAddrs, first_of};
use super::listener::listener;
use super::options::options;
use super::tcp_stream::TcpStream;
use crate::reactor::{Source, make};

/// How many connections wait to be accepted, at most; the system may have a lower limit.
const BACKLOG: i32 = 1_024;

/// A socket that listens for TCP connections.
///
/// asyncio counterpart: a listening socket and `loop.sock_accept`; for `start_server`, see
/// [`streams`](crate::streams).
///
/// ```
/// use cede::net::{TcpListener, TcpStream};
///
/// cede::run(cede::coroutine(|| -> std::io::Result<()> {
///     let listener = TcpListener::bind("127.0.0.1:0")?;
///     let client = TcpStream::connect(listener.local_addr()?)?;
///     let (_, from) = listener.accept()?; // cedes until there is one
///     assert_eq!(from, client.local_addr()?);
///     Ok(())
/// }))??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TcpListener {
    acceptor: Acceptor<net::TcpListener>,
}

listener!(TcpListener, TcpStream, TcpIncoming, SocketAddr);

impl TcpListener {
    /// Listens at this address; with port 0 the system chooses one. Of several addresses the first that can
    /// be bound is taken. The address may be used again right after the process has ended (`SO_REUSEADDR`).
    ///
    /// # Errors
    /// When none can be bound: one error, which names each. When no loop runs here.
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        first_of("TcpListener::bind", address, |address| Self::listen(address, false))
    }

    /// As [`bind`](Self::bind), beside others that listen at the same address and have said so too
    /// (`SO_REUSEPORT`): the system shares the connections out. So several loops, a thread each, serve one
    /// port.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub fn bind_reuse_port(address: impl ToSocketAddrs) -> io::Result<Self> {
        first_of("TcpListener::bind_reuse_port", address, |address| Self::listen(address, true))
    }

    fn listen(address: SocketAddr, share: bool) -> io::Result<Self> {
        let socket = make(|| Socket::new(Domain::for_address(address), Type::STREAM, None))?;
        socket.set_reuse_address(true)?;
        if share {
            socket.set_reuse_port(true)?;
        }
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Self::from_std(socket.into())
    }

    /// Accepts a connection: the stream, and whose it is. Cedes until there is one.
    ///
    /// One that has gone again before it was accepted is passed over. When the process has no descriptor left
    /// for it, that is reported once, and tried again every second: others may close theirs.
    ///
    /// # Errors
    /// Of the system, others than those. The cancellation, if the task is cancelled meanwhile; then no
    /// connection is lost. When another task waits here.
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.acceptor.accept("TcpListener::accept", net::TcpListener::accept, TcpStream::from_std)
    }
}

options! { TcpListener, |listener| listener.acceptor.source.io();
    /// How far the packets of its connections may travel (`IP_TTL`).
    ttl() -> u32;
    /// Sets how far the packets of its connections may travel (`IP_TTL`).
    set_ttl(hops: u32) -> ();
}
