//! Addresses, and names that must be looked up.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use crate::coroutine::Awaitable;
use crate::threads::to_thread;

/// What can be bound or connected to: an address, several, or a name with a port.
///
/// As `std::net::ToSocketAddrs`, but that a name is looked up on a thread of the loop's pool while the task
/// cedes: the system's look-up blocks, and needs more stack than a task may have.
///
/// ```
/// cede::run(cede::coroutine(|| -> std::io::Result<()> {
///     let listener = cede::net::TcpListener::bind(("localhost", 0))?; // looked up
///     assert!(listener.local_addr()?.ip().is_loopback());
///     cede::net::TcpListener::bind("127.0.0.1:0")?; // an address already
///     Ok(())
/// }))??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait ToSocketAddrs {
    /// The addresses, at least one. Cedes if a name must be looked up.
    ///
    /// # Errors
    /// When the name is not known, or says no port; the cancellation, if the task is cancelled meanwhile.
    fn to_socket_addrs(&self) -> io::Result<Vec<SocketAddr>>;

    /// The first of them. Allocates nothing where it is an address already, so that a datagram to it need not.
    ///
    /// # Errors
    /// As [`to_socket_addrs`](Self::to_socket_addrs); when that gives none.
    fn first_socket_addr(&self) -> io::Result<SocketAddr> {
        self.to_socket_addrs()?.first().copied().ok_or_else(no_address)
    }
}

fn no_address() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "no address is given")
}

/// Looks a name up, on a thread of the loop's pool: all its addresses, with this port. Cedes meanwhile.
///
/// asyncio counterpart: `loop.getaddrinfo`.
///
/// # Errors
/// When it is not known; the cancellation, if the task is cancelled meanwhile.
pub fn lookup_host(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let name = host.to_owned();
    let look_up = move || -> io::Result<Vec<SocketAddr>> {
        Ok(std::net::ToSocketAddrs::to_socket_addrs(&(name.as_str(), port))?.collect())
    };
    match to_thread(look_up).await_()? {
        Ok(found) if found.is_empty() => {
            Err(io::Error::new(io::ErrorKind::NotFound, format!("look-up of '{host}': it has no address")))
        }
        Ok(found) => Ok(found),
        Err(error) => Err(io::Error::new(error.kind(), format!("look-up of '{host}': {error}"))),
    }
}

impl ToSocketAddrs for str {
    fn to_socket_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        if let Ok(address) = self.parse() {
            return Ok(vec![address]);
        }
        let parts = self.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
        let (host, port) = parts.ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("'{self}' is no address: it must be host:port, with a port up to 65535"),
            )
        })?;
        lookup_host(host, port)
    }
}

impl ToSocketAddrs for String {
    fn to_socket_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        self.as_str().to_socket_addrs()
    }
}

impl ToSocketAddrs for (&str, u16) {
    fn to_socket_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        lookup_host(self.0, self.1)
    }
}

impl ToSocketAddrs for (String, u16) {
    fn to_socket_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        lookup_host(&self.0, self.1)
    }
}

impl ToSocketAddrs for [SocketAddr] {
    fn to_socket_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        if self.is_empty() {
            return Err(no_address());
        }
        Ok(self.to_vec())
    }

    fn first_socket_addr(&self) -> io::Result<SocketAddr> {
        self.first().copied().ok_or_else(no_address)
    }
}

impl<const N: usize> ToSocketAddrs for [SocketAddr; N] {
    fn to_socket_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        self.as_slice().to_socket_addrs()
    }
}

impl ToSocketAddrs for Vec<SocketAddr> {
    fn to_socket_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        self.as_slice().to_socket_addrs()
    }
}

impl<T: ToSocketAddrs + ?Sized> ToSocketAddrs for &T {
    fn to_socket_addrs(&self) -> io::Result<Vec<SocketAddr>> {
        (**self).to_socket_addrs()
    }

    fn first_socket_addr(&self) -> io::Result<SocketAddr> {
        (**self).first_socket_addr()
    }
}

/// What is an address as it stands.
macro_rules! known {
    ($($address:ty),*) => {$(
        impl ToSocketAddrs for $address {
            fn to_socket_addrs(&self) -> io::Result<Vec<SocketAddr>> {
                Ok(vec![(*self).into()])
            }

            fn first_socket_addr(&self) -> io::Result<SocketAddr> {
                Ok((*self).into())
            }
        }
    )*};
}

known!(SocketAddr, SocketAddrV4, SocketAddrV6, (IpAddr, u16), (Ipv4Addr, u16), (Ipv6Addr, u16));

/// Tries each address in turn: the first that works, or one error that names each.
pub(super) fn first_of<T>(
    call: &str,
    addresses: impl ToSocketAddrs,
    mut attempt: impl FnMut(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut failures = Vec::new();
    for address in addresses.to_socket_addrs()? {
        match attempt(address) {
            Ok(made) => return Ok(made),
            Err(error) => failures.push((address, error)),
        }
    }
    Err(all_failed(call, failures))
}

/// One error for the failures of several addresses. Its kind is theirs, if they have the same.
pub(super) fn all_failed(call: &str, failures: Vec<(SocketAddr, io::Error)>) -> io::Error {
    let kind = match failures.as_slice() {
        [(_, first), rest @ ..] if rest.iter().all(|(_, error)| error.kind() == first.kind()) => first.kind(),
        _ => io::ErrorKind::Other,
    };
    let each: Vec<_> = failures.iter().map(|(address, error)| format!("{address}: {error}")).collect();
    io::Error::new(kind, format!("{call}: {}", each.join("; ")))
}
