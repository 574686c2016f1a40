//! Connecting: to one address, and to the first of several that answers.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use rustix::io::Errno;
use socket2::{Domain, SockAddr, Socket, Type};

use super::addr::all_failed;
use crate::combinators::{ReturnWhen, wait};
use crate::coroutine::{Awaitable, coroutine};
use crate::error::Failure;
use crate::facade::create_task;
use crate::reactor::{Source, Way};
use crate::task::Task;

/// As RFC 8305 has it: how long an address may keep us waiting before the next is tried beside it.
const STAGGER: Duration = Duration::from_millis(250);

/// Connects a new socket to this address. Cedes until it is connected.
pub(super) fn connect_socket(
    domain: Domain,
    kind: Type,
    address: &SockAddr,
    call: &'static str,
) -> io::Result<Source<Socket>> {
    let socket = Socket::new(domain, kind, None)?;
    socket.set_nonblocking(true)?;
    match socket.connect(address) {
        Ok(()) => Source::new(socket, call),
        Err(error) if is_under_way(&error) => {
            let source = Source::connecting(socket, call)?;
            source.when(Way::Write, call, |socket| match (socket.take_error()?, socket.peer_addr()) {
                (Some(error), _) => Err(error),
                // Woken for something else.
                (None, Err(error)) if error.kind() == io::ErrorKind::NotConnected => {
                    Err(io::ErrorKind::WouldBlock.into())
                }
                (None, peer) => peer.map(drop),
            })?;
            Ok(source)
        }
        Err(error) => Err(error),
    }
}

fn is_under_way(error: &io::Error) -> bool {
    Errno::from_io_error(error) == Some(Errno::INPROGRESS) || error.kind() == io::ErrorKind::Interrupted
}

fn connect_one(address: SocketAddr, call: &'static str) -> io::Result<Source<TcpStream>> {
    let source = connect_socket(Domain::for_address(address), Type::STREAM, &address.into(), call)?;
    Ok(source.map(TcpStream::from))
}

/// Connects to the first of these that answers ("happy eyeballs", RFC 8305). They are tried in turn, the two
/// families alternating; the next one as soon as one has failed, or has not answered for [`STAGGER`].
///
/// However it ends, no attempt is left.
pub(super) fn connect_tcp(addresses: Vec<SocketAddr>, call: &'static str) -> io::Result<Source<TcpStream>> {
    if let [address] = addresses[..] {
        return connect_one(address, call).map_err(|error| named(call, address, error));
    }
    let mut left = alternating(addresses);
    let mut attempts = Attempts { running: Vec::new() };
    let mut failures = Vec::new();
    loop {
        if let Some(address) = left.pop_front() {
            let attempt = coroutine(move || connect_one(address, call)).fallible().named("connect");
            attempts.running.push((address, create_task(attempt)));
        } else if attempts.running.is_empty() {
            return Err(all_failed(call, failures));
        }
        let stagger = if left.is_empty() { None } else { Some(STAGGER) };
        let tasks = attempts.running.iter().map(|(_, task)| task);
        let waited = wait(tasks).return_when(ReturnWhen::FirstCompleted).timeout(stagger).await_();
        drop(waited.map_err(io::Error::from)?);
        for at in (0..attempts.running.len()).rev() {
            if attempts.running[at].1.done() {
                let (address, task) = attempts.running.remove(at);
                match task.await_()? {
                    Ok(stream) => {
                        attempts.end();
                        return Ok(stream);
                    }
                    Err(error) => failures.push((address, error)),
                }
            }
        }
    }
}

/// Says which address failed.
fn named(call: &str, address: SocketAddr, error: io::Error) -> io::Error {
    if error.is_cancelled() {
        return error;
    }
    io::Error::new(error.kind(), format!("{call}: {address}: {error}"))
}

/// The first family first, then in turns.
fn alternating(addresses: Vec<SocketAddr>) -> VecDeque<SocketAddr> {
    let first = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (mut ours, mut others): (VecDeque<_>, VecDeque<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first);
    let mut order = VecDeque::new();
    while !(ours.is_empty() && others.is_empty()) {
        order.extend(ours.pop_front());
        order.extend(others.pop_front());
    }
    order
}

/// The attempts that are under way. What is left of them is cancelled.
struct Attempts {
    running: Vec<(SocketAddr, Task<io::Result<Source<TcpStream>>>)>,
}

impl Attempts {
    /// Ends them, and waits for it: their sockets are closed then.
    fn end(&mut self) {
        for (_, task) in &self.running {
            task.cancel();
        }
        for (_, task) in self.running.drain(..) {
            let _ = task.await_();
        }
    }
}

impl Drop for Attempts {
    fn drop(&mut self) {
        for (_, task) in &self.running {
            task.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_families_take_turns_and_the_first_one_begins() {
        let of = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let given = of(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"]);
        let order = of(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"]);
        assert_eq!(alternating(given), order);
    }
}
