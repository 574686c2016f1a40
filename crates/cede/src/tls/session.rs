//! What `rustls` knows of a connection, and the bytes that are on their way out.

use std::cell::RefCell;
use std::io::{self, Read, Write};

use rustls::Connection;

use crate::coroutine::Awaitable;
use crate::net::Stream;
use crate::sync::Lock;

/// The encrypting side of a stream. No borrow is held across a wait.
pub(super) struct Session {
    connection: RefCell<Connection>,
    /// What is encrypted and not yet given to the stream below.
    outgoing: RefCell<Vec<u8>>,
    /// Held by whoever gives it there: bytes leave in order, and one task at a time waits for room.
    sending: Lock<()>,
}

impl Session {
    pub(super) fn new(connection: Connection) -> Self {
        Session { connection: RefCell::new(connection), outgoing: RefCell::default(), sending: Lock::new(()) }
    }

    pub(super) fn with<R>(&self, look: impl FnOnce(&mut Connection) -> R) -> R {
        look(&mut self.connection.borrow_mut())
    }

    /// Decrypted bytes that are there: `WouldBlock` if there are none yet, 0 at the end.
    pub(super) fn take(&self, bytes: &mut [u8]) -> io::Result<usize> {
        self.with(|connection| connection.reader().read(bytes))
    }

    /// Takes as much as it has room for.
    pub(super) fn put(&self, bytes: &[u8]) -> io::Result<usize> {
        self.with(|connection| connection.writer().write(bytes))
    }

    /// Works on bytes that have come; none means the end.
    pub(super) fn feed(&self, mut bytes: &[u8]) -> io::Result<()> {
        let at_end = bytes.is_empty();
        self.with(|connection| {
            loop {
                connection.read_tls(&mut bytes)?;
                connection
                    .process_new_packets()
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
                if at_end || bytes.is_empty() {
                    return Ok(());
                }
            }
        })
    }

    /// Encrypts what is to be sent.
    fn encrypt(&self) {
        let mut outgoing = self.outgoing.borrow_mut();
        self.with(|connection| {
            while connection.wants_write() {
                // Into memory: it does not fail.
                if connection.write_tls(&mut *outgoing).is_err() {
                    break;
                }
            }
        });
    }

    fn take_outgoing(&self) -> Vec<u8> {
        self.encrypt();
        self.outgoing.take()
    }

    /// What was not sent goes before what came meanwhile.
    fn put_back(&self, mut rest: Vec<u8>) {
        let mut outgoing = self.outgoing.borrow_mut();
        rest.append(&mut outgoing);
        *outgoing = rest;
    }

    /// Gives all there is to the stream below. Cedes while it has no room. Cancelled, it has lost nothing:
    /// the next one goes on.
    pub(super) fn flush(&self, stream: &impl Stream) -> io::Result<()> {
        if !self.has_outgoing() {
            return Ok(());
        }
        let _sending = self.sending.lock().await_()?;
        while self.has_outgoing() {
            let sending = self.take_outgoing();
            let mut sent = 0;
            while sent < sending.len() {
                match stream.write_some(&sending[sent..]) {
                    Ok(count) => sent += count,
                    Err(error) => {
                        self.put_back(sending[sent..].to_vec());
                        return Err(error);
                    }
                }
            }
        }
        Ok(())
    }

    fn has_outgoing(&self) -> bool {
        !self.outgoing.borrow().is_empty() || self.with(|connection| connection.wants_write())
    }

    /// As [`flush`](Self::flush), as far as it goes without ceding.
    pub(super) fn try_flush(&self, stream: &impl Stream) -> io::Result<()> {
        let Some(_sending) = self.sending.try_lock() else { return Err(io::ErrorKind::WouldBlock.into()) };
        let mut sending = self.take_outgoing();
        let mut result = Ok(());
        while !sending.is_empty() {
            match stream.try_write(&sending) {
                Ok(count) => drop(sending.drain(..count)),
                Err(error) => {
                    result = Err(error);
                    break;
                }
            }
        }
        self.put_back(sending);
        result
    }
}
