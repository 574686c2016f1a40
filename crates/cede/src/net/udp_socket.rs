use std::io;
use std::net::{self, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::addr::{ToSocketAddrs, first_of};
use super::datagram::datagrams;
use super::options::options;
use super::stream::descriptor;
use crate::reactor::{Source, Way, make};

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
        let socket = first_of("UdpSocket::bind", address, |address| make(|| net::UdpSocket::bind(address)))?;
        Self::of(socket, "UdpSocket::bind")
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
        let address = address.first_socket_addr()?;
        self.source.when(Way::Write, "UdpSocket::send_to", |socket| socket.send_to(bytes, address))
    }

    /// Receives one datagram without taking it. Cedes until one comes.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub fn peek(&self, bytes: &mut [u8]) -> io::Result<usize> {
        self.source.when(Way::Read, "UdpSocket::peek", |socket| socket.peek(bytes))
    }

    /// Receives one datagram without taking it, and says from whom. Cedes until one comes.
    ///
    /// # Errors
    /// As [`recv_from`](Self::recv_from).
    pub fn peek_from(&self, bytes: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.source.when(Way::Read, "UdpSocket::peek_from", |socket| socket.peek_from(bytes))
    }
}

options! { UdpSocket, |socket| socket.source.io();
    /// Whether it may send to everybody on a network (`SO_BROADCAST`).
    broadcast() -> bool;
    /// Sets whether it may send to everybody on a network (`SO_BROADCAST`).
    set_broadcast(on: bool) -> ();
    /// How far its packets may travel (`IP_TTL`).
    ttl() -> u32;
    /// Sets how far its packets may travel (`IP_TTL`).
    set_ttl(hops: u32) -> ();
    /// Joins this group, on the interface with this address; on any with `UNSPECIFIED` (`IP_ADD_MEMBERSHIP`).
    join_multicast_v4(group: &Ipv4Addr, interface: &Ipv4Addr) -> ();
    /// Leaves this group.
    leave_multicast_v4(group: &Ipv4Addr, interface: &Ipv4Addr) -> ();
    /// Joins this group, on the interface with this number; on any with 0 (`IPV6_ADD_MEMBERSHIP`).
    join_multicast_v6(group: &Ipv6Addr, interface: u32) -> ();
    /// Leaves this group.
    leave_multicast_v6(group: &Ipv6Addr, interface: u32) -> ();
    /// Whether what it sends to a group comes back to this machine (`IP_MULTICAST_LOOP`).
    multicast_loop_v4() -> bool;
    /// Sets whether what it sends to a group comes back to this machine (`IP_MULTICAST_LOOP`).
    set_multicast_loop_v4(on: bool) -> ();
    /// Whether what it sends to a group comes back to this machine (`IPV6_MULTICAST_LOOP`).
    multicast_loop_v6() -> bool;
    /// Sets whether what it sends to a group comes back to this machine (`IPV6_MULTICAST_LOOP`).
    set_multicast_loop_v6(on: bool) -> ();
    /// How far its packets to groups may travel (`IP_MULTICAST_TTL`).
    multicast_ttl_v4() -> u32;
    /// Sets how far its packets to groups may travel (`IP_MULTICAST_TTL`).
    set_multicast_ttl_v4(hops: u32) -> ();
}
