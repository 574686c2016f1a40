//! Starting a server.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::clients::{Clients, Place};
use super::listen::Accept;
use super::{Inner, Server, is_quiet};
use crate::coroutine::coroutine;
use crate::error::Failure;
use crate::facade::create_task;
use crate::net::{TcpListener, TcpStream, ToSocketAddrs, UnixListener, UnixStream};
use crate::report::{self, Report};
use crate::streams::open::Shared;
use crate::streams::reader::StreamReader;
use crate::streams::writer::StreamWriter;
use crate::sync::Event;

/// Serves with this listener: the handler is called with each stream, in a task of its own. Does not cede.
///
/// An error that a handler returns is reported, as that of a task that nobody awaits; a cancellation is not.
/// A panic ends its connection alone. Where accepting itself fails for good, that is reported and the server
/// is closed. What a handler has written by a [`StreamWriter`] and not flushed is not waited for;
/// [`serve_streams`] does.
///
/// # Panics
/// When no loop runs here.
#[track_caller]
pub fn serve<A, E>(listener: A, handler: impl Fn(Rc<A::Stream>) -> Result<(), E> + 'static) -> Server
where
    A: Accept + 'static,
    E: Failure,
{
    serve_and_then(vec![listener], move |stream, _: &Place| handler(stream), || ())
}

/// As [`serve`], with several listeners; calls this when it accepts no more and has let go of all of them.
#[track_caller]
fn serve_and_then<A, E>(
    listeners: Vec<A>,
    handler: impl Fn(Rc<A::Stream>, &Place) -> Result<(), E> + 'static,
    closed: impl FnOnce() + 'static,
) -> Server
where
    A: Accept + 'static,
    E: Failure,
{
    let server = Server {
        inner: Rc::new(Inner {
            clients: Clients::new(),
            accepting: RefCell::default(),
            listening: Cell::new(listeners.len()),
            closed: Event::new(),
            closing: Cell::new(false),
            addresses: listeners.iter().filter_map(Accept::address).collect(),
        }),
    };
    let (handler, closed) = (Rc::new(handler), Rc::new(Cell::new(Some(closed))));
    for listener in listeners {
        let handler = handler.clone();
        // Goes with the task, begun or not, however that ends.
        let listening =
            Listening { server: server.clone(), closed: closed.clone(), listener: Some(listener) };
        let accept = move || {
            let Listening { server, listener: Some(listener), .. } = &listening else { return };
            let failed = loop {
                match listener.accept_stream() {
                    Ok(stream) => connect(&server.inner.clients, Rc::new(stream), &handler),
                    Err(error) => break error,
                }
            };
            if !is_quiet(&failed) {
                report::report(&Report::UnreadFailure {
                    who: "a server, which accepts no more,".to_owned(),
                    created: std::panic::Location::caller(),
                    error: failed.to_string(),
                });
                server.close(); // of several listeners, the others
            }
        };
        let task = create_task(coroutine(accept).named("server"));
        server.inner.accepting.borrow_mut().push(task.handle());
    }
    server
}

fn connect<S, E>(
    clients: &Rc<Clients>,
    stream: Rc<S>,
    handler: &Rc<impl Fn(Rc<S>, &Place) -> Result<(), E> + 'static>,
) where
    S: crate::net::Stream + 'static,
    E: Failure,
{
    let (place, handler) = (clients.enter(stream.clone()), handler.clone());
    let key = place.key;
    let serve = move || -> Result<(), E> {
        let place = place; // goes with the task, begun or not
        handler(stream, &place)
    };
    let task = create_task(coroutine(serve).fallible().named("connection"));
    clients.set_task(key, task.handle());
}

/// A server accepts with a listener while this lives.
struct Listening<A, F: FnOnce()> {
    server: Server,
    closed: Rc<Cell<Option<F>>>,
    listener: Option<A>,
}

impl<A, F: FnOnce()> Drop for Listening<A, F> {
    fn drop(&mut self) {
        drop(self.listener.take());
        let inner = &self.server.inner;
        inner.listening.set(inner.listening.get() - 1);
        if inner.listening.get() == 0 {
            if let Some(closed) = self.closed.take() {
                closed();
            }
            inner.closed.set();
        }
    }
}

/// As [`serve`]; the handler is called with a reader and a writer of each stream, and a connection counts as open
/// until all that was written is sent. So [`shutdown`](Server::shutdown) loses nothing, over TLS neither:
///
/// ```no_run
/// # #[cfg(feature = "tls")]
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use cede::net::TcpListener;
/// use cede::streams::serve_streams;
/// use cede::tls::{TlsListener, rustls};
/// # let config = || -> std::sync::Arc<rustls::ServerConfig> { unimplemented!() };
///
/// let config = config();
/// cede::run(cede::coroutine(|| -> std::io::Result<()> {
///     let listener = TlsListener::new(TcpListener::bind("127.0.0.1:8443")?, config);
///     let server = serve_streams(listener, |mut reader, writer| -> cede::Result<()> {
///         while let Some(line) = reader.read_line()? {
///             writer.write(&line)?;
///             writer.drain()?;
///         }
///         Ok(())
///     });
///     server.serve_forever()
/// }))??;
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "tls"))]
/// # fn main() {}
/// ```
///
/// asyncio counterpart: `asyncio.start_server` with `ssl`.
///
/// # Panics
/// When no loop runs here.
#[track_caller]
pub fn serve_streams<A, E>(
    listener: A,
    handler: impl Fn(StreamReader<Shared<A::Stream>>, StreamWriter<A::Stream>) -> Result<(), E> + 'static,
) -> Server
where
    A: Accept + 'static,
    E: Failure,
{
    serve_and_then(vec![listener], with_reader_and_writer(handler), || ())
}

/// Serves by TCP at this address, or at all of these: the handler is called with a reader and a writer of each connection,
/// in a task of its own. Cedes only to look a name up.
///
/// A name may have addresses of both families; a family that this machine does not have is left out then. `("::", 80)`
/// alone takes what comes by IPv4 too, but not beside an address of IPv4. With the port 0 each address gets one of its
/// own ([`Server::local_addrs`]).
///
/// asyncio counterpart: `asyncio.start_server`.
///
/// # Errors
/// When one of the addresses cannot be bound: it names it. When no loop runs here.
pub fn start_server<E: Failure>(
    address: impl ToSocketAddrs,
    handler: impl Fn(StreamReader<Shared<TcpStream>>, StreamWriter<TcpStream>) -> Result<(), E> + 'static,
) -> io::Result<Server> {
    let listeners = TcpListener::bind_all("start_server", address)?;
    Ok(serve_and_then(listeners, with_reader_and_writer(handler), || ()))
}

/// As [`start_server`], at a path. A socket that an earlier server has left there is removed; and so is this
/// one's when it is closed, unless another has taken its place. To leave it there (asyncio: `cleanup_socket=False`),
/// bind a [`UnixListener`] and give it to [`serve_streams`].
///
/// asyncio counterpart: `asyncio.start_unix_server`.
///
/// # Errors
/// As [`UnixListener::bind`].
pub fn start_unix_server<E: Failure>(
    path: impl AsRef<Path>,
    handler: impl Fn(StreamReader<Shared<UnixStream>>, StreamWriter<UnixStream>) -> Result<(), E> + 'static,
) -> io::Result<Server> {
    let path: PathBuf = path.as_ref().into();
    if std::fs::symlink_metadata(&path).is_ok_and(|found| found.file_type().is_socket()) {
        std::fs::remove_file(&path)?;
    }
    let listener = UnixListener::bind(&path)?;
    let ours = std::fs::symlink_metadata(&path)?.ino();
    Ok(serve_and_then(vec![listener], with_reader_and_writer(handler), move || {
        if std::fs::symlink_metadata(&path).is_ok_and(|found| found.ino() == ours) {
            let _ = std::fs::remove_file(&path);
        }
    }))
}

/// Calls it with a reader and a writer. The connection stays open until what it has written is sent; what an aborted
/// one has written is forgotten.
fn with_reader_and_writer<S: crate::net::Stream + 'static, E>(
    handler: impl Fn(StreamReader<Shared<S>>, StreamWriter<S>) -> Result<(), E> + 'static,
) -> impl Fn(Rc<S>, &Place) -> Result<(), E> + 'static {
    move |stream, place| {
        let writer = StreamWriter::new(stream.clone());
        let rest = writer.rest();
        let served = handler(StreamReader::new(Shared(stream)), writer);
        // Not sent: its connection is lost, or this task is cancelled now.
        if place.is_aborted() || rest.flush().is_err() {
            rest.abort();
        }
        served
    }
}
