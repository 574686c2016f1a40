use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::rc::Rc;
use std::thread;

use crate::combinators::wait;
use crate::coroutine::{Awaitable, coroutine};
use crate::error::{Error, Failure};
use crate::event_loop::find_running;
use crate::facade::create_task;
use crate::net::Stream;
use crate::sync::Event;
use crate::task::AnyTask;

/// asyncio's mark: [`drain`](StreamWriter::drain) waits when more than this is to be sent, until a quarter is.
const HIGH: usize = 64 * 1_024;

/// Writes without waiting: what the system does not take at once is kept and sent in the background, and
/// whoever writes much asks now and then for it to be [`drain`](Self::drain)ed. Clones are the same writer.
///
/// A connection that is lost is an error of the next write or drain, and ended in both directions: whoever reads
/// from it comes to its end. When the last writer is dropped, what is kept is still sent, and then the stream is
/// closed; by a panic, without a word that this was all.
///
/// asyncio counterpart: `StreamWriter`.
pub struct StreamWriter<S: Stream + 'static> {
    shared: Rc<Shared<S>>,
}

struct Shared<S: Stream + 'static> {
    stream: Rc<S>,
    /// What no task has begun to send.
    kept: RefCell<Vec<u8>>,
    /// How many bytes are still to be sent, those that a task sends now included. While there are some, a
    /// task sends them, and nobody else writes.
    unsent: Cell<usize>,
    sender: RefCell<Option<AnyTask>>,
    /// Why nothing can be sent any more.
    lost: RefCell<Option<Error>>,
    /// Not more than is allowed is kept.
    drained: Event,
    /// Nothing is kept.
    flushed: Event,
    /// How many writers there are.
    writers: Cell<usize>,
    /// What comes when nothing is kept any more.
    ending: Cell<Ending>,
    high: Cell<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// Nothing: somebody may write more.
    Open,
    /// The other side is told that this was all.
    Told,
    /// It is not: a panic has ended whoever would have written more.
    Cut,
}

impl<S: Stream + 'static> StreamWriter<S> {
    /// A writer to this stream.
    pub fn new(stream: Rc<S>) -> Self {
        let shared = Shared {
            stream,
            kept: RefCell::default(),
            unsent: Cell::new(0),
            sender: RefCell::default(),
            lost: RefCell::default(),
            drained: Event::new(),
            flushed: Event::new(),
            writers: Cell::new(1),
            ending: Cell::new(Ending::Open),
            high: Cell::new(HIGH),
        };
        shared.drained.set();
        shared.flushed.set();
        StreamWriter { shared: Rc::new(shared) }
    }

    /// Writes: at once as much as the system takes, the rest in the background. Does not cede.
    ///
    /// # Errors
    /// When the connection was lost, or the writer is closed. Outside a loop, if not all is taken at once: the connection
    /// is lost then, for the other side would wait for the rest.
    pub fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let shared = &self.shared;
        shared.check("StreamWriter::write")?;
        let mut rest = bytes;
        if shared.unsent.get() == 0 {
            while !rest.is_empty() {
                match shared.stream.try_write(rest) {
                    Ok(count) => rest = &rest[count..],
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(shared.fail(error)),
                }
            }
        }
        if !rest.is_empty() {
            check_loop("StreamWriter::write").map_err(|error| shared.fail(error))?;
            shared.kept.borrow_mut().extend_from_slice(rest);
            shared.unsent.set(shared.unsent.get() + rest.len());
            shared.flushed.clear();
            shared.start_sender();
        }
        if shared.unsent.get() > shared.high.get() {
            shared.drained.clear();
        }
        Ok(())
    }

    /// Waits while more than 64 KiB ([`set_high_water`](Self::set_high_water)) is kept, until a quarter of
    /// that is left. Does not cede if less is. Cancelled, it leaves all as it is.
    ///
    /// # Errors
    /// When the connection was lost. The cancellation.
    pub fn drain(&self) -> io::Result<()> {
        self.shared.check_lost()?;
        self.shared.drained.wait().await_()?;
        self.shared.check_lost()
    }

    /// Waits until all that was written is given to the system.
    ///
    /// # Errors
    /// As [`drain`](Self::drain).
    pub fn flush(&self) -> io::Result<()> {
        self.shared.flush()
    }

    /// Tells the other side, after what was written, that nothing more will come; it can still be read from.
    /// Does not cede.
    ///
    /// asyncio counterpart: `write_eof`.
    ///
    /// # Errors
    /// When the connection was lost, or the writer is closed already.
    pub fn write_eof(&self) -> io::Result<()> {
        self.shared.check("StreamWriter::write_eof")?;
        self.shared.end(Ending::Told);
        Ok(())
    }

    /// Ends writing after what was written. The stream itself is closed when its reader, too, is dropped: it can still be
    /// read from, where asyncio's reader is at its end. Does not cede; [`wait_closed`](Self::wait_closed) waits. Closing
    /// twice does nothing.
    pub fn close(&self) {
        if !self.shared.is_ending() {
            self.shared.end(Ending::Told);
        }
    }

    /// Whether it is closed, or the connection was lost.
    pub fn is_closing(&self) -> bool {
        self.shared.is_ending() || self.shared.lost.borrow().is_some()
    }

    /// Waits until what was written before [`close`](Self::close) is given to the system, and the end with it. Before
    /// that it is a [`flush`](Self::flush), where asyncio's waits for somebody to close it.
    ///
    /// # Errors
    /// As [`drain`](Self::drain).
    pub fn wait_closed(&self) -> io::Result<()> {
        self.flush()
    }

    /// Sets how much may be kept before [`drain`](Self::drain) waits.
    ///
    /// asyncio counterpart: `transport.set_write_buffer_limits`.
    pub fn set_high_water(&self, bytes: usize) {
        self.shared.high.set(bytes);
    }

    /// The stream, which goes on. Everything must be sent, and this the last writer.
    pub(super) fn into_stream(self) -> Rc<S> {
        self.shared.ending.set(Ending::Told); // so that it is not ended by the drop
        self.shared.stream.clone()
    }

    /// What there will be to send, for whoever waits for it or gives it up. It is no writer: when all of those are
    /// dropped, writing ends.
    pub(super) fn rest(&self) -> Rest<S> {
        Rest { shared: self.shared.clone() }
    }

    /// Whether no clone of it is left.
    pub(super) fn is_last(&self) -> bool {
        self.shared.writers.get() == 1
    }

    /// How much is kept to be sent.
    pub fn kept(&self) -> usize {
        self.shared.unsent.get()
    }

    /// The stream.
    pub fn stream(&self) -> &Rc<S> {
        &self.shared.stream
    }
}

/// What writers have written and is not sent.
pub(super) struct Rest<S: Stream + 'static> {
    shared: Rc<Shared<S>>,
}

impl<S: Stream + 'static> Rest<S> {
    /// Waits until it is sent, and the end told, if it has ended.
    pub(super) fn flush(&self) -> io::Result<()> {
        self.shared.flush()
    }

    /// Ends the connection, forgets what is kept, and ends the task that sends it: back when that has ended
    /// (asyncio: `transport.abort`).
    pub(super) fn abort(&self) {
        let sender = self.shared.sender.take();
        let _ = self.shared.stream.abort();
        if !self.shared.flushed.is_set() {
            self.shared.lose(aborted("the connection was aborted"));
        }
        if let Some(sender) = sender {
            sender.cancel();
            let _ = wait([sender]).await_(); // itself cancelled: the sender ends in the next turn anyway
        }
    }
}

fn aborted(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, why)
}

/// Whether a task can be made that sends what is kept.
fn check_loop(call: &'static str) -> io::Result<()> {
    match find_running() {
        None => Err(Error::no_running_loop(call).into()),
        Some(event_loop) if event_loop.is_closed() => Err(Error::closed(call).into()),
        Some(_) => Ok(()),
    }
}

impl<S: Stream + 'static> Shared<S> {
    fn flush(&self) -> io::Result<()> {
        self.check_lost()?;
        self.flushed.wait().await_()?;
        self.check_lost()
    }

    fn check(&self, call: &str) -> io::Result<()> {
        self.check_lost()?;
        if self.is_ending() {
            return Err(io::Error::new(io::ErrorKind::BrokenPipe, format!("{call}: the writer is closed")));
        }
        Ok(())
    }

    fn check_lost(&self) -> io::Result<()> {
        match &*self.lost.borrow() {
            Some(error) => Err(error.clone().into()),
            None => Ok(()),
        }
    }

    fn is_ending(&self) -> bool {
        self.ending.get() != Ending::Open
    }

    /// Something has failed in the middle of what was written: nothing can follow it. Whoever reads here or there
    /// learns of it, instead of waiting for what never comes.
    fn fail(&self, error: io::Error) -> io::Error {
        let _ = self.stream.abort();
        self.lose(error)
    }

    /// Nothing can be sent any more.
    fn lose(&self, error: io::Error) -> io::Error {
        let error = Error::from(error);
        *self.lost.borrow_mut() = Some(error.clone());
        self.kept.take();
        self.unsent.set(0);
        self.drained.set();
        self.flushed.set();
        error.into()
    }

    /// Ends it, once all is sent. Where that cannot be at once, a task does it.
    fn end(self: &Rc<Self>, ending: Ending) {
        self.ending.set(ending);
        if self.unsent.get() > 0 {
            return; // whoever sends it goes on with the end
        }
        if ending == Ending::Cut {
            self.fail(aborted("a panic has ended its writer"));
            return;
        }
        match self.stream.try_end() {
            Err(error)
                if error.kind() == io::ErrorKind::WouldBlock && check_loop("StreamWriter::close").is_ok() =>
            {
                self.flushed.clear();
                self.start_sender();
            }
            _ => {}
        }
    }

    /// Has a task send what is kept, unless one does.
    fn start_sender(self: &Rc<Self>) {
        if self.sender.borrow().as_ref().is_some_and(|task| !task.done()) {
            return;
        }
        let sending = Sending(self.clone());
        let task = create_task(coroutine(move || sending.send_kept()).named("stream writer"));
        let before = self.sender.replace(Some(task.handle()));
        drop(before);
    }
}

/// The sender's task, begun or not. It owns the writer's memory, not a writer: so the last writer may go meanwhile.
struct Sending<S: Stream + 'static>(Rc<Shared<S>>);

impl<S: Stream + 'static> Sending<S> {
    fn send_kept(self) {
        if let Err(error) = self.send_and_end() {
            // Cancelled with its loop, as a rule: what is kept is lost then.
            let error = if error.is_cancelled() { aborted("the sender was cancelled") } else { error };
            if self.0.lost.borrow().is_none() {
                self.0.fail(error);
            }
        }
        self.0.drained.set();
        self.0.flushed.set();
    }

    fn send_and_end(&self) -> io::Result<()> {
        let shared = &*self.0;
        let mut sending = Vec::new();
        let mut sent = 0;
        loop {
            if sent == sending.len() {
                sending = shared.kept.take();
                sent = 0;
                if sending.is_empty() {
                    break;
                }
            }
            let count = shared.stream.write_some(&sending[sent..])?;
            shared.check_lost()?; // aborted meanwhile
            sent += count;
            shared.unsent.set(shared.unsent.get() - count);
            if shared.unsent.get() <= shared.high.get() / 4 {
                shared.drained.set();
            }
        }
        match shared.ending.get() {
            Ending::Open => Ok(()),
            Ending::Cut => Err(aborted("a panic has ended its writer")),
            Ending::Told => match shared.stream.end() {
                Err(error) if error.is_cancelled() => Err(error),
                _ => Ok(()), // all is sent, and who has gone need not be told
            },
        }
    }
}

impl<S: Stream + 'static> Drop for Sending<S> {
    /// Cancelled before it began, or ended by a panic: nobody must wait for it.
    fn drop(&mut self) {
        if !self.0.flushed.is_set() {
            self.0.fail(aborted("the sender was cancelled"));
        }
    }
}

impl<S: Stream + 'static> Clone for StreamWriter<S> {
    fn clone(&self) -> Self {
        self.shared.writers.set(self.shared.writers.get() + 1);
        StreamWriter { shared: self.shared.clone() }
    }
}

impl<S: Stream + 'static> Drop for StreamWriter<S> {
    fn drop(&mut self) {
        self.shared.writers.set(self.shared.writers.get() - 1);
        if self.shared.writers.get() == 0 && !self.is_closing() {
            self.shared.end(if thread::panicking() { Ending::Cut } else { Ending::Told });
        }
    }
}

impl<S: Stream + 'static> fmt::Debug for StreamWriter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamWriter")
            .field("kept", &self.kept())
            .field("closing", &self.is_closing())
            .finish_non_exhaustive()
    }
}
