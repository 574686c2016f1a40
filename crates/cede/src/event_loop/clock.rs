//! What time it is: the system's, or the program's.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Nanoseconds since the loop's clock began. Far enough for 584 years; later deadlines are that far away.
pub(crate) type Nanos = u64;

pub(crate) fn nanos(duration: Duration) -> Nanos {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The clock of a loop.
#[derive(Clone, Debug)]
pub struct Clock {
    epoch: Instant,
    virtual_clock: Option<VirtualClock>,
}

impl Clock {
    /// The system's monotonic clock.
    pub fn real() -> Self {
        Clock { epoch: Instant::now(), virtual_clock: None }
    }

    pub(crate) fn now(&self) -> Nanos {
        match &self.virtual_clock {
            None => nanos(self.epoch.elapsed()),
            Some(clock) => clock.inner.now.get(),
        }
    }

    pub(crate) fn instant(&self, at: Nanos) -> Instant {
        // Saturates at what the system's clock can say.
        self.epoch.checked_add(Duration::from_nanos(at)).unwrap_or(self.epoch + FAR)
    }

    pub(crate) fn nanos_at(&self, when: Instant) -> Nanos {
        nanos(when.saturating_duration_since(self.epoch))
    }

    /// The clock that jumps, if it is one.
    pub(crate) fn as_virtual(&self) -> Option<&VirtualClock> {
        self.virtual_clock.as_ref()
    }
}

const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

impl From<VirtualClock> for Clock {
    fn from(clock: VirtualClock) -> Self {
        Clock { epoch: clock.epoch, virtual_clock: Some(clock) }
    }
}

/// A clock that only the program moves: when its loop has nothing ready, time jumps to the next deadline.
///
/// A program of an hour's sleeps runs in microseconds, and always in the same order. Clones are the same
/// clock.
///
/// What a thread does takes no virtual time: while one of a pool works for the loop
/// ([`to_thread`](crate::to_thread)), the clock stands still. A job that waits for the loop to come to a later
/// time must therefore do so by [`Submitted::wait`](crate::Submitted::wait), which lets the clock go on, or
/// both wait for ever.
///
/// ```
/// use cede::{Awaitable, Runner, VirtualClock};
/// use std::time::Duration;
///
/// let clock = VirtualClock::new();
/// Runner::new().clock(clock.clone()).run(cede::coroutine(|| {
///     cede::sleep(Duration::from_secs(3600)).await_()
/// }))?.unwrap();
/// assert_eq!(clock.elapsed(), Duration::from_secs(3600));
/// # Ok::<(), cede::Error>(())
/// ```
#[derive(Clone)]
pub struct VirtualClock {
    epoch: Instant,
    inner: Rc<Inner>,
}

struct Inner {
    now: Cell<Nanos>,
    tick: Cell<Nanos>,
}

impl VirtualClock {
    /// A clock that stands at zero.
    #[allow(clippy::new_without_default)] // two clocks are never equal, so there is no default one
    pub fn new() -> Self {
        VirtualClock {
            epoch: Instant::now(),
            inner: Rc::new(Inner { now: Cell::new(0), tick: Cell::new(0) }),
        }
    }

    /// Adds this much at the beginning of every turn of the loop, for programs that wait for time by
    /// yielding and would never see it move.
    pub fn with_tick(self, tick: Duration) -> Self {
        self.inner.tick.set(nanos(tick));
        self
    }

    /// Lets time pass while the caller keeps control.
    pub fn advance(&self, by: Duration) {
        self.inner.now.set(self.inner.now.get().saturating_add(nanos(by)));
    }

    /// How much time has passed.
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.inner.now.get())
    }

    pub(crate) fn jump_to(&self, when: Nanos) {
        self.inner.now.set(when.max(self.inner.now.get()));
    }

    pub(crate) fn ticks(&self) -> bool {
        self.inner.tick.get() > 0
    }

    pub(crate) fn tick(&self) {
        self.advance(Duration::from_nanos(self.inner.tick.get()));
    }
}

impl fmt::Debug for VirtualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VirtualClock({:?})", self.elapsed())
    }
}
