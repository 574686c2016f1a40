//! A descriptor that tasks read and write.

use std::cell::OnceCell;
use std::io;
use std::os::fd::AsFd;
use std::panic::Location;
use std::rc::Rc;

use super::direction::Direction;
use super::faults::make;
use super::happened::{Interest, SourceKey};
use super::kept::Kept;
use super::registry::{Ends, Entry, Reactor};
use super::selector::SHORT_IS_EMPTY;
use crate::coroutine::Interrupt;
use crate::error::Error;
use crate::event_loop::find_running;
use crate::task;

/// A non-blocking descriptor, registered with the loop it was made on. Whoever would have to wait for it
/// parks; the loop goes on.
///
/// The invariant: the descriptor is registered from here to the drop, under a key of its own, and is closed
/// only afterwards. So no event of it outlives it.
pub(crate) struct Source<S: AsFd> {
    pub(super) reactor: Rc<Reactor>,
    key: SourceKey,
    pub(super) ends: Ends,
    /// Nothing that a peer does ends a read before all is taken, but for what an event says.
    seamless: bool,
    /// What the ends have in common that were cloned from each other, if any were.
    kin: OnceCell<Rc<()>>,
    /// `None` once it was moved out.
    io: Option<S>,
}

const BOTH: Interest = Interest { read: true, write: true, edge: true };

/// For what makes several descriptors, or tries several addresses, before it needs the loop.
///
/// # Errors
/// When no loop runs here.
pub(crate) fn check_running(call: &'static str) -> Result<(), Error> {
    find_running().map(drop).ok_or_else(|| Error::no_running_loop(call))
}

/// For a descriptor of a kind that the kernel may not tell of.
///
/// # Errors
/// When it does not.
pub(crate) fn check_told(source: impl AsFd, call: &'static str) -> io::Result<()> {
    match find_running() {
        Some(event_loop) => event_loop.core.reactor.can_tell_of(source).map_err(|error| named(call, &error)),
        None => Err(Error::no_running_loop(call).into()),
    }
}

fn named(call: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{call}: {error}"))
}

/// Which direction an operation needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Read,
    Write,
}

impl<S: AsFd> Source<S> {
    /// Registers it with the running loop. It must be non-blocking already.
    ///
    /// # Errors
    /// When no loop runs here; when the kernel cannot tell of this kind of descriptor.
    #[track_caller]
    pub(crate) fn new(io: S, call: &'static str) -> io::Result<Self> {
        Self::register(io, call, true).map_err(|error| match error.get_ref() {
            Some(inner) if inner.is::<Error>() => error, // names the call already
            _ => named(call, &error),
        })
    }

    /// As [`new`](Self::new), but what the system says is given without the call's name, for whoever has more to tell: to
    /// which address it was. And it may be one that cannot be written to yet, for it is still being connected.
    #[track_caller]
    pub(crate) fn register(io: S, call: &'static str, writable: bool) -> io::Result<Self> {
        let event_loop = find_running().ok_or_else(|| Error::no_running_loop(call))?;
        let reactor = event_loop.core.reactor.clone();
        let site = Location::caller();
        let ring = reactor.ring_or_make();
        let ends = Ends {
            read: Direction::new(reactor.schedule.clone(), ring.cloned(), "read from", false, site),
            write: Direction::new(reactor.schedule.clone(), ring.cloned(), "write to", writable, site),
        };
        let key = reactor.register(&io, BOTH, || Entry::Ends(ends.clone()))?;
        Ok(Source { reactor, key, ends, seamless: false, kin: OnceCell::new(), io: Some(io) })
    }

    /// A read of it that does not fill its buffer has taken all there was. So it is of TCP, but for an urgent mark, of
    /// which the kernel tells. Not so of what may have messages or packets: a Unix stream stops at one that passes
    /// descriptors, a pipe at the end of a packet, a terminal at that of a line.
    pub(crate) fn seamless(mut self) -> Self {
        self.seamless = true;
        self
    }

    /// What it waits for.
    #[inline]
    pub(crate) fn io(&self) -> &S {
        self.io.as_ref().expect("it is moved out only with the source")
    }

    /// Takes it out of the loop.
    fn into_inner(mut self) -> S {
        let io = self.io.take().expect("it is moved out only with the source");
        self.reactor.deregister(self.key, &io);
        io
    }

    /// The same descriptor as something else.
    pub(crate) fn map<T: AsFd>(mut self, map: impl FnOnce(S) -> T) -> Source<T> {
        let io = self.io.take().map(map);
        let (reactor, ends) = (self.reactor.clone(), self.ends.clone());
        Source { reactor, key: self.key, ends, seamless: self.seamless, kin: self.kin.clone(), io }
    }

    /// A second end of the same thing, in the running loop.
    ///
    /// # Errors
    /// As [`new`](Self::new); when the system gives no descriptor.
    #[track_caller]
    pub(crate) fn try_clone(
        &self,
        call: &'static str,
        clone: impl FnOnce(&S) -> io::Result<S>,
    ) -> io::Result<Self> {
        let io = make(|| clone(self.io())).map_err(|error| named(call, &error))?;
        let mut end = Source::new(io, call)?;
        end.seamless = self.seamless;
        end.kin = self.kin.get_or_init(Rc::default).clone().into();
        Ok(end)
    }

    /// Takes it out of the loop, and makes it blocking again unless an end that was cloned from it, or it from that, is
    /// here still: whether it blocks is theirs together, and a task that reads from one that does keeps the whole loop
    /// waiting.
    pub(crate) fn into_blocking(mut self) -> io::Result<S> {
        let alone = self.kin.take().is_none_or(|kin| Rc::strong_count(&kin) == 1);
        let io = self.into_inner();
        if alone {
            rustix::io::ioctl_fionbio(&io, false)?;
        }
        Ok(io)
    }

    #[inline]
    pub(super) fn direction(&self, way: Way) -> &Rc<Direction> {
        match way {
            Way::Read => &self.ends.read,
            Way::Write => &self.ends.write,
        }
    }

    /// Does it as soon as it does not block. Cedes while it would; and now and then although it would not,
    /// so that one who always finds data does not starve the others.
    ///
    /// # Errors
    /// What `attempt` gives, but for `WouldBlock` and `Interrupted`. The cancellation, if the task is
    /// cancelled meanwhile; then nothing was done. When another task waits in this direction. Outside a task.
    #[track_caller]
    #[inline]
    pub(crate) fn when<T>(
        &self,
        way: Way,
        call: &'static str,
        mut attempt: impl FnMut(&S) -> io::Result<T>,
    ) -> io::Result<T> {
        self.begin(way, call)?;
        loop {
            if !self.direction(way).ready() {
                self.wait_until_ready(way, call)?;
            }
            let done = match self.reactor.fault(way, call) {
                Some(error) => self.failed(error),
                None => attempt(self.io()),
            };
            match done {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.direction(way).would_block(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }

    /// Reads as soon as there is something. A read that does not fill the buffer of this size has emptied what is
    /// [seamless](Self::seamless), and the next one waits.
    ///
    /// # Errors
    /// As [`when`](Self::when).
    #[track_caller]
    #[inline]
    pub(crate) fn read(
        &self,
        size: usize,
        call: &'static str,
        attempt: impl FnMut(&S) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let count = self.when(Way::Read, call, attempt)?;
        if SHORT_IS_EMPTY && self.seamless && count > 0 && count < size {
            self.ends.read.emptied();
        }
        Ok(count)
    }

    /// Reads from a stream socket into these bytes, as soon as there is something: by the ring, which fills
    /// them by itself, or as [`read`](Self::read).
    ///
    /// # Errors
    /// As [`when`](Self::when).
    #[track_caller]
    #[inline]
    pub(crate) fn receive(
        &self,
        bytes: &mut [u8],
        call: &'static str,
        mut attempt: impl FnMut(&S, &mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let most = self.reactor.most(bytes.len());
        let bytes = &mut bytes[..most];
        match self.reactor.ring() {
            Some(ring) if !bytes.is_empty() => self.receive_by(ring, bytes, call, attempt),
            _ => self.read(bytes.len(), call, |io| attempt(io, bytes)),
        }
    }

    /// Writes from these bytes to a stream socket, as much as there is room for: by the ring, or as
    /// [`when`](Self::when).
    ///
    /// # Errors
    /// As [`when`](Self::when).
    #[track_caller]
    #[inline]
    pub(crate) fn send(
        &self,
        bytes: &[u8],
        call: &'static str,
        mut attempt: impl FnMut(&S, &[u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let bytes = &bytes[..self.reactor.most(bytes.len())];
        match self.reactor.ring() {
            Some(ring) if !bytes.is_empty() => self.send_by(ring, bytes, call, attempt),
            _ => self.when(Way::Write, call, |io| attempt(io, bytes)),
        }
    }

    /// How much of this one call shall move: all, but where faults are injected.
    #[inline]
    pub(crate) fn most(&self, size: usize) -> usize {
        self.reactor.most(size)
    }

    /// What a cancelled read has left, for one that does not read by [`receive`](Self::receive).
    #[inline]
    pub(crate) fn kept(&self) -> &Kept {
        &self.ends.read.kept
    }

    /// Does it if it does not block.
    ///
    /// # Errors
    /// What `attempt` gives, `WouldBlock` included.
    pub(crate) fn attempt<T>(
        &self,
        way: Way,
        call: &'static str,
        mut attempt: impl FnMut(&S) -> io::Result<T>,
    ) -> io::Result<T> {
        // By a ring nobody is told unasked: only an attempt shows.
        let waits = match self.reactor.ring() {
            None => !self.direction(way).ready(),
            Some(_) => self.direction(way).parked(),
        };
        if waits {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let done = match self.reactor.fault(way, call) {
            Some(error) => self.failed(error),
            None => attempt(self.io()),
        };
        if matches!(&done, Err(error) if error.kind() == io::ErrorKind::WouldBlock) {
            self.direction(way).would_block();
        }
        done
    }

    /// A fault was injected. If it says that the call would block, the kernel must tell again.
    #[cold]
    pub(super) fn failed<T>(&self, error: io::Error) -> io::Result<T> {
        if error.kind() == io::ErrorKind::WouldBlock && self.reactor.ring().is_none() {
            self.reactor.selector.modify(self.io(), self.key.token(), BOTH)?;
        }
        Err(error)
    }

    /// What stands before every operation.
    #[track_caller]
    #[inline]
    pub(super) fn begin(&self, way: Way, call: &'static str) -> io::Result<()> {
        if self.direction(way).parked() {
            return Err(self.direction(way).busy(call));
        }
        if self.reactor.has_had_its_turn() {
            self.reactor.waited();
            if let Err(interrupt) = task::yield_now(call) {
                return Err(interrupt.into());
            }
            // Others ran: one of them may wait here now.
            if self.direction(way).parked() {
                return Err(self.direction(way).busy(call));
            }
        }
        Ok(())
    }

    #[track_caller]
    fn wait_until_ready(&self, way: Way, call: &'static str) -> io::Result<()> {
        match self.reactor.ring() {
            None => Ok(self.wait(way, call)?),
            Some(ring) => self.poll(ring, way, call),
        }
    }

    /// Parks the running task until somebody wakes this direction.
    #[track_caller]
    pub(super) fn wait(&self, way: Way, call: &'static str) -> Result<(), Interrupt> {
        self.reactor.check(call).map_err(Interrupt::Error)?;
        self.reactor.waited();
        self.reactor.one_waits();
        let _waits = Waits(&self.reactor);
        self.direction(way).wait(call)
    }
}

/// Somebody waits while this lives.
struct Waits<'a>(&'a Reactor);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.one_left();
    }
}

impl<S: AsFd> Drop for Source<S> {
    fn drop(&mut self) {
        if let Some(io) = &self.io {
            self.reactor.deregister(self.key, io);
        }
    }
}
