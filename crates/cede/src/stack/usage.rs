//! How much stack a job has used: in whole pages, by asking which of them have memory.
//!
//! ```text
//!   low ┌──────────────┐ ◄─ usable from here
//!       │  no memory   │
//!       ├──────────────┤ ◄─ the lowest page with memory: what was used reaches down to here
//!       │  memory      │
//!       ├──────────────┤ ◄─ where the job began
//!       │  the worker  │
//!   top └──────────────┘
//! ```
//!
//! A stack that was used before has memory already, so [`begin`] gives that back first, all but the page it
//! stands on and the one below, where calls that are being made may lie.

use std::ptr;

use super::reservation::page_size;
use super::worker;

/// Before a job: what earlier ones have left below here goes.
pub(crate) fn begin() {
    worker::below(|below| {
        let here = ptr::from_ref(&below).addr();
        if !(below.from..below.top).contains(&here) {
            return; // AddressSanitizer keeps variables elsewhere: nobody knows where the frames end
        }
        let keep = (here & !(page_size() - 1)) - page_size();
        if let Some(len) = keep.checked_sub(below.from) {
            // SAFETY: pages of the stack we stand on, all below the frames of this call: the kernel's side of
            // it has a stack of its own.
            unsafe { libc::madvise(below.from as *mut libc::c_void, len, libc::MADV_DONTNEED) };
        }
    });
}

/// After it: how many bytes of its stack it has used, in whole pages, the worker's own frames included; and
/// how many there are. `None` where no worker runs.
pub(crate) fn end() -> Option<(usize, usize)> {
    worker::below(|below| {
        let pages = in_memory(below.from, below.top);
        let unused = pages.iter().take_while(|in_memory| !**in_memory).count() * page_size();
        (below.top - below.from - unused, below.top - below.from)
    })
}

/// Which pages of `[low, top)` have memory.
fn in_memory(low: usize, top: usize) -> Vec<bool> {
    let mut pages = vec![0u8; (top - low) / page_size()];
    // SAFETY: a stack's own pages, and room for an answer on each.
    unsafe { libc::mincore(low as *mut libc::c_void, top - low, pages.as_mut_ptr()) };
    pages.into_iter().map(|page| page & 1 != 0).collect()
}

#[cfg(test)]
pub(super) fn resident(low: usize, top: usize) -> usize {
    in_memory(low, top).into_iter().filter(|in_memory| *in_memory).count()
}

/// Writes to the topmost pages below an address.
#[cfg(test)]
pub(super) fn touch_below(top: usize, pages: usize) {
    for page in 1..=pages {
        // SAFETY: the test has that stack, and nobody runs on it.
        unsafe { ((top - page * page_size()) as *mut u8).write_volatile(0) };
    }
}
