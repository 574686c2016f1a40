//! What writers have written, and the task that sends it.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::Rc;

use crate::combinators::wait;
use crate::coroutine::{Awaitable, coroutine};
use crate::error::{Error, Failure};
use crate::event_loop::find_running;
use crate::facade::create_task;
use crate::net::Stream;
use crate::sync::Event;
use crate::task::AnyTask;

/// asyncio's mark: whoever drains waits when more than this is to be sent, until a quarter is.
const HIGH: usize = 64 * 1_024;

/// What the clones of a writer share, and the task that sends for them, which exists only while there is something.
///
/// The invariant: while `flushed` is not set there is such a task, begun or not, and it sets it however it ends.
pub(super) struct Outgoing<S: Stream + 'static> {
    pub(super) stream: Rc<S>,
    /// What no task has begun to send.
    kept: RefCell<Vec<u8>>,
    /// How many bytes are still to be sent, those that a task sends now included. While there are some, a
    /// task sends them, and nobody else writes.
    pub(super) unsent: Cell<usize>,
    sender: RefCell<Option<AnyTask>>,
    /// Why nothing can be sent any more.
    lost: RefCell<Option<Error>>,
    /// Not more than is allowed is kept.
    drained: Event,
    /// Nothing is kept.
    flushed: Event,
    /// How many writers there are.
    pub(super) writers: Cell<usize>,
    /// What comes when nothing is kept any more.
    ending: Cell<Ending>,
    pub(super) high: Cell<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// Nothing: somebody may write more.
    Open,
    /// The other side is told that this was all.
    Told,
    /// It is not: a panic has ended whoever would have written more.
    Cut,
}

impl<S: Stream + 'static> Outgoing<S> {
    /// Of a stream with one writer.
    pub(super) fn of(stream: Rc<S>) -> Rc<Self> {
        let outgoing = Outgoing {
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
        outgoing.drained.set();
        outgoing.flushed.set();
        Rc::new(outgoing)
    }

    /// Gives the stream what it takes at once, and keeps the rest for a task to send.
    pub(super) fn write(self: &Rc<Self>, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        if self.unsent.get() == 0 {
            while !rest.is_empty() {
                match self.stream.try_write(rest) {
                    Ok(count) => rest = &rest[count..],
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(self.fail(error)),
                }
            }
        }
        if !rest.is_empty() {
            check_loop("StreamWriter::write").map_err(|error| self.fail(error))?;
            self.kept.borrow_mut().extend_from_slice(rest);
            self.unsent.set(self.unsent.get() + rest.len());
            self.flushed.clear();
            self.start_sender();
        }
        if self.unsent.get() > self.high.get() {
            self.drained.clear();
        }
        Ok(())
    }

    pub(super) fn drain(&self) -> io::Result<()> {
        self.check_lost()?;
        self.drained.wait().await_()?;
        self.check_lost()
    }

    pub(super) fn flush(&self) -> io::Result<()> {
        self.check_lost()?;
        self.flushed.wait().await_()?;
        self.check_lost()
    }

    pub(super) fn check(&self, call: &str) -> io::Result<()> {
        self.check_lost()?;
        if self.is_ending() {
            return Err(io::Error::new(io::ErrorKind::BrokenPipe, format!("{call}: the writer is closed")));
        }
        Ok(())
    }

    /// Its stream goes on when the last writer is dropped.
    pub(super) fn keep_open(&self) {
        self.ending.set(Ending::Told);
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lost.borrow().is_some()
    }

    fn check_lost(&self) -> io::Result<()> {
        match &*self.lost.borrow() {
            Some(error) => Err(error.clone().into()),
            None => Ok(()),
        }
    }

    pub(super) fn is_ending(&self) -> bool {
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
    pub(super) fn end(self: &Rc<Self>, ending: Ending) {
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
struct Sending<S: Stream + 'static>(Rc<Outgoing<S>>);

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
        let outgoing = &*self.0;
        let mut sending = Vec::new();
        let mut sent = 0;
        loop {
            if sent == sending.len() {
                sending = outgoing.kept.take();
                sent = 0;
                if sending.is_empty() {
                    break;
                }
            }
            let count = outgoing.stream.write_some(&sending[sent..])?;
            outgoing.check_lost()?; // aborted meanwhile
            sent += count;
            outgoing.unsent.set(outgoing.unsent.get() - count);
            if outgoing.unsent.get() <= outgoing.high.get() / 4 {
                outgoing.drained.set();
            }
        }
        match outgoing.ending.get() {
            Ending::Open => Ok(()),
            Ending::Cut => Err(aborted("a panic has ended its writer")),
            Ending::Told => match outgoing.stream.end() {
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

/// What writers have written and is not sent.
pub(super) struct Rest<S: Stream + 'static> {
    pub(super) outgoing: Rc<Outgoing<S>>,
}

impl<S: Stream + 'static> Rest<S> {
    /// Waits until it is sent, and the end told, if it has ended.
    pub(super) fn flush(&self) -> io::Result<()> {
        self.outgoing.flush()
    }

    /// Ends the connection, forgets what is kept, and ends the task that sends it: back when that has ended
    /// (asyncio: `transport.abort`).
    pub(super) fn abort(&self) {
        let sender = self.outgoing.sender.take();
        let _ = self.outgoing.stream.abort();
        if !self.outgoing.flushed.is_set() {
            self.outgoing.lose(aborted("the connection was aborted"));
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
