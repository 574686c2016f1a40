//! How a value travels between a generator's stack and that of whoever resumes it.

use std::mem::ManuallyDrop;
use std::ptr::{self, NonNull};

/// A value that lies on one stack, for the other to take.
///
/// corosensei carries a word in a register; what is larger it copies on both sides of a switch, in functions that
/// are then too large to be inlined. An address is a word whatever lies there, and the value is written once,
/// where it is made, and read once, where it is wanted.
pub(crate) struct Lent<T>(NonNull<T>);

impl<T> Clone for Lent<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Lent<T> {}

impl<T> Lent<T> {
    /// Lends the value to the other stack. If nobody takes it, it is leaked.
    #[inline(always)]
    pub(super) fn new(value: &mut ManuallyDrop<T>) -> Self {
        Lent(NonNull::from(&mut **value))
    }

    /// What waits for the first value.
    pub(super) const fn dangling() -> Self {
        Lent(NonNull::dangling())
    }

    /// The value.
    ///
    /// # Safety
    /// Whoever lent it has done nothing since but give control to us, and this is called once.
    #[inline(always)]
    pub(super) unsafe fn take(self) -> T {
        // SAFETY: as our caller says, what was lent is still there, and nobody else takes it.
        unsafe { ptr::read(self.0.as_ptr()) }
    }
}
