use std::collections::BTreeSet;
use std::io;
use std::net::{self, SocketAddr};
use std::os::fd::AsFd;

use rustix::io::Errno;
use socket2::{Domain, Socket, Type};

use super::accept::Acceptor;
use super::addr::{ToSocketAddrs, all_failed, first_of};
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
        const CALL: &str = "TcpListener::bind";
        Self::of(first_of(CALL, address, |address| listening(address, |_| Ok(())))?, CALL)
    }

    /// As [`bind`](Self::bind), beside others that listen at the same address and have said so too
    /// (`SO_REUSEPORT`): the system shares the connections out. So several loops, a thread each, serve one
    /// port.
    ///
    /// # Errors
    /// As [`bind`](Self::bind).
    pub fn bind_reuse_port(address: impl ToSocketAddrs) -> io::Result<Self> {
        const CALL: &str = "TcpListener::bind_reuse_port";
        let share = |socket: &Socket| socket.set_reuse_port(true);
        Self::of(first_of(CALL, address, |address| listening(address, share))?, CALL)
    }

    /// Listens at all of these addresses, a listener each. One of a family that this machine does not have is left out,
    /// if there are others.
    pub(crate) fn bind_all(call: &'static str, addresses: impl ToSocketAddrs) -> io::Result<Vec<Self>> {
        let addresses = BTreeSet::from_iter(addresses.to_socket_addrs()?);
        // `::` takes what comes by IPv4 too, unless it is told not to: then nobody else could.
        let alone = addresses.iter().all(SocketAddr::is_ipv6);
        let (mut listeners, mut failures) = (Vec::new(), Vec::new());
        for address in addresses {
            let prepare = |socket: &Socket| match address.is_ipv6() && !alone {
                true => socket.set_only_v6(true),
                false => Ok(()),
            };
            match listening(address, prepare) {
                Ok(listener) => listeners.push(Self::of(listener, call)?),
                Err(error) if is_of_family(&error, address) => failures.push((address, error)),
                Err(error) => return Err(all_failed(call, vec![(address, error)])),
            }
        }
        if listeners.is_empty() { Err(all_failed(call, failures)) } else { Ok(listeners) }
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
        self.acceptor.accept("TcpListener::accept", net::TcpListener::accept, TcpStream::of)
    }
}

/// A socket that listens at this address, after this preparation.
fn listening(
    address: SocketAddr,
    prepare: impl FnOnce(&Socket) -> io::Result<()>,
) -> io::Result<net::TcpListener> {
    let socket = make(|| Socket::new(Domain::for_address(address), Type::STREAM, None))?;
    socket.set_reuse_address(true)?;
    prepare(&socket)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Whether an address cannot be had because this machine has no such family, as far as that can be told.
fn is_of_family(error: &io::Error, address: SocketAddr) -> bool {
    match Errno::from_io_error(error) {
        Some(Errno::AFNOSUPPORT) => true,
        Some(Errno::ADDRNOTAVAIL) => address.is_ipv6(),
        _ => false,
    }
}

options! { TcpListener, |listener| listener.acceptor.source.io();
    /// How far the packets of its connections may travel (`IP_TTL`).
    ttl() -> u32;
    /// Sets how far the packets of its connections may travel (`IP_TTL`).
    set_ttl(hops: u32) -> ();
}
