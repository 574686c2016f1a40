//! How a value travels between a generator's stack and that of whoever resumes it.

use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ptr;

/// A value for the other side to take: itself if it fits a word, else the address of where it lies on our stack.
///
/// corosensei carries a word in a register; what is larger it copies on both sides of a switch, in functions that
/// are then too large to be inlined. This is a word whatever the value is, which is written once, where it is made,
/// and read once, where it is wanted.
pub(crate) struct Lent<T> {
    word: MaybeUninit<*const ()>,
    value: PhantomData<T>,
}

impl<T> Clone for Lent<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Lent<T> {}

impl<T> Lent<T> {
    const FITS: bool = size_of::<T>() <= size_of::<*const ()>() && align_of::<T>() <= align_of::<*const ()>();

    /// Lends the value to the other side. If nobody takes it, it is leaked.
    #[inline(always)]
    pub(super) fn new(value: &mut ManuallyDrop<T>) -> Self {
        let mut word = MaybeUninit::new(ptr::from_ref(value).cast::<()>());
        if Self::FITS {
            // SAFETY: it fits, and whoever is lent it is the only one to take it.
            unsafe { ptr::copy_nonoverlapping(ptr::from_ref(value).cast(), word.as_mut_ptr().cast::<T>(), 1) }
        }
        Lent { word, value: PhantomData }
    }

    /// What waits for the first value.
    pub(super) const fn nothing() -> Self {
        Lent { word: MaybeUninit::uninit(), value: PhantomData }
    }

    /// The value.
    ///
    /// # Safety
    /// It was lent by [`new`](Self::new); whoever did so has done nothing since but give control to us, and this is
    /// called once.
    #[inline(always)]
    pub(super) unsafe fn take(self) -> T {
        let place = if Self::FITS {
            self.word.as_ptr().cast::<T>()
        } else {
            // SAFETY: as our caller says, `new` has put an address there.
            unsafe { self.word.assume_init() }.cast::<T>()
        };
        // SAFETY: as our caller says, what was lent is still there, and nobody else takes it.
        unsafe { ptr::read(place) }
    }
}
