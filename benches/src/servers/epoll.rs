//! epoll by hand, what the runtimes are measured against: no tasks, no timers, no wakers.
//!
//! A wait, and for each descriptor that it names one read and one write. Level-triggered and registered once: nothing
//! is re-armed, and no read is there only to find nothing. What a socket does not take at once is kept, and its
//! connection is not read until that is written.

use super::BUFFER;
use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, EventData, EventFlags};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

/// The listener's number; connections are numbered from 0.
const LISTENER: u64 = u64::MAX;

struct Connection {
    stream: TcpStream,
    /// What was read and is not written.
    left: Vec<u8>,
}

pub(super) fn echo(port: u16) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
    listener.set_nonblocking(true)?;
    let selector = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&selector, &listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    let mut connections: Vec<Option<Connection>> = Vec::new();
    let mut free: Vec<usize> = Vec::new();
    let mut events: Vec<epoll::Event> = Vec::with_capacity(1_024);
    let mut bytes = [0; BUFFER];
    loop {
        events.clear();
        epoll::wait(&selector, spare_capacity(&mut events), None)?;
        for event in &events {
            let number = event.data.u64();
            if number == LISTENER {
                while let Some(stream) = accept(&listener)? {
                    let place = free.pop().unwrap_or_else(|| {
                        connections.push(None);
                        connections.len() - 1
                    });
                    epoll::add(&selector, &stream, EventData::new_u64(place as u64), EventFlags::IN)?;
                    connections[place] = Some(Connection { stream, left: Vec::new() });
                }
                continue;
            }
            let place = usize::try_from(number)?;
            let Some(connection) = &mut connections[place] else { continue };
            let had = !connection.left.is_empty();
            if connection.serve(&mut bytes).is_err() {
                // Dropping it closes it, and closing takes it out of the selector.
                connections[place] = None;
                free.push(place);
                continue;
            }
            let has = !connection.left.is_empty();
            if had != has {
                let flags = if has { EventFlags::OUT } else { EventFlags::IN };
                epoll::modify(&selector, &connection.stream, EventData::new_u64(number), flags)?;
            }
        }
    }
}

fn accept(listener: &TcpListener) -> io::Result<Option<TcpStream>> {
    match listener.accept() {
        Ok((stream, _)) => {
            stream.set_nodelay(true)?;
            stream.set_nonblocking(true)?;
            Ok(Some(stream))
        }
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

impl Connection {
    /// One read and one write, or one more try of what is left; the error ends the connection.
    #[inline]
    fn serve(&mut self, bytes: &mut [u8; BUFFER]) -> io::Result<()> {
        if !self.left.is_empty() {
            let sent = sent(self.stream.write(&self.left))?;
            self.left.drain(..sent);
            return Ok(());
        }
        let count = match self.stream.read(bytes) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            read => read?,
        };
        let sent = sent(self.stream.write(&bytes[..count]))?;
        if sent < count {
            self.left.extend_from_slice(&bytes[sent..count]);
        }
        Ok(())
    }
}

/// A socket without room has taken nothing.
fn sent(result: io::Result<usize>) -> io::Result<usize> {
    match result {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
        sent => sent,
    }
}
