//! Giving memory back after a burst.

use super::pool;
use super::reservation::{Reservation, Slot};

/// Gives the memory of this thread's pooled stacks back to the system: how many stacks that were.
///
/// They go back to the reservation with their guards, for any thread, and are as cold as new ones when they
/// are used again: some microseconds each. What the kernel keeps for each is eight bytes of page table a
/// page, until the process ends. Costs one system call for each run of neighbours.
///
/// A loop's idle workers hold stacks too: [`LoopHandle::trim`](crate::LoopHandle::trim) gives those back
/// first.
pub fn trim() -> usize {
    let mut slots = pool::all_free();
    let Ok(reservation) = Reservation::global() else { return 0 };
    slots.sort_unstable_by_key(|slot| slot.low);
    let neighbours = |a: &Slot, b: &Slot| a.top() == b.low && a.class == b.class;
    for run in slots.chunk_by(neighbours) {
        if let [first, .., last] | [first @ last] = run {
            drop_pages(first.low, last.top());
            reservation.give_back_run(first, last);
        }
    }
    slots.len()
}

/// The contents of `[low, top)` go; they read as zeros from now on, which is what an idle label is made of.
fn drop_pages(low: usize, top: usize) {
    // SAFETY: whole slots that are in nobody's hands: `all_free` took them out of the pool.
    unsafe { libc::madvise(low as *mut libc::c_void, top - low, libc::MADV_DONTNEED) };
}

/// Asks the C library to give back what was freed to it, where it can be asked.
pub(crate) fn trim_allocator() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: touches only memory that the allocator holds as free.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(test)]
mod tests {
    use super::super::usage::{resident, touch_below};
    use super::*;

    #[test]
    fn trimmed_stacks_hold_no_page_and_work_again() {
        std::thread::spawn(|| {
            let stacks: Vec<_> = (0..40).map(|_| pool::take(1).unwrap()).collect();
            let bounds: Vec<_> = stacks.iter().map(|stack| (stack.usable_from(), stack.top())).collect();
            bounds.iter().for_each(|(_, top)| touch_below(*top, 3));
            assert!(bounds.iter().all(|(low, top)| resident(*low, *top) >= 3));
            drop(stacks);
            assert!(trim() >= 40);
            assert!(bounds.iter().all(|(low, top)| resident(*low, *top) == 0));
            let mut worker = super::super::Worker::new(1).unwrap();
            assert_eq!(worker.label().kind(), super::super::Kind::Idle);
            assert_eq!(worker.run(super::super::worker::nothing()), super::super::WorkerStatus::Idle);
        })
        .join()
        .unwrap();
    }
}
