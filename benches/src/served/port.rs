//! A port for a server, and the wait until the server listens there.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Child;
use std::sync::atomic::AtomicU16;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

/// Below the range from which the system takes the clients' own ports, so that no client gets a server's.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// How many ports were given out. Another port for every server: a connection that is just over keeps its pair
/// of ports for a minute.
static GIVEN: AtomicU16 = AtomicU16::new(0);

/// A port of the loopback address on which nobody listens now.
///
/// # Errors
/// There is none.
pub(crate) fn free() -> Result<u16, String> {
    // Two harnesses at once begin in different places.
    let begin = (std::process::id() % u32::from(COUNT)) as u16;
    for _ in 0..COUNT {
        let port = FIRST + (begin + GIVEN.fetch_add(1, Relaxed) % COUNT) % COUNT;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(format!("no free port between {FIRST} and {}", FIRST + COUNT))
}

/// Waits until the process accepts connections on the port.
///
/// # Errors
/// It has ended, or the limit is over.
pub(crate) fn wait(server: &mut Child, port: u16, limit: Duration) -> Result<(), String> {
    let began = Instant::now();
    let mut pause = Duration::from_millis(1);
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        if let Ok(Some(status)) = server.try_wait() {
            return Err(format!("the server ended with {status}"));
        }
        if began.elapsed() > limit {
            return Err(format!("the server does not listen after {} s", limit.as_secs()));
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn no_port_is_given_twice_in_a_row() {
        let (one, two) = (free().expect("a port"), free().expect("a port"));
        assert_ne!(one, two);
        assert!((FIRST..FIRST + COUNT).contains(&one) && (FIRST..FIRST + COUNT).contains(&two));
    }

    #[test]
    fn a_server_that_ends_is_not_waited_for() {
        let mut server = Command::new("false").spawn().expect("it starts");
        let port = free().expect("a port");
        let waited = wait(&mut server, port, Duration::from_secs(60));
        assert_eq!(waited, Err("the server ended with exit status: 1".to_owned()));
    }
}
