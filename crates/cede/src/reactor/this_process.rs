//! Which process this is, asked without a system call.
//!
//! What the kernel keeps for a loop belongs to the process that made it; the child of a fork has a copy of the
//! memory, but shares the list of descriptors and the timer, and must not touch them. So whoever is about to asks
//! where it is. The number lies in a page that the kernel empties in the child of a fork, however that was made.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The number of this process.
#[inline]
pub(crate) fn id() -> u32 {
    static PAGE: OnceLock<Option<&'static AtomicU32>> = OnceLock::new();
    let Some(page) = PAGE.get_or_init(page) else { return std::process::id() };
    match page.load(Ordering::Relaxed) {
        0 => {
            page.store(std::process::id(), Ordering::Relaxed);
            std::process::id()
        }
        id => id,
    }
}

/// A page for the number, where the kernel has such.
#[cfg(not(target_os = "linux"))]
fn page() -> Option<&'static AtomicU32> {
    None
}

/// A page for the number, where the kernel has such.
#[cfg(target_os = "linux")]
fn page() -> Option<&'static AtomicU32> {
    let (read_write, own) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping at a place of the kernel's choice.
    let page = unsafe { libc::mmap(std::ptr::null_mut(), SIZE, read_write, own, -1, 0) };
    if page == libc::MAP_FAILED {
        return None;
    }
    // SAFETY: the mapping is ours, and holds a number that may become 0 at any fork.
    if unsafe { libc::madvise(page, SIZE, libc::MADV_WIPEONFORK) } != 0 {
        // SAFETY: nobody refers to it.
        unsafe { libc::munmap(page, SIZE) };
        return None;
    }
    // SAFETY: zeroes are a number; the mapping is aligned to pages and is never taken back.
    Some(unsafe { &*page.cast::<AtomicU32>() })
}

/// The kernel rounds it up to a page.
#[cfg(target_os = "linux")]
const SIZE: usize = size_of::<AtomicU32>();
