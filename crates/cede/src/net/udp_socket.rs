use std::io;
use std::net::{self, SocketAddr};

use super::addr::{ToSocketAddrs, first_of};
use super::datagram::datagrams;
use super::stream::descriptor;
use crate::reactor::{Source, Way};

/// A UDP socket. Sending and receiving cede instead of blocking.
///
/// That nobody listens where a datagram was sent to is an error of a later receive or send
/// (`ErrorKind::ConnectionRefused`), and only of a connected socket; it goes on working.
///
/// asyncio counterpart: `loop.create_datagram_endpoint`, whose `error_received` is here an error of
/// [`recv`](Self::recv).
///
/// ```
/// use cede::net::UdpSocket;
///
/// cede::run(cede::coroutine(|| -> std::io::Result<()> {
///     let (one, other) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
///     one.send_to(b"hello", other.local_addr()?)?;
///     let mut bytes = [0; 16];
///     let (count, from) = other.recv_from(&mut bytes)?; // cedes until one comes
///     assert_eq!((&bytes[..count], from), (&b"hello"[..], one.local_addr()?));
///     Ok(())
/// }))??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct UdpSocket {
    source: Source<net::UdpSocket>,
}

datagrams!(UdpSocket, SocketAddr, "UdpSocket");

impl UdpSocket {
    /// A socket at this address; with port 0 the system chooses one. Of several addresses the first that can
    /// be bound is taken.
    ///
    /// # Errors
    /// When none can be bound: one error, which names each. When no loop runs here.
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        let socket = first_of("UdpSocket::bind", address, net::UdpSocket::bind)?;
        Self::from_std(socket)
    }

    /// Connects it: from now on it sends to, and receives from, this address only. Of several addresses the
    /// first that the system takes.
    ///
    /// # Errors
    /// When none is taken: one error, which names each.
    pub fn connect(&self, address: impl ToSocketAddrs) -> io::Result<()> {
        first_of("UdpSocket::connect", address, |address| self.source.io().connect(address))
    }

    /// Sends one datagram to this address; of several, to the first. Cedes while there is no room.
    ///
    /// # Errors
    /// Of the system: too long, or of the wrong family. The cancellation, if the task is cancelled
    /// meanwhile.
    pub fn send_to(&self, bytes: &[u8], address: impl ToSocketAddrs) -> io::Result<usize> {
        let address = address.to_socket_addrs()?[0];
        self.source.when(Way::Write, "UdpSocket::send_to", |socket| socket.send_to(bytes, address))
    }

    /// Receives one datagram without taking it, and says from whom. Cedes until one comes.
    ///
    /// # Errors
    /// As [`recv_from`](Self::recv_from).
    pub fn peek_from(&self, bytes: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.source.when(Way::Read, "UdpSocket::peek_from", |socket| socket.peek_from(bytes))
    }

    /// Sets whether it may send to everybody on a network (`SO_BROADCAST`).
    ///
    /// # Errors
    /// Of the system.
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        self.source.io().set_broadcast(on)
    }
}
