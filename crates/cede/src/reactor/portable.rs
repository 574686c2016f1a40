//! Other systems than Linux: `polling`. `--cfg cede_portable` takes it on Linux too, for the tests.
//!
//! One of the rooms for `unsafe`: a descriptor must leave the poller before it is closed. A
//! [`Source`](super::Source) and a watch own theirs, and remove it when they go.

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

use polling::{Event, Events, PollMode, Poller};

use super::happened::{Happened, Interest, Sleep};
use crate::threads::shared::inbox::Wake;

/// The end of a stream is not told apart from data here, so only a read that finds nothing says so.
pub(super) const SHORT_IS_EMPTY: bool = false;

pub(super) struct Selector {
    poller: Arc<Poller>,
    events: RefCell<Events>,
}

#[derive(Clone)]
pub(crate) struct Waker {
    poller: Arc<Poller>,
}

impl Wake for Waker {
    fn wake(&self) {
        let _ = self.poller.notify();
    }
}

impl Selector {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Selector { poller: Arc::new(Poller::new()?), events: RefCell::new(Events::new()) })
    }

    pub(super) fn waker(&self) -> Waker {
        Waker { poller: self.poller.clone() }
    }

    /// Every byte that comes out of this ends a sleep. By a thread: the byte is for the loop to read, so the
    /// thread only looks on.
    pub(super) fn wake_on(&self, source: impl AsFd) -> io::Result<()> {
        let (source, waker) = (source.as_fd().try_clone_to_owned()?, self.waker());
        std::thread::Builder::new().name("cede-signals".to_owned()).spawn(move || {
            use rustix::event::{PollFd, PollFlags, poll};
            let mut asked = [PollFd::new(&source, PollFlags::IN)];
            while poll(&mut asked, None).is_ok() {
                if asked[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
                    return;
                }
                waker.wake();
                std::thread::sleep(Duration::from_millis(1)); // until the loop has read it
            }
        })?;
        Ok(())
    }

    pub(super) fn add(&self, source: impl AsFd, token: u64, interest: Interest) -> io::Result<()> {
        let raw = source.as_fd().as_raw_fd();
        // SAFETY: the one who registers it owns it, and removes it before it is closed.
        unsafe { self.poller.add_with_mode(raw, event(token, interest), mode(interest)) }
    }

    pub(super) fn modify(&self, source: impl AsFd, token: u64, interest: Interest) -> io::Result<()> {
        self.poller.modify_with_mode(borrow(&source), event(token, interest), mode(interest))
    }

    pub(super) fn remove(&self, source: impl AsFd) -> io::Result<()> {
        self.poller.delete(borrow(&source))
    }

    pub(super) fn wait(&self, sleep: Sleep, mut tell: impl FnMut(u64, Happened)) -> io::Result<()> {
        let timeout = match sleep {
            Sleep::No => Some(Duration::ZERO),
            Sleep::Forever => None,
            Sleep::Until { left, .. } => Some(left),
        };
        let mut events = self.events.borrow_mut();
        events.clear();
        self.poller.wait(&mut events, timeout)?;
        for event in events.iter() {
            let ended = event.is_interrupt() || event.is_err().unwrap_or(false);
            tell(
                event.key as u64,
                Happened {
                    readable: event.readable || ended,
                    writable: event.writable || ended,
                    read_ended: ended,
                    write_ended: ended,
                },
            );
        }
        Ok(())
    }
}

fn borrow(source: &impl AsFd) -> BorrowedFd<'_> {
    source.as_fd()
}

fn event(token: u64, interest: Interest) -> Event {
    Event::new(token as usize, interest.read, interest.write)
}

fn mode(interest: Interest) -> PollMode {
    if interest.edge { PollMode::Edge } else { PollMode::Level }
}
