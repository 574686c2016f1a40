//! A value that the child of a fork makes anew.

use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::id;

/// What has threads or locks, and so is its process's alone: in the child of a fork the threads are not there, and a
/// lock that one of them held is never let go. There the first use makes a new one; the parent's, of which the child
/// has a copy, is neither used nor dropped.
pub(crate) struct Own<T> {
    /// Null, or a box that nobody frees but our drop.
    made: AtomicPtr<Made<T>>,
    value: PhantomData<T>,
}

struct Made<T> {
    process: u32,
    value: T,
}

/// Whether what this process makes is the first in its line, or a parent had one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line {
    First,
    Inherited,
}

impl<T: Send + Sync> Own<T> {
    pub(crate) const fn new() -> Self {
        Own { made: AtomicPtr::new(ptr::null_mut()), value: PhantomData }
    }

    /// This process's, which is made now if there is none. Of two threads that make one at the same time, one loses
    /// what it has made.
    pub(crate) fn get(&self, make: impl FnOnce(Line) -> T) -> &T {
        let before = self.made.load(Ordering::Acquire);
        if let Some(value) = of_this_process(before) {
            return value;
        }
        let line = if before.is_null() { Line::First } else { Line::Inherited };
        let new = Box::into_raw(Box::new(Made { process: id(), value: make(line) }));
        match self.made.compare_exchange(before, new, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => of_this_process(new).expect("it was made here"),
            Err(other) => {
                // SAFETY: it came from a box, and nobody has learnt of it.
                drop(unsafe { Box::from_raw(new) });
                of_this_process(other).expect("what others put here meanwhile they have made here")
            }
        }
    }

    /// This process's, if it has made one.
    pub(crate) fn made(&self) -> Option<&T> {
        of_this_process(self.made.load(Ordering::Acquire))
    }
}

/// The value, if it is this process's.
fn of_this_process<'a, T>(made: *mut Made<T>) -> Option<&'a T> {
    // SAFETY: null, or a box that lives as long as the `Own` that it came from, which both callers borrow.
    let made = unsafe { made.as_ref() }?;
    (made.process == id()).then_some(&made.value)
}

impl<T> Drop for Own<T> {
    fn drop(&mut self) {
        let made = *self.made.get_mut();
        if of_this_process(made).is_some() {
            // SAFETY: it came from a box, and nobody borrows it, nor will.
            drop(unsafe { Box::from_raw(made) });
        }
    }
}
