//! Which generator is the innermost one that runs on this thread: the only one whose handle may yield.

use std::cell::Cell;
use std::ptr;

thread_local! {
    static INNERMOST: Cell<*const ()> = const { Cell::new(ptr::null()) };
}

#[inline]
pub(crate) fn get() -> *const () {
    INNERMOST.get()
}

#[inline]
pub(crate) fn set(generator: *const ()) {
    INNERMOST.set(generator);
}
