use std::borrow::Cow;
use std::fmt;
use std::panic::Location;

use super::awaitable::Awaitable;
use super::driven::Driven;
use crate::error::Failure;
use crate::name::Name;
use crate::observe;
use crate::outcome::Classify;
use crate::report::{self, Report};
use crate::schedule;

/// What a coroutine runs: any `FnOnce() -> T`. It is a trait of its own only because `T` must have a name.
pub trait Body: FnOnce() -> <Self as Body>::Returns {
    /// What it returns.
    type Returns;
}

impl<F, T> Body for F
where
    F: FnOnce() -> T,
{
    type Returns = T;
}

/// A coroutine object: a function's body with its arguments, not yet started.
///
/// It is consumed by its one await, so it cannot be awaited twice. Dropped without being awaited, it is
/// reported in debug mode (asyncio: "coroutine … was never awaited").
///
/// It may borrow, as long as it is awaited in place; a task needs one that owns what it uses:
///
/// ```compile_fail
/// # use cede::Awaitable;
/// let local = String::from("short-lived");
/// cede::create_task(cede::coroutine(|| local.len())); // E0373: may outlive
/// ```
///
/// ```compile_fail
/// # use cede::Awaitable;
/// let coroutine = cede::coroutine(|| 5);
/// coroutine.await_();
/// coroutine.await_(); // E0382: cannot reuse already awaited coroutine
/// ```
#[must_use = "a coroutine object runs nothing until it is awaited or given to a task"]
pub struct Coroutine<F: Body> {
    parts: Option<Parts<F>>,
}

/// What a coroutine object is made of.
pub(crate) struct Parts<F: Body> {
    pub(crate) body: F,
    pub(crate) name: Name,
    pub(crate) classify: Classify<F::Returns>,
    pub(crate) stack_size: Option<usize>,
    pub(crate) site: &'static Location<'static>,
}

/// Makes a coroutine object from a closure. Runs nothing.
///
/// asyncio counterpart: calling an `async def` function. `#[cede::coroutine]` on a function does the same
/// with less to write.
#[inline]
#[track_caller]
pub fn coroutine<F, T>(body: F) -> Coroutine<F>
where
    F: FnOnce() -> T,
{
    Coroutine::new(Name::of::<F>(), body, Classify::any())
}

impl<F: Body> Coroutine<F> {
    #[inline]
    #[track_caller]
    pub(crate) fn new(name: Name, body: F, classify: Classify<F::Returns>) -> Self {
        let parts = Parts { body, name, classify, stack_size: None, site: Location::caller() };
        Coroutine { parts: Some(parts) }
    }

    fn parts(&self) -> &Parts<F> {
        self.parts.as_ref().expect(CONSUMED)
    }

    #[inline(always)]
    pub(crate) fn into_parts(mut self) -> Parts<F> {
        self.parts.take().expect(CONSUMED)
    }

    /// Gives it a name, for `Debug`, reports and the overflow report. Unnamed, it bears that of the
    /// function its closure stands in.
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.parts.as_mut().expect(CONSUMED).name = Name::from(name.into());
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.parts().name.as_str()
    }

    /// Asks for a stack of at least this many bytes for the task that runs it, or for driving it by hand;
    /// 0 is the smallest there is. Awaited in place, it runs on its caller's stack and this does nothing.
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.parts.as_mut().expect(CONSUMED).stack_size = Some(bytes);
        self
    }

    /// Puts it on a stack of its own, to be driven by hand, without a loop. Still runs nothing.
    #[track_caller]
    pub fn start(self) -> Driven<F::Returns>
    where
        F: 'static,
        F::Returns: 'static,
    {
        Driven::new(self.into_parts())
    }
}

impl<F: Body> Coroutine<F> {
    /// Tells the task that will run it how to read what it returns.
    pub(crate) fn classified(mut self, classify: Classify<F::Returns>) -> Self {
        self.parts.as_mut().expect(CONSUMED).classify = classify;
        self
    }
}

impl<F, U, E> Coroutine<F>
where
    F: Body<Returns = Result<U, E>>,
    E: Failure,
{
    /// Tells the task that will run it that an `Err` is a failure, or a cancellation if it says so, and not
    /// just a value. `#[cede::coroutine]` does this by itself.
    pub fn fallible(self) -> Self {
        self.classified(Classify::fallible())
    }
}

const CONSUMED: &str = "a coroutine has its parts until it is consumed";

impl<F: Body> Awaitable for Coroutine<F> {
    type Output = F::Returns;

    /// Calls the body on this stack: never cedes by itself, takes no stack and makes no switch.
    #[inline]
    #[track_caller]
    fn await_(self) -> F::Returns {
        // Taken apart first, and what is rare is given the parts: so whoever awaits has no room for the object in its
        // frame, and a frame is as small as a call's.
        let Parts { body, name, .. } = self.into_parts();
        if observe::watched() {
            return await_watched(body, name, Location::caller());
        }
        body()
    }
}

#[cold]
#[inline(never)]
fn await_watched<F: Body>(body: F, name: Name, at: &'static Location<'static>) -> F::Returns {
    let _told = observe::InlineAwait::begin(&name, at);
    body()
}

impl<F: Body> fmt::Debug for Coroutine<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<coroutine object {} at {:p}>", self.name(), self)
    }
}

impl<F: Body> Drop for Coroutine<F> {
    #[inline]
    fn drop(&mut self) {
        if let Some(parts) = &self.parts {
            never_awaited(parts.name.as_str(), parts.site);
        }
    }
}

#[cold]
fn never_awaited(name: &str, created: &'static Location<'static>) {
    if schedule::debugging() && !std::thread::panicking() {
        report::report(&Report::NeverAwaited { coroutine: name.to_owned(), created });
    }
}
