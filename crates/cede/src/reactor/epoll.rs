//! Linux: epoll, asked directly.
//!
//! A wait is one system call. A deadline is a `timerfd`, exact to the nanosecond where epoll's own time-out
//! counts milliseconds; it is set only when it differs from the one that is set already. It is made at the first
//! deadline; while there is no descriptor for it, epoll's own time-out does.

use std::cell::{Cell, OnceCell, RefCell};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::event::{EventfdFlags, Timespec, epoll, eventfd};
use rustix::io::Errno;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};

use super::faults::make;
use super::happened::{Happened, Interest, Sleep};
use crate::this_process;
use crate::threads::shared::inbox::Wake;

/// Events of these only end the sleep. No key of a slotmap is one of them.
const WAKE: u64 = u64::MAX;
const TIMER: u64 = u64::MAX - 1;

/// How many events one look takes. What is left is taken by the next.
const EVENTS: usize = 1_024;

/// Whether a read that did not fill its buffer has taken all there was, where nothing else ends it, and an end that
/// comes then is told.
pub(super) const SHORT_IS_EMPTY: bool = true;

/// The longest sleep by epoll's own time-out.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

const ZERO: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

pub(super) struct Selector {
    epoll: OwnedFd,
    waker: Waker,
    timer: OnceCell<OwnedFd>,
    /// The deadline, by the loop's clock, that the timer is set to.
    armed: Cell<Option<u64>>,
    events: RefCell<Vec<epoll::Event>>,
}

/// Ends the sleep from any thread; one that comes before the sleep ends it at once.
#[derive(Clone)]
pub(crate) struct Waker {
    event: Arc<OwnedFd>,
    /// The process whose loop sleeps there. In the child of a fork this is a copy that wakes nobody.
    process: u32,
}

impl Wake for Waker {
    fn wake(&self) {
        if self.process != this_process::id() {
            return;
        }
        // Nobody reads it: being edge-triggered, every write is told. At 2^64 writes it would be full.
        if let Err(Errno::AGAIN) = rustix::io::write(&self.event, &1_u64.to_ne_bytes()) {
            let _ = rustix::io::read(&self.event, &mut [0; 8]);
            let _ = rustix::io::write(&self.event, &1_u64.to_ne_bytes());
        }
    }
}

impl Selector {
    pub(super) fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let event = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let selector = Selector {
            epoll,
            waker: Waker { event: Arc::new(event), process: this_process::id() },
            timer: OnceCell::new(),
            armed: Cell::new(None),
            events: RefCell::new(Vec::with_capacity(EVENTS)),
        };
        selector.wake_on(&selector.waker.event)?;
        Ok(selector)
    }

    pub(super) fn waker(&self) -> Waker {
        self.waker.clone()
    }

    /// Every byte that comes out of this ends a sleep, or the next one. It is the one way in which a signal
    /// handler, which may do next to nothing, can end it. Goes with the last copy of the descriptor.
    ///
    /// Edge-triggered: a byte that nobody reads yet must not end all sleeps to come.
    pub(super) fn wake_on(&self, source: impl AsFd) -> io::Result<()> {
        self.add_flags(source, WAKE, epoll::EventFlags::IN | epoll::EventFlags::ET)
    }

    fn add_flags(&self, source: impl AsFd, token: u64, flags: epoll::EventFlags) -> io::Result<()> {
        Ok(epoll::add(&self.epoll, source, epoll::EventData::new_u64(token), flags)?)
    }

    pub(super) fn add(&self, source: impl AsFd, token: u64, interest: Interest) -> io::Result<()> {
        self.add_flags(source, token, flags(interest))
    }

    pub(super) fn modify(&self, source: impl AsFd, token: u64, interest: Interest) -> io::Result<()> {
        let data = epoll::EventData::new_u64(token);
        Ok(epoll::modify(&self.epoll, source, data, flags(interest))?)
    }

    pub(super) fn remove(&self, source: impl AsFd) -> io::Result<()> {
        Ok(epoll::delete(&self.epoll, source)?)
    }

    /// Readable when there is something to tell.
    #[cfg(feature = "io-uring")]
    pub(super) fn fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.epoll.as_fd()
    }

    /// Sleeps until something happens, and tells of each descriptor by its token.
    pub(super) fn wait(&self, sleep: Sleep, mut tell: impl FnMut(u64, Happened)) -> io::Result<()> {
        let timeout = match sleep {
            Sleep::No => Some(ZERO),
            Sleep::Forever => None,
            Sleep::Until { left, .. } if left.is_zero() => Some(ZERO),
            Sleep::Until { at, left } => match self.arm(at, left) {
                Ok(()) => None,
                Err(_) => Some(in_whole_milliseconds(left)),
            },
        };
        let mut events = self.events.borrow_mut();
        events.clear();
        epoll::wait(&self.epoll, spare_capacity(&mut events), timeout.as_ref())?;
        for event in &*events {
            match event.data.u64() {
                WAKE => {}
                TIMER => self.armed.set(None),
                token => tell(token, happened(event.flags)),
            }
        }
        Ok(())
    }

    /// Sets the timer to this deadline, and makes it if there is none yet.
    fn arm(&self, at: u64, left: Duration) -> io::Result<()> {
        if self.armed.get() == Some(at) {
            return Ok(());
        }
        let timer = match self.timer.get() {
            Some(timer) => timer,
            None => {
                let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
                let timer = make(|| Ok(timerfd_create(TimerfdClockId::Monotonic, flags)?))?;
                self.add_flags(&timer, TIMER, epoll::EventFlags::IN | epoll::EventFlags::ET)?;
                self.timer.get_or_init(|| timer)
            }
        };
        let far = Timespec { tv_sec: i64::MAX, tv_nsec: 0 };
        let when = Itimerspec { it_interval: ZERO, it_value: Timespec::try_from(left).unwrap_or(far) };
        timerfd_settime(timer, TimerfdTimerFlags::empty(), &when)?;
        self.armed.set(Some(at));
        Ok(())
    }
}

/// What epoll's own time-out is for this long: not early, and no longer than it can count. A loop that is woken before
/// its deadline sleeps again.
fn in_whole_milliseconds(left: Duration) -> Timespec {
    let millis = left.min(LONGEST).as_nanos().div_ceil(1_000_000) as i64; // a day of them fits
    Timespec { tv_sec: millis / 1_000, tv_nsec: millis % 1_000 * 1_000_000 }
}

fn flags(interest: Interest) -> epoll::EventFlags {
    let mut flags = epoll::EventFlags::empty();
    flags.set(epoll::EventFlags::IN, interest.read);
    flags.set(epoll::EventFlags::RDHUP, interest.read && interest.edge);
    flags.set(epoll::EventFlags::PRI, interest.read && interest.edge);
    flags.set(epoll::EventFlags::OUT, interest.write);
    flags.set(epoll::EventFlags::ET, interest.edge);
    flags
}

fn happened(flags: epoll::EventFlags) -> Happened {
    use epoll::EventFlags as F;
    let write_ended = flags.intersects(F::HUP | F::ERR);
    // PRI is of TCP's urgent mark: reads stop there, whatever follows, and it is told with all that does.
    let read_ended = write_ended || flags.intersects(F::RDHUP | F::PRI);
    Happened {
        readable: read_ended || flags.contains(F::IN),
        writable: write_ended || flags.contains(F::OUT),
        read_ended,
        write_ended,
    }
}
