//! Connecting: to one address, and to the first of several that answers.

use std::collections::VecDeque;
use std::fmt::Display;
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
use crate::reactor::{Source, Way, check_running, make};
use crate::task::Task;

/// As RFC 8305 has it: how long an address may keep us waiting before the next is tried beside it.
const STAGGER: Duration = Duration::from_millis(250);

/// Connects a new socket to this address. Cedes until it is connected. An error is without the call's name.
pub(super) fn connect_socket(
    domain: Domain,
    kind: Type,
    address: &SockAddr,
    call: &'static str,
) -> io::Result<Source<Socket>> {
    let socket = make(|| Socket::new(domain, kind, None))?;
    socket.set_nonblocking(true)?;
    match socket.connect(address) {
        Ok(()) => Source::register(socket, call, true),
        Err(error) if is_under_way(&error) => {
            let source = Source::register(socket, call, false)?;
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

/// Connects to the first of these that answers.
pub(super) fn connect_tcp(addresses: Vec<SocketAddr>, call: &'static str) -> io::Result<Source<TcpStream>> {
    check_running(call)?;
    if let [address] = addresses[..] {
        return connect_one(address, call).map_err(|error| named(call, address, error));
    }
    race(addresses, call, move |address| connect_one(address, call))
}

/// The first of these that answers ("happy eyeballs", RFC 8305). They are tried in turn, the two families
/// alternating; the next one as soon as one has failed, or has not answered for [`STAGGER`]. Of several that answer
/// at once it is the one that was tried first, and the others are dropped.
///
/// However it ends, no attempt is left.
fn race<T: 'static>(
    addresses: Vec<SocketAddr>,
    call: &'static str,
    attempt: impl Fn(SocketAddr) -> io::Result<T> + Clone + 'static,
) -> io::Result<T> {
    let mut left = alternating(addresses);
    let mut attempts = Attempts { running: Vec::new() };
    let mut failures = Vec::new();
    loop {
        if let Some(address) = left.pop_front() {
            let attempt = attempt.clone();
            let task = create_task(coroutine(move || attempt(address)).fallible().named("connect"));
            attempts.running.push((address, task));
        } else if attempts.running.is_empty() {
            return Err(all_failed(call, failures));
        }
        let stagger = if left.is_empty() { None } else { Some(STAGGER) };
        let tasks = attempts.running.iter().map(|(_, task)| task);
        let waited = wait(tasks).return_when(ReturnWhen::FirstCompleted).timeout(stagger).await_();
        drop(waited.map_err(io::Error::from)?);
        while let Some(at) = attempts.running.iter().position(|(_, task)| task.done()) {
            let (address, task) = attempts.running.remove(at);
            match task.await_()? {
                Ok(stream) => {
                    attempts.end()?;
                    return Ok(stream);
                }
                Err(error) => failures.push((address, error)),
            }
        }
    }
}

/// Says which address failed, unless it is a cancellation.
pub(super) fn named(call: &str, address: impl Display, error: io::Error) -> io::Error {
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
struct Attempts<T: 'static> {
    running: Vec<(SocketAddr, Task<io::Result<T>>)>,
}

impl<T> Attempts<T> {
    /// Ends them, and waits for it: their sockets are closed then.
    ///
    /// # Errors
    /// The cancellation, if we are cancelled meanwhile; they have ended then, too.
    fn end(&mut self) -> io::Result<()> {
        for (_, task) in &self.running {
            task.cancel();
        }
        let mut ended = Ok(());
        while self.running.iter().any(|(_, task)| !task.done()) {
            // Not by awaiting each: a cancellation of ours could not be told from theirs.
            match wait(self.running.iter().map(|(_, task)| task)).await_() {
                Ok(_) => {}
                Err(error) if error.is_cancelled() => ended = ended.and(Err(error)),
                Err(error) => return Err(error.into()),
            }
        }
        for (_, task) in self.running.drain(..) {
            let _ = task.await_(); // nobody else asks what it came to
        }
        Ok(ended?)
    }
}

impl<T> Drop for Attempts<T> {
    fn drop(&mut self) {
        for (_, task) in &self.running {
            task.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::event_loop::{Runner, VirtualClock, running_loop};
    use crate::time::sleep;

    /// Attempts at several addresses: each takes so many milliseconds, and then answers or does not.
    /// Who won, or why nobody did; after how long; and how many connections were made and are open then.
    fn raced(attempts: &'static [(u64, bool)]) -> (Result<u16, String>, Duration, usize) {
        let program = move || {
            let open = Rc::new(());
            let addresses = (1..).zip(attempts).map(|(port, _)| SocketAddr::from(([127, 0, 0, 1], port)));
            let (event_loop, connection) = (running_loop().unwrap(), open.clone());
            let began = event_loop.time();
            let ended = race(addresses.collect(), "connect", move |address| {
                let (milliseconds, answers) = attempts[usize::from(address.port()) - 1];
                sleep(Duration::from_millis(milliseconds)).await_()?;
                let refused = io::ErrorKind::ConnectionRefused.into();
                if answers { Ok((address.port(), connection.clone())) } else { Err(refused) }
            });
            let took = event_loop.time() - began;
            assert_eq!(crate::facade::all_tasks().len(), 1, "no attempt is left");
            let winner = ended.map(|(port, _open)| port).map_err(|error| error.to_string());
            (winner, took, Rc::strong_count(&open) - 1)
        };
        Runner::new().clock(VirtualClock::new()).run(coroutine(program)).unwrap()
    }

    /// test_staggered: test_one_successful, test_first_error_second_successful, test_first_timeout_second_successful,
    /// test_none_successful
    #[test]
    fn the_next_is_tried_when_one_has_failed_or_is_silent_for_a_while() {
        let ms = Duration::from_millis;
        assert_eq!(raced(&[(10, true), (0, true)]), (Ok(1), ms(10), 0));
        assert_eq!(raced(&[(10, false), (20, true)]), (Ok(2), ms(30), 0));
        assert_eq!(raced(&[(1_000, true), (20, true)]), (Ok(2), ms(270), 0));
        assert_eq!(raced(&[(260, true), (20, true)]), (Ok(1), ms(260), 0));
        let all = "connect: 127.0.0.1:1: connection refused; 127.0.0.1:2: connection refused";
        assert_eq!(raced(&[(10, false), (20, false)]), (Err(all.to_owned()), ms(30), 0));
    }

    /// test_staggered of later versions: test_multiple_winners
    #[test]
    fn of_two_that_answer_in_the_same_turn_the_first_wins_and_the_other_is_dropped() {
        let winner = (Ok(1), Duration::from_millis(300), 0);
        assert_eq!(raced(&[(300, true), (50, true)]), winner);
        assert_eq!(raced(&[(300, true), (50, false)]), winner);
        assert_eq!(raced(&[(300, false), (50, true)]), (Ok(2), Duration::from_millis(300), 0));
    }

    /// Both are under way when the first answers; the other takes its time to end. Meanwhile the whole is cancelled.
    #[test]
    fn a_cancellation_while_the_others_end_is_delivered_when_they_have_ended() {
        let program = || {
            let event_loop = running_loop().unwrap();
            let began = event_loop.time();
            let connecting = create_task(coroutine(|| {
                let addresses = [1, 2].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
                race(addresses.into(), "connect", |address| {
                    let milliseconds = if address.port() == 1 { 300 } else { 1_000 };
                    let answered = sleep(Duration::from_millis(milliseconds)).await_();
                    if answered.is_err() {
                        sleep(Duration::from_millis(50)).await_()?;
                    }
                    Ok(answered?)
                })
            }));
            sleep(Duration::from_millis(320)).await_().unwrap();
            assert!(connecting.cancel_with("enough"));
            let error = connecting.await_().unwrap().unwrap_err();
            assert!(error.is_cancelled());
            assert!(error.to_string().contains("enough"), "{error}");
            assert_eq!(event_loop.time() - began, Duration::from_millis(350));
            assert_eq!(crate::facade::all_tasks().len(), 1, "no attempt is left");
        };
        Runner::new().clock(VirtualClock::new()).run(coroutine(program)).unwrap();
    }

    #[test]
    fn the_families_take_turns_and_the_first_one_begins() {
        let of = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let given = of(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1", "2.2.2.2:1"]);
        let order = of(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "2.2.2.2:1", "[::3]:1"]);
        assert_eq!(alternating(given), order);
    }
}
