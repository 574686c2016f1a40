//! Which process this is, asked without a system call; and what follows from it in the child of a fork.
//!
//! What the kernel keeps for a loop belongs to the process that made it; the child of a fork has a copy of the
//! memory, but shares the list of descriptors and the timer, and must not touch them. So whoever is about to asks
//! where it is. The number lies in a page that the kernel empties in the child of a fork, however that was made.
//!
//! | file | its one idea |
//! |---|---|
//! | `mod.rs` | the number |
//! | `on_fork.rs` | functions that the C library calls at a fork |
//! | `own.rs` | a value that the child of a fork makes anew |

mod on_fork;
mod own;

use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

pub(crate) use on_fork::{around_forks, in_children};
pub(crate) use own::{Line, Own};

/// The page with this process's number; 0 where nobody has asked yet. Null before the first use.
static PAGE: AtomicPtr<AtomicU32> = AtomicPtr::new(ptr::null_mut());
/// What [`PAGE`] points to where the kernel has no such page.
static NO_PAGE: AtomicU32 = AtomicU32::new(0);
/// The number that was given last, by this process or by those that it is a copy of.
static LAST: AtomicU32 = AtomicU32::new(0);

/// A number for this process, which none of those has that it is a copy of. Never 0.
///
/// It takes no lock, for a lock that another thread holds at a fork is never let go in the child; and after the first
/// use a signal handler may ask, too.
#[inline]
pub(crate) fn id() -> u32 {
    let page = PAGE.load(Ordering::Acquire);
    if page.is_null() {
        return first();
    }
    // SAFETY: it points to a page that is never taken back, or to a static.
    match unsafe { &*page }.load(Ordering::Relaxed) {
        0 => number(page),
        id => id,
    }
}

#[cold]
fn first() -> u32 {
    let mapped = page();
    let made = mapped.unwrap_or(ptr::from_ref(&NO_PAGE).cast_mut());
    match PAGE.compare_exchange(ptr::null_mut(), made, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => number(made),
        Err(other) => {
            if let Some(mapped) = mapped {
                give_back(mapped);
            }
            number(other)
        }
    }
}

/// Gives this process its number.
#[cold]
fn number(page: *mut AtomicU32) -> u32 {
    if ptr::eq(page, &NO_PAGE) {
        return std::process::id();
    }
    // SAFETY: as in `id`.
    let page = unsafe { &*page };
    // Counted before it is written, so that no child counts the same. A number that loses is left out.
    let next = LAST.fetch_add(1, Ordering::AcqRel) + 1;
    match page.compare_exchange(0, next, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => next,
        Err(other) => other,
    }
}

/// A page for the number, where the kernel has such.
#[cfg(not(target_os = "linux"))]
fn page() -> Option<*mut AtomicU32> {
    None
}

#[cfg(not(target_os = "linux"))]
fn give_back(_page: *mut AtomicU32) {}

/// A page for the number, where the kernel has such.
#[cfg(target_os = "linux")]
fn page() -> Option<*mut AtomicU32> {
    let (read_write, own) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
    // SAFETY: a new mapping at a place of the kernel's choice.
    let page = unsafe { libc::mmap(ptr::null_mut(), SIZE, read_write, own, -1, 0) };
    if page == libc::MAP_FAILED {
        return None;
    }
    let page = page.cast::<AtomicU32>(); // zeroes are a number, and pages are aligned
    // SAFETY: the mapping is ours, and holds a number that may become 0 at any fork.
    if unsafe { libc::madvise(page.cast(), SIZE, libc::MADV_WIPEONFORK) } != 0 {
        give_back(page);
        return None;
    }
    Some(page)
}

#[cfg(target_os = "linux")]
fn give_back(page: *mut AtomicU32) {
    // SAFETY: it was mapped by `page`, and nobody else has learnt of it.
    unsafe { libc::munmap(page.cast(), SIZE) };
}

/// The kernel rounds it up to a page.
#[cfg(target_os = "linux")]
const SIZE: usize = size_of::<AtomicU32>();
