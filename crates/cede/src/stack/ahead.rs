//! Memory that will be needed soon.

/// The size of a line of the cache.
const LINE: usize = 64;
/// So many lines of a suspended stack are looked at at once when it goes on: the frame of whoever awaits, and a
/// few of those that it returns to.
const FRAMES: usize = 5;

/// Where lies what a suspended stack will need first.
#[derive(Clone, Copy, Default)]
pub(crate) struct Place {
    /// In the innermost frame.
    frame: usize,
    /// So far above it are the worker's record and the link to whoever resumes, at the root of the stack. (On a
    /// generator's stack the frame is elsewhere, and these are wrong; nobody reads what they point to.)
    record: u32,
    link: u32,
}

impl Place {
    #[inline(always)]
    pub(super) fn new(frame: usize, record: usize, link: usize) -> Self {
        let above = |address: usize| address.wrapping_sub(frame) as u32;
        Place { frame, record: above(record), link: above(link) }
    }

    /// Has it brought to the cache.
    #[inline]
    pub(crate) fn fetch(self) {
        for line in 0..FRAMES {
            fetch(self.frame.wrapping_add(line * LINE));
        }
        fetch(self.frame.wrapping_add(self.record as usize));
        fetch(self.frame.wrapping_add(self.link as usize));
    }
}

/// Has the line at this address brought to the cache, and the next one.
#[inline]
pub(crate) fn fetch_two(address: usize) {
    fetch(address);
    fetch(address.wrapping_add(LINE));
}

/// Has a line brought to the cache. What the address is does not matter: nothing is read.
#[inline]
pub(crate) fn fetch(address: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the instruction asks for a line and does nothing else; it faults nowhere.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::without_provenance(address)) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
