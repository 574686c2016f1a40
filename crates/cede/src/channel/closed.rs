use std::fmt;

use crate::coroutine::Awaitable;
use crate::error::Cancelled;
use crate::sync::Event;

/// What the `closed` methods of senders give; await it.
#[must_use = "it does not wait until it is awaited"]
pub struct Closed<'a> {
    event: &'a Event,
    call: &'static str,
}

impl<'a> Closed<'a> {
    pub(super) fn new(event: &'a Event, call: &'static str) -> Self {
        Closed { event, call }
    }
}

/// # Panics
/// Where it would have to wait and nobody can cede; see [`sync`](crate::sync#what-goes-wrong).
impl Awaitable for Closed<'_> {
    type Output = Result<(), Cancelled>;

    #[track_caller]
    fn await_(self) -> Result<(), Cancelled> {
        self.event.wait_as(self.call)
    }
}

impl fmt::Debug for Closed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.call)
    }
}
