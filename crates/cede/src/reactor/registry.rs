//! The loop's descriptors by their keys, and the sleep.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::rc::Rc;

use slotmap::SlotMap;

use super::backend::Backend;
use super::direction::Direction;
use super::happened::{Happened, Interest, Sleep, SourceKey};
use super::selector::{Selector, Waker};
use super::uring::Ring;
use super::watch::Watch;
use crate::error::Error;
use crate::outcome::Outcome;
use crate::schedule::Schedule;
use crate::this_process;

/// After how many callbacks the loop asks for readiness even though others are ready.
const CALLBACKS: u64 = 64;
/// After how many operations that did not have to wait a task lets others go first.
const OPERATIONS: u32 = 64;

/// The reactor of one loop.
pub(crate) struct Reactor {
    pub(super) schedule: Rc<Schedule>,
    /// The ring, if this loop has one: decided when its first descriptor is registered. Goes before the
    /// selector, whose descriptor it watches.
    ring: OnceCell<Option<Rc<Ring>>>,
    pub(super) wanted: Cell<Backend>,
    /// Why there is none although it was wanted.
    pub(super) refused: RefCell<Option<io::Error>>,
    pub(super) selector: Selector,
    pub(super) entries: RefCell<SlotMap<SourceKey, Entry>>,
    /// The watches, by descriptor.
    pub(super) watched: RefCell<BTreeMap<RawFd, SourceKey>>,
    /// Those for which the ring is asked: the selector knows nothing of them, and could not refuse them.
    ringed: RefCell<BTreeSet<RawFd>>,
    /// How many wait: tasks that are parked, and watches.
    waiting: Cell<usize>,
    /// How many callbacks had run at the last look, and when that was.
    callbacks: Cell<u64>,
    looked_at: Cell<u64>,
    /// Operations in a row that did not wait.
    operations: Cell<u32>,
    closed: Cell<bool>,
    process: u32,
    #[cfg(feature = "faults")]
    pub(super) faults: RefCell<Option<super::faults::Faults>>,
}

pub(super) enum Entry {
    Ends(Ends),
    Watch(Rc<Watch>),
}

/// The two directions of a descriptor that tasks read and write.
#[derive(Clone)]
pub(super) struct Ends {
    pub(super) read: Rc<Direction>,
    pub(super) write: Rc<Direction>,
}

impl Reactor {
    pub(crate) fn new(schedule: Rc<Schedule>) -> Result<Rc<Self>, Error> {
        Ok(Rc::new(Reactor {
            schedule,
            ring: OnceCell::new(),
            wanted: Cell::new(Backend::by_environment()),
            refused: RefCell::default(),
            selector: Selector::new()?,
            entries: RefCell::default(),
            watched: RefCell::default(),
            ringed: RefCell::default(),
            waiting: Cell::new(0),
            callbacks: Cell::new(0),
            looked_at: Cell::new(0),
            operations: Cell::new(0),
            closed: Cell::new(false),
            process: this_process::id(),
            #[cfg(feature = "faults")]
            faults: RefCell::default(),
        }))
    }

    /// The ring, if this loop has one.
    #[inline]
    pub(super) fn ring(&self) -> Option<&Rc<Ring>> {
        self.ring.get().and_then(Option::as_ref)
    }

    /// The same, which is decided now if it was not yet.
    pub(super) fn ring_or_make(&self) -> Option<&Rc<Ring>> {
        let decide = || match self.wanted.get() {
            Backend::Readiness => None,
            Backend::IoUring => match Ring::new() {
                Ok(ring) => Some(Rc::new(ring)),
                Err(error) => {
                    *self.refused.borrow_mut() = Some(error);
                    None
                }
            },
        };
        self.ring.get_or_init(decide).as_ref()
    }

    /// Whether that is decided.
    pub(super) fn decided(&self) -> bool {
        self.ring.get().is_some()
    }

    /// What ends the sleep from other threads.
    pub(crate) fn waker(&self) -> Waker {
        self.selector.waker()
    }

    /// Every byte that comes out of this ends a sleep.
    pub(crate) fn wake_on(&self, source: impl AsFd) -> io::Result<()> {
        self.selector.wake_on(source)
    }

    /// Whether anybody waits for a descriptor.
    #[inline]
    pub(crate) fn awaited(&self) -> bool {
        self.waiting.get() > 0
    }

    /// One more waits.
    pub(super) fn one_waits(&self) {
        self.waiting.set(self.waiting.get() + 1);
        if self.waiting.get() == 1 {
            self.schedule.turn.call_loop(); // it may have allowed itself not to look for a long time
        }
    }

    pub(super) fn one_left(&self) {
        self.waiting.set(self.waiting.get() - 1);
    }

    /// Whether readiness is to be asked for although callbacks are ready: somebody waits, and so many of
    /// them have run, or so long is it ago.
    pub(crate) fn due(&self, now: impl FnOnce() -> u64, long: u64) -> bool {
        self.awaited()
            && (self.schedule.turn.callbacks.get() - self.callbacks.get() >= CALLBACKS
                || now().saturating_sub(self.looked_at.get()) > long)
    }

    /// The loop has looked at this time.
    pub(crate) fn looked(&self, now: u64) {
        self.looked_at.set(now);
    }

    /// Sleeps in the kernel until a descriptor is ready, somebody wakes it, or the time is over; queues who
    /// waited. May come back early. How many descriptors were ready.
    pub(crate) fn sleep(&self, sleep: Sleep) -> usize {
        self.callbacks.set(self.schedule.turn.callbacks.get());
        let mut told = 0;
        let tell = |token, happened| {
            told += 1;
            self.tell(SourceKey::of(token), happened);
        };
        let slept = match self.ring() {
            _ if self.interrupted(sleep) => Err(io::ErrorKind::Interrupted.into()),
            None => self.selector.wait(sleep, tell),
            Some(ring) => ring.sleep(sleep, &self.selector, tell),
        };
        told += self.ring().map_or(0, |ring| ring.deliver());
        match slept {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // The poller itself is gone; sleeping without it is the least harm.
            Err(error) => {
                eprintln!("cede: the loop cannot wait for events: {error}");
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
        }
        told
    }

    /// A key whose descriptor has gone finds nothing. Runs no code of others.
    #[inline]
    fn tell(&self, key: SourceKey, happened: Happened) {
        match self.entries.borrow().get(key) {
            Some(Entry::Ends(ends)) => {
                if happened.readable {
                    ends.read.set_ready(happened.read_ended);
                }
                if happened.writable {
                    ends.write.set_ready(happened.write_ended);
                }
            }
            Some(Entry::Watch(watch)) => watch.tell(happened, &self.schedule),
            None => {}
        }
    }

    /// Takes a descriptor in.
    pub(super) fn register(
        &self,
        source: impl AsFd,
        interest: Interest,
        make: impl FnOnce() -> Entry,
    ) -> io::Result<SourceKey> {
        self.check("registering a descriptor")?;
        let entry = make();
        let by_ring = self.by_ring(&entry);
        let fd = source.as_fd().as_raw_fd();
        if self.ringed.borrow().contains(&fd) || by_ring && self.watched.borrow().contains_key(&fd) {
            drop(entry);
            return Err(explained(rustix::io::Errno::EXIST.into(), fd)); // as the selector says of its own
        }
        let key = self.entries.borrow_mut().insert(entry);
        if by_ring {
            self.ringed.borrow_mut().insert(fd);
            return Ok(key); // it is asked for each time
        }
        let add = || self.selector.add(&source, key.token(), interest);
        match self.fault_of_registering().map_or_else(add, Err) {
            Ok(()) => Ok(key),
            Err(error) => {
                let entry = self.entries.borrow_mut().remove(key);
                drop(entry); // outside the borrow
                Err(explained(error, fd))
            }
        }
    }

    /// Whether the kernel tells of this kind of descriptor. A ring takes those too that are always ready; the selector
    /// is asked for it, so that a program is refused the same by both.
    pub(super) fn can_tell_of(&self, source: impl AsFd) -> io::Result<()> {
        if self.ring_or_make().is_none() {
            return Ok(()); // registering it will show
        }
        let nobody = SourceKey::default();
        let fd = source.as_fd().as_raw_fd();
        let asked =
            self.selector.add(&source, nobody.token(), Interest { read: true, write: false, edge: true });
        asked.and_then(|()| self.selector.remove(source)).map_err(|error| explained(error, fd))
    }

    /// Whether the ring, not the selector, is asked for this one.
    fn by_ring(&self, entry: &Entry) -> bool {
        self.ring().is_some() && matches!(entry, Entry::Ends(_))
    }

    /// Lets one go. In a forked child the kernel's list is the parent's, and stays as it is.
    pub(super) fn deregister(&self, key: SourceKey, source: impl AsFd) {
        let entry = self.entries.borrow_mut().remove(key);
        if let Some(entry) = entry {
            if self.by_ring(&entry) {
                self.ringed.borrow_mut().remove(&source.as_fd().as_raw_fd());
            } else if !self.forked() {
                let _ = self.selector.remove(source);
            }
            if let Entry::Ends(ends) = entry {
                // Nobody waits: a wait borrows the source. But for one that was leaked with its stack.
                ends.read.wake(Outcome::Finished);
                ends.write.wake(Outcome::Finished);
            }
        }
    }

    /// Whether the running task has done so much without waiting that others should go first.
    #[inline]
    pub(super) fn has_had_its_turn(&self) -> bool {
        let operations = self.operations.get() + 1;
        self.operations.set(operations);
        operations > OPERATIONS
    }

    #[inline]
    pub(super) fn waited(&self) {
        self.operations.set(0);
    }

    /// Whether descriptors may be waited for: not once the loop is closed, nor in the child of a fork.
    #[inline]
    pub(super) fn check(&self, call: &'static str) -> Result<(), Error> {
        match self {
            _ if self.closed.get() => Err(Error::closed(call)),
            _ if self.forked() => Err(Error::forked(call)),
            _ => Ok(()),
        }
    }

    /// Whether this is a copy that a fork made: the kernel's list is the parent's, and nothing may touch it.
    pub(super) fn forked(&self) -> bool {
        self.process != this_process::id()
    }

    /// Lets all go.
    pub(crate) fn close(&self) {
        self.closed.set(true);
        if let Some(ring) = self.ring() {
            ring.settle_all(); // of coroutines driven by hand, say, which may outlive us
        }
        let all = self.entries.take();
        let watched = self.watched.take();
        self.waiting.set(self.waiting.get().saturating_sub(watched.len()));
        for entry in all.values() {
            if let Entry::Watch(watch) = entry {
                watch.leave(&self.selector);
            }
        }
        drop(all); // outside the borrow: captures' destructors are user code
    }
}

/// Says what to do where the kernel says only that it may not be.
fn explained(error: io::Error, fd: RawFd) -> io::Error {
    let text = match rustix::io::Errno::from_io_error(&error) {
        Some(rustix::io::Errno::PERM) => format!(
            "descriptor {fd} cannot be waited for: regular files and some devices are always ready; read it on a \
             thread (cede::fs, cede::to_thread)"
        ),
        Some(rustix::io::Errno::EXIST) => {
            format!("descriptor {fd} is registered with this loop already; remove it there first")
        }
        Some(rustix::io::Errno::NOSPC) => format!(
            "descriptor {fd} cannot be waited for: {error}: the user's limit is in \
             /proc/sys/fs/epoll/max_user_watches"
        ),
        _ => format!("descriptor {fd} cannot be waited for: {error}"),
    };
    io::Error::new(error.kind(), text)
}
