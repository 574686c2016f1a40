//! Advice to the kernel on many pieces of our memory by one call.

/// Has the kernel put memory under these pages, so that the first touch of each need not call it. Where it can't,
/// they are touched as any page is.
#[cfg(target_os = "linux")]
pub(super) fn populate(pages: &[usize], page_size: usize) {
    advise_all(pages, page_size, libc::MADV_POPULATE_WRITE);
}

/// Gives an advice on `len` bytes from each of these addresses on, and says on how many, from the first on: none where
/// the kernel takes no advice on many, or not this one.
#[cfg(target_os = "linux")]
pub(super) fn advise_all(lows: &[usize], len: usize, advice: libc::c_int) -> usize {
    /// Not in the libc crate yet (Linux 6.15): whoever calls, and after a fork the child. A real
    /// descriptor would be of the parent, and change its memory.
    const PIDFD_SELF: libc::c_int = -10_000;
    let ranges: Vec<libc::iovec> =
        lows.iter().map(|low| libc::iovec { iov_base: *low as *mut libc::c_void, iov_len: len }).collect();
    // SAFETY: the ranges are of unused slots inside our own mapping, whose contents are nobody's; the kernel reads
    // `ranges` and keeps nothing.
    let advised = unsafe {
        libc::syscall(libc::SYS_process_madvise, PIDFD_SELF, ranges.as_ptr(), ranges.len(), advice, 0)
    };
    usize::try_from(advised).unwrap_or(0) / len
}

#[cfg(not(target_os = "linux"))]
pub(super) fn populate(_pages: &[usize], _page_size: usize) {}

#[cfg(not(target_os = "linux"))]
pub(super) fn advise_all(_lows: &[usize], _len: usize, _advice: libc::c_int) -> usize {
    0
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::super::guard::tests::{PAGE, STRIDE, fresh};
    use super::super::usage::resident;
    use super::advise_all;

    /// Or none of them, where the kernel takes no such advice.
    #[test]
    fn populated_pages_have_memory_and_their_neighbours_none() {
        let lows = fresh(40);
        let populated = advise_all(&lows, PAGE, libc::MADV_POPULATE_WRITE);
        for (nth, low) in lows.into_iter().enumerate() {
            assert_eq!(resident(low, low + STRIDE), usize::from(nth < populated));
        }
    }
}
