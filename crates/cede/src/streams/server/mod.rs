//! Servers: a task that accepts, a task for each connection, and an end that loses nobody.

mod clients;
mod listen;
mod start;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use crate::combinators::{ReturnWhen, wait};
use crate::coroutine::Awaitable;
use crate::error::Failure;
use crate::sync::Event;
use crate::task::AnyTask;
use clients::Clients;

pub use listen::Accept;
pub use start::{serve, serve_streams, start_server, start_unix_server};

/// A server that runs. Clones are the same one.
///
/// It goes on when all its handles are dropped. Closing it stops it from accepting; connections that are open
/// stay until their handlers have returned and what those have written is sent, or are told to end.
///
/// asyncio counterpart: `asyncio.Server`.
#[derive(Clone)]
pub struct Server {
    inner: Rc<Inner>,
}

struct Inner {
    clients: Rc<Clients>,
    /// A task for each listener.
    accepting: RefCell<Vec<AnyTask>>,
    /// How many of them have their listener still.
    listening: Cell<usize>,
    /// Set once it accepts no more.
    closed: Event,
    closing: Cell<bool>,
    addresses: Vec<SocketAddr>,
}

impl Server {
    /// The address it listens at, the first if there are several; `None` for a path.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.inner.addresses.first().copied()
    }

    /// All addresses it listens at.
    ///
    /// asyncio counterpart: `Server.sockets`.
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.inner.addresses
    }

    /// Whether it accepts connections.
    pub fn is_serving(&self) -> bool {
        !self.inner.closing.get() && !self.inner.closed.is_set()
    }

    /// How many connections are open: those whose handlers run, or have left something to be sent.
    pub fn connections(&self) -> usize {
        self.inner.clients.len()
    }

    /// Stops accepting, and lets go of the address. Connections that are open stay. Does not cede. Closing
    /// twice does nothing.
    pub fn close(&self) {
        if !self.inner.closing.replace(true) {
            let accepting = self.inner.accepting.borrow().clone();
            for task in accepting {
                task.cancel();
            }
        }
    }

    /// Tells every open connection that nothing more will come in: its handler reads the end, after what is
    /// there, and can still answer. Over TLS an end without the client's farewell is an error, `UnexpectedEof`.
    ///
    /// asyncio counterpart: `close_clients`, which also stops reading what is there.
    pub fn close_clients(&self) {
        self.inner.clients.end_reading();
    }

    /// Cancels the handler of every open connection, and ends the connection at once: what the handler has written and is
    /// not sent is forgotten. Over TLS the other side can tell that from an end.
    ///
    /// asyncio counterpart: `abort_clients`.
    pub fn abort_clients(&self) {
        self.inner.clients.abort();
    }

    /// Waits until it is closed and no connection is open any more: all that handlers have written is sent.
    ///
    /// asyncio counterpart: `wait_closed`.
    ///
    /// # Errors
    /// The cancellation, if the task is cancelled meanwhile; the server stays as it is.
    pub fn wait_closed(&self) -> io::Result<()> {
        self.inner.closed.wait().await_()?;
        self.inner.clients.wait_none()
    }

    /// Shuts it down gracefully: no new connections; those that are open may end by themselves for this long,
    /// or for ever; what is left is [aborted](Self::abort_clients). Back when none is open: when every handler has ended,
    /// which one that refuses its cancellation does when it finds its connection gone. For one that does not care,
    /// put a [`timeout`](crate::timeout) around this.
    ///
    /// # Errors
    /// The cancellation, if the task is cancelled meanwhile; the server accepts no more, and the handlers go
    /// on.
    pub fn shutdown(&self, patience: impl Into<Option<Duration>>) -> io::Result<()> {
        self.close();
        self.inner.closed.wait().await_()?;
        if let Some(patience) = patience.into() {
            let tasks = self.inner.clients.tasks();
            if !tasks.is_empty() {
                let waited = wait(tasks).return_when(ReturnWhen::AllCompleted).timeout(patience).await_();
                drop(waited.map_err(io::Error::from)?);
            }
            self.abort_clients();
        }
        self.inner.clients.wait_none()
    }

    /// Waits until the task is cancelled, or somebody closes the server; then closes it and waits for its
    /// connections.
    ///
    /// asyncio counterpart: `serve_forever`.
    ///
    /// # Errors
    /// The cancellation, after the server is closed.
    pub fn serve_forever(&self) -> io::Result<()> {
        let waited = self.inner.closed.wait().await_();
        self.close();
        waited?;
        self.inner.clients.wait_none()
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("addresses", &self.inner.addresses)
            .field("serving", &self.is_serving())
            .field("connections", &self.connections())
            .finish()
    }
}

/// Whether an error is worth a report, or only says that somebody has gone.
fn is_quiet(error: &io::Error) -> bool {
    error.is_cancelled()
}
