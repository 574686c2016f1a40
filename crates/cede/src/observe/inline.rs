//! Telling of inline awaits.
//!
//! `await coroutine` is a call: it passes by no queue and no loop, so there is no flag on its way that could
//! be asked. It asks one of the whole process instead, a byte that never changes while nobody observes.

use std::borrow::Cow;
use std::panic::Location;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Event;
use crate::name::Name;
use crate::schedule::{self, Schedule};
use crate::task::AnyTask;

/// How many loops of this process have an observer.
static WATCHED: AtomicUsize = AtomicUsize::new(0);

/// Whether any loop of this process has an observer.
#[inline]
pub(crate) fn watched() -> bool {
    !cfg!(cede_unobserved) && WATCHED.load(Ordering::Relaxed) != 0
}

/// A loop has an observer while this lives.
pub(super) struct Watching(());

impl Watching {
    pub(crate) fn new() -> Self {
        WATCHED.fetch_add(1, Ordering::Relaxed);
        Watching(())
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        WATCHED.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Lives in the frame of an inline await, while the loop of this thread is observed.
pub(crate) struct InlineAwait {
    schedule: Rc<Schedule>,
    coroutine: Cow<'static, str>,
    at: &'static Location<'static>,
}

impl InlineAwait {
    /// Tells that it begins, if anybody listens.
    pub(crate) fn begin(coroutine: &Name, at: &'static Location<'static>) -> Option<Self> {
        let schedule = schedule::running().filter(|schedule| schedule.observing())?;
        let this = InlineAwait { schedule, coroutine: coroutine.to_cow(), at };
        this.schedule.observe(|| {
            let (task, coroutine, at) = this.told();
            Event::InlineBegins { task, coroutine, at }
        });
        Some(this)
    }

    fn told(&self) -> (Option<AnyTask>, Cow<'static, str>, &'static Location<'static>) {
        (self.schedule.current().map(AnyTask::new), self.coroutine.clone(), self.at)
    }
}

impl Drop for InlineAwait {
    fn drop(&mut self) {
        self.schedule.observe(|| {
            let (task, coroutine, at) = self.told();
            Event::InlineEnds { task, coroutine, at }
        });
    }
}
