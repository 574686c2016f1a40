//! Memory that will be needed soon.

/// The size of a line of the cache.
const LINE: usize = 64;
/// So many lines of a suspended stack are looked at at once when it goes on after a yield: the frame of whoever
/// yields, and a few of those that it returns to.
const YIELDS: usize = 5;
/// And so many after a wait, which returns through more frames: a socket's read, say, and who called that.
const WAITS: usize = 14;

/// So many lines below a stack's base are: the link to whoever resumes, and the frame of the loop that runs jobs.
const ROOTS: usize = 2;

/// So many lines below its base are written until a job awaits something: the loop's frame, the job's, and what
/// an await calls.
const FIRST: usize = 14;

/// Where a suspended stack's innermost frame is.
#[derive(Clone, Copy, Default)]
pub(crate) struct Place(usize);

impl Place {
    #[inline(always)]
    pub(super) fn of<T>(frame: &T) -> Self {
        Place(std::ptr::from_ref(frame).addr())
    }

    /// Has it brought to the cache, as it is after a wait or after a yield.
    #[inline]
    pub(crate) fn fetch(self, waits: bool) {
        fetch_lines(self.0, if waits { WAITS } else { YIELDS });
    }
}

/// Has the root of the worker at this base brought to the cache, and what a resumption needs below it.
#[inline]
pub(super) fn fetch_head(base: usize) {
    fetch_lines(base.wrapping_sub(ROOTS * LINE), ROOTS + 1);
}

/// Has the root of the idle worker at this base brought to the cache, and what a job's first frames will be.
#[inline]
pub(super) fn fetch_unused(base: usize) {
    fetch_lines(base.wrapping_sub(FIRST * LINE), FIRST + 1);
}

/// Has so many lines from this address on brought to the cache.
#[inline]
pub(crate) fn fetch_lines(address: usize, lines: usize) {
    for line in 0..lines {
        fetch(address.wrapping_add(line * LINE));
    }
}

/// Has a line brought to the cache. What the address is does not matter: nothing is read.
#[inline]
fn fetch(address: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        // SAFETY: the instruction asks for a line and does nothing else; it faults nowhere.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(std::ptr::without_provenance(address)) }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}
