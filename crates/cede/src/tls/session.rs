//! What `rustls` knows of a connection, and the bytes that are on their way out.

use std::cell::{Cell, RefCell};
use std::io::{self, Read, Write};

use rustls::Connection;

use crate::coroutine::Awaitable;
use crate::error::{Error, Failure};
use crate::net::Stream;
use crate::sync::Lock;

/// The encrypting side of a stream. No borrow is held across a wait.
pub(super) struct Session {
    connection: RefCell<Connection>,
    /// What is encrypted and not yet given to the stream below.
    outgoing: RefCell<Vec<u8>>,
    /// Held by whoever gives it there: bytes leave in order, and one task at a time waits for room.
    sending: Lock<()>,
    /// The stream below has failed, or what came was not what it should be.
    broken: Cell<bool>,
}

impl Session {
    pub(super) fn new(connection: Connection) -> Self {
        Session {
            connection: RefCell::new(connection),
            outgoing: RefCell::default(),
            sending: Lock::new(()),
            broken: Cell::new(false),
        }
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

    /// Has it say, in a way that cannot be forged, that what was sent was all. Not where something could not be
    /// sent, nor while a panic ends whoever would have sent more: the other side would take a part for the whole.
    pub(super) fn say_farewell(&self) {
        if !self.broken.get() && !std::thread::panicking() {
            self.with(|connection| connection.send_close_notify());
        }
    }

    pub(super) fn is_handshaking(&self) -> bool {
        self.with(|connection| connection.is_handshaking())
    }

    /// Works on bytes that have come, none meaning the end, until there is something to [`take`](Self::take): how many
    /// of them it has worked on. Nothing may be there to be taken.
    pub(super) fn feed(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        self.with(|connection| {
            loop {
                connection.read_tls(&mut rest)?;
                connection
                    .process_new_packets()
                    .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
                // It takes no more while there is much to be taken.
                if rest.is_empty() || !connection.wants_read() {
                    return Ok(bytes.len() - rest.len());
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
        if self.has_outgoing() { self.flush_all(stream) } else { Ok(()) }
    }

    /// As [`flush`](Self::flush), and waits for whoever else gives something to the stream: back when nothing is on
    /// its way.
    pub(super) fn flush_all(&self, stream: &impl Stream) -> io::Result<()> {
        let _sending = self.sending.lock().await_()?;
        while self.has_outgoing() {
            let sending = self.take_outgoing();
            let mut sent = 0;
            while sent < sending.len() {
                match stream.write_some(&sending[sent..]) {
                    Ok(count) => sent += count,
                    Err(error) => {
                        self.put_back(sending[sent..].to_vec());
                        return Err(self.failed(error));
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
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    result = Err(self.failed(error));
                    break;
                }
            }
        }
        self.put_back(sending);
        result
    }

    /// Notes that the connection is broken, unless all is there to be tried again.
    pub(super) fn failed(&self, error: io::Error) -> io::Error {
        if !is_passing(&error) {
            self.broken.set(true);
        }
        error
    }
}

/// Whether nothing has befallen the connection: to be tried again, a cancellation, or a misuse, such as two tasks that
/// wait for one thing.
fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
        || error.is_cancelled()
        || error.get_ref().is_some_and(|inner| inner.is::<Error>())
}
