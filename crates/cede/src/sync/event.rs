use std::cell::Cell;
use std::fmt;

use super::wait_queue::WaitQueue;
use crate::coroutine::Awaitable;
use crate::error::Cancelled;

/// A flag that tasks wait for.
///
/// While it is not set, [`wait`](Self::wait) cedes; [`set`](Self::set) wakes everybody who waits, in the
/// order in which they came, and they run in the loop's next turn.
///
/// asyncio counterpart: `asyncio.Event`.
///
/// ```
/// use cede::{Awaitable, sync::Event};
/// use std::rc::Rc;
///
/// cede::run(cede::coroutine(|| -> cede::Result<()> {
///     let dinner = Rc::new(Event::new());
///     let guest = cede::create_task(cede::coroutine({
///         let dinner = Rc::clone(&dinner);
///         move || -> cede::Result<&str> {
///             dinner.wait().await_()?; // cedes
///             Ok("delicious")
///         }
///     }));
///     cede::yield_now().await_()?;
///     dinner.set(); // the guest is queued; nothing has run yet
///     assert_eq!(guest.flatten().await_()?, "delicious");
///     Ok(())
/// }))??;
/// # Ok::<(), cede::Error>(())
/// ```
#[derive(Default)]
pub struct Event {
    set: Cell<bool>,
    waiters: WaitQueue,
}

impl Event {
    /// An event that is not set.
    pub const fn new() -> Self {
        Event { set: Cell::new(false), waiters: WaitQueue::new() }
    }

    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        self.set.get()
    }

    /// Sets it, and wakes everybody who waits. If it is set already, nothing happens.
    ///
    /// Whoever is woken goes on even if the event is cleared before it runs.
    pub fn set(&self) {
        if !self.set.replace(true) {
            self.waiters.wake_all();
        }
    }

    /// Clears it: from now on [`wait`](Self::wait) cedes again.
    pub fn clear(&self) {
        self.set.set(false);
    }

    /// Waits until it is set. Awaiting this cedes, or not at all if it is set; cancelled meanwhile, it gives
    /// [`Cancelled`] and leaves no trace.
    ///
    /// asyncio counterpart: `Event.wait`, which gives `True`.
    pub fn wait(&self) -> EventWait<'_> {
        EventWait { event: self }
    }

    #[track_caller]
    pub(crate) fn wait_as(&self, call: &'static str) -> Result<(), Cancelled> {
        if self.set.get() { Ok(()) } else { self.waiters.park(call, |_| ()) }
    }
}

/// What [`Event::wait`] gives; await it.
#[must_use = "it does not wait until it is awaited"]
#[derive(Debug)]
pub struct EventWait<'a> {
    event: &'a Event,
}

/// # Panics
/// Where nobody can cede; see [`sync`](crate::sync#what-goes-wrong).
impl Awaitable for EventWait<'_> {
    type Output = Result<(), Cancelled>;

    #[track_caller]
    fn await_(self) -> Result<(), Cancelled> {
        self.event.wait_as("Event::wait")
    }
}

impl fmt::Debug for Event {
    /// As CPython: `<Event [unset, waiters:1]>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = if self.is_set() { "set" } else { "unset" };
        write!(f, "<Event [{set}{}]>", Waiters(self.waiters.len()))
    }
}

/// `, waiters:3`, or nothing.
pub(super) struct Waiters(pub(super) usize);

impl fmt::Display for Waiters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 { Ok(()) } else { write!(f, ", waiters:{}", self.0) }
    }
}
