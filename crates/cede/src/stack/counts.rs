//! Two counters a thread, so that claims such as "awaiting a coroutine makes no switch" can be tested.

use std::cell::Cell;

thread_local! {
    static SWITCHES: Cell<u64> = const { Cell::new(0) };
    static STACKS: Cell<u64> = const { Cell::new(0) };
}

/// How often this thread has switched stacks and taken one, since it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Times control was handed to another stack (the way back is not counted).
    pub switches: u64,
    /// Times a stack was taken from the pool.
    pub stacks: u64,
}

/// The counters of this thread.
///
/// ```
/// use cede::Awaitable;
/// let before = cede::stack::counts();
/// assert_eq!(cede::coroutine(|| 6 * 7).await_(), 42); // awaiting a coroutine is a call
/// assert_eq!(cede::stack::counts(), before); // no stack, no switch
/// ```
pub fn counts() -> Counts {
    Counts { switches: SWITCHES.get(), stacks: STACKS.get() }
}

#[inline]
pub(crate) fn count_switch() {
    SWITCHES.set(SWITCHES.get().wrapping_add(1));
}

#[inline]
pub(crate) fn count_stack() {
    STACKS.set(STACKS.get().wrapping_add(1));
}
