//! Callbacks for descriptors of others: `add_reader`, `add_writer`.

use std::cell::RefCell;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::panic::Location;
use std::rc::Rc;

use super::happened::{Happened, Interest};
use super::registry::{Entry, Reactor};
use super::selector::Selector;
use super::source::Way;
use crate::callback::{Callback, HandleCell};
use crate::error::Error;
use crate::event_loop::LoopHandle;
use crate::schedule::Schedule;

/// A descriptor that callbacks are called for. It is held, so it stays open while it is watched.
pub(super) struct Watch {
    fd: Box<dyn Descriptor>,
    read: RefCell<Option<Call>>,
    write: RefCell<Option<Call>>,
}

/// What can be watched.
trait Descriptor {
    fn fd(&self) -> BorrowedFd<'_>;
}

impl<T: AsFd> Descriptor for T {
    fn fd(&self) -> BorrowedFd<'_> {
        self.as_fd()
    }
}

struct Call {
    run: Rc<dyn Fn()>,
    /// In the queue since the descriptor was ready, if it was not called since; cancelled with the watch.
    queued: Option<Rc<HandleCell>>,
    site: &'static Location<'static>,
}

impl Watch {
    fn call(&self, way: Way) -> &RefCell<Option<Call>> {
        match way {
            Way::Read => &self.read,
            Way::Write => &self.write,
        }
    }

    /// Every time it is so, as in asyncio: what a callback leaves unread is told again.
    fn interest(&self) -> Interest {
        Interest { read: self.read.borrow().is_some(), write: self.write.borrow().is_some(), edge: false }
    }

    /// Queues the callbacks that this is news for. One that is queued already is called once, however often the loop
    /// looks before: a second call would find nothing left to read, and might block.
    pub(super) fn tell(&self, happened: Happened, schedule: &Schedule) {
        for (way, ready) in [(Way::Read, happened.readable), (Way::Write, happened.writable)] {
            if let Some(call) = self.call(way).borrow_mut().as_mut().filter(|_| ready)
                && let Some(cell) = HandleCell::again(&mut call.queued, &call.run, call.site)
            {
                schedule.push(Callback::Function(cell));
            }
        }
    }

    /// Takes a callback away: what it captured is for the caller to drop.
    fn take(&self, way: Way) -> Option<Rc<dyn Fn()>> {
        let call = self.call(way).borrow_mut().take()?;
        if let Some(queued) = &call.queued {
            queued.cancel();
        }
        Some(call.run)
    }

    pub(super) fn leave(&self, selector: &Selector) {
        let _ = selector.remove(self.fd.fd());
    }
}

impl Reactor {
    fn watch(
        &self,
        fd: impl AsFd + 'static,
        way: Way,
        run: Rc<dyn Fn()>,
        site: &'static Location<'static>,
    ) -> Result<(), Error> {
        self.check("watching a descriptor")?;
        let raw = fd.as_fd().as_raw_fd();
        let call = Call { run, queued: None, site };
        let known = self.watched.borrow().get(&raw).copied();
        let known = known.and_then(|key| match self.entries.borrow().get(key) {
            Some(Entry::Watch(watch)) => Some((key, watch.clone())),
            _ => None,
        });
        if let Some((key, watch)) = known {
            let before = watch.take(way);
            *watch.call(way).borrow_mut() = Some(call);
            drop(before); // outside the borrow: captures' destructors are user code
            return Ok(self.selector.modify(watch.fd.fd(), key.token(), watch.interest())?);
        }
        let watch = Rc::new(Watch { fd: Box::new(fd), read: RefCell::default(), write: RefCell::default() });
        *watch.call(way).borrow_mut() = Some(call);
        let key = self.register(watch.fd.fd(), watch.interest(), || Entry::Watch(watch.clone()))?;
        self.watched.borrow_mut().insert(raw, key);
        self.one_waits();
        Ok(())
    }

    fn unwatch(&self, fd: BorrowedFd<'_>, way: Way) -> bool {
        let Some(key) = self.watched.borrow().get(&fd.as_raw_fd()).copied() else { return false };
        let watch = match self.entries.borrow().get(key) {
            Some(Entry::Watch(watch)) => watch.clone(),
            _ => return false,
        };
        let taken = watch.take(way);
        let interest = watch.interest();
        if interest.read || interest.write {
            if self.forked() {
                return taken.is_some();
            }
            let _ = self.selector.modify(watch.fd.fd(), key.token(), interest);
        } else {
            self.watched.borrow_mut().remove(&fd.as_raw_fd());
            self.deregister(key, watch.fd.fd());
            self.one_left();
        }
        taken.is_some()
    }
}

impl LoopHandle {
    /// Calls a function in each turn in which this descriptor can be read, until
    /// [`remove_reader`](Self::remove_reader). A second function for the same descriptor replaces the first.
    ///
    /// For descriptors of others: of a C library, say. What cede's own sockets do needs no callbacks. The
    /// loop holds the descriptor, so it cannot be closed, and its number given to another, while it is
    /// watched; hand over an `Rc`, or a duplicate. The function is called again as long as something is left
    /// to read. While a descriptor is watched, a loop that has nothing to do waits for it instead of
    /// reporting a deadlock. Closing the loop removes it.
    ///
    /// asyncio counterpart: `loop.add_reader`. It differs in that it takes an owner, not a number.
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use std::os::unix::net::UnixStream;
    /// use std::rc::Rc;
    ///
    /// let event_loop = cede::EventLoop::new()?;
    /// let (ours, mut theirs) = UnixStream::pair()?;
    /// let ours = Rc::new(ours);
    /// let (handle, source) = (cede::LoopHandle::clone(&event_loop), ours.clone());
    /// event_loop.add_reader(ours.clone(), move || {
    ///     let mut bytes = [0; 5];
    ///     (&*source).read_exact(&mut bytes).unwrap();
    ///     assert_eq!(&bytes, b"hello");
    ///     assert!(handle.remove_reader(&source));
    ///     handle.stop();
    /// })?;
    /// theirs.write_all(b"hello")?;
    /// event_loop.run_forever()?;
    /// # Ok::<(), cede::Error>(())
    /// ```
    ///
    /// # Errors
    /// When the loop is closed; when the system cannot tell of this kind of descriptor: a regular file is
    /// always ready; when one of cede's own sockets uses it.
    #[track_caller]
    pub fn add_reader(&self, fd: impl AsFd + 'static, callback: impl Fn() + 'static) -> Result<(), Error> {
        self.core.reactor.watch(fd, Way::Read, Rc::new(callback), Location::caller())
    }

    /// As [`add_reader`](Self::add_reader), when it can be written to.
    ///
    /// asyncio counterpart: `loop.add_writer`.
    ///
    /// # Errors
    /// As [`add_reader`](Self::add_reader).
    #[track_caller]
    pub fn add_writer(&self, fd: impl AsFd + 'static, callback: impl Fn() + 'static) -> Result<(), Error> {
        self.core.reactor.watch(fd, Way::Write, Rc::new(callback), Location::caller())
    }

    /// Takes the function that was to be called when this descriptor can be read away: whether there was
    /// one. One that is queued already is not called any more.
    ///
    /// asyncio counterpart: `loop.remove_reader`.
    pub fn remove_reader(&self, fd: impl AsFd) -> bool {
        self.core.reactor.unwatch(fd.as_fd(), Way::Read)
    }

    /// As [`remove_reader`](Self::remove_reader), of [`add_writer`](Self::add_writer).
    ///
    /// asyncio counterpart: `loop.remove_writer`.
    pub fn remove_writer(&self, fd: impl AsFd) -> bool {
        self.core.reactor.unwatch(fd.as_fd(), Way::Write)
    }
}
