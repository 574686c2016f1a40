//! Timers: callbacks that become ready at a time.

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;

use super::clock::Nanos;
use crate::callback::HandleCell;

/// Pending callbacks by deadline. Equal deadlines fire in the order in which they were made; asyncio leaves
/// that to its heap.
#[derive(Default)]
pub(crate) struct Timers {
    heap: RefCell<BinaryHeap<Reverse<Entry>>>,
    made: Cell<u64>,
    /// Cancelled timers that are still in the heap.
    cancelled: Cell<usize>,
}

struct Entry {
    when: Nanos,
    /// Orders equal deadlines.
    number: u64,
    handle: Rc<HandleCell>,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        (self.when, self.number) == (other.when, other.number)
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.when, self.number).cmp(&(other.when, other.number))
    }
}

/// asyncio's bounds: the heap is cleared of cancelled timers when there are more than this many…
const MANY: usize = 100;
/// … and more than one in this many is cancelled.
const SHARE: usize = 2;

impl Timers {
    pub(crate) fn add(&self, when: Nanos, handle: Rc<HandleCell>) {
        let number = self.made.get();
        self.made.set(number + 1);
        self.heap.borrow_mut().push(Reverse(Entry { when, number, handle }));
    }

    /// A timer that may be in the heap was cancelled.
    pub(crate) fn note_cancelled(&self) {
        self.cancelled.set(self.cancelled.get() + 1);
        let mut heap = self.heap.borrow_mut();
        if heap.len() > MANY && self.cancelled.get() * SHARE > heap.len() {
            let before = heap.len();
            let (live, dead): (Vec<_>, Vec<_>) = std::mem::take(&mut *heap)
                .into_vec()
                .into_iter()
                .partition(|Reverse(entry)| !entry.handle.cancelled());
            *heap = BinaryHeap::from(live);
            self.cancelled.set(self.cancelled.get().saturating_sub(before - heap.len()));
            drop(heap);
            drop(dead);
        }
    }

    /// The next deadline of a timer that is still wanted.
    pub(crate) fn next(&self) -> Option<Nanos> {
        loop {
            let dead = {
                let mut heap = self.heap.borrow_mut();
                let Reverse(entry) = heap.peek()?;
                if !entry.handle.cancelled() {
                    return Some(entry.when);
                }
                heap.pop()
            };
            self.cancelled.set(self.cancelled.get().saturating_sub(1));
            drop(dead); // outside the borrow
        }
    }

    /// The next timer that is due, with its deadline.
    pub(crate) fn pop_due(&self, now: Nanos) -> Option<Rc<HandleCell>> {
        if self.next()? > now {
            return None;
        }
        self.heap.borrow_mut().pop().map(|Reverse(entry)| entry.handle)
    }

    /// The timers that are still wanted, in the order in which they will fire.
    pub(crate) fn pending(&self) -> Vec<(Nanos, Rc<HandleCell>)> {
        let heap = self.heap.borrow();
        let mut entries: Vec<_> =
            heap.iter().map(|Reverse(entry)| entry).filter(|entry| !entry.handle.cancelled()).collect();
        entries.sort();
        entries.into_iter().map(|entry| (entry.when, entry.handle.clone())).collect()
    }

    /// Timers in the heap, cancelled ones included.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.heap.borrow().len()
    }

    pub(crate) fn clear(&self) {
        let all = self.heap.take();
        self.cancelled.set(0);
        drop(all); // outside the borrow: captures' destructors are user code
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::Location;

    fn timer(timers: &Timers, when: Nanos) -> Rc<HandleCell> {
        let handle = HandleCell::new(Box::new(|| {}), Location::caller());
        timers.add(when, handle.clone());
        handle
    }

    fn cancel(timers: &Timers, handle: &HandleCell) {
        assert!(handle.cancel());
        timers.note_cancelled();
    }

    #[test]
    fn equal_deadlines_fire_in_the_order_in_which_they_were_made() {
        let timers = Timers::default();
        let made: Vec<_> = [5, 3, 5, 3, 5].into_iter().map(|when| timer(&timers, when)).collect();
        let fired: Vec<_> = std::iter::from_fn(|| timers.pop_due(5))
            .map(|handle| made.iter().position(|other| Rc::ptr_eq(other, &handle)).unwrap())
            .collect();
        assert_eq!(fired, [1, 3, 0, 2, 4]);
    }

    #[test]
    fn more_than_a_hundred_timers_of_which_half_are_cancelled_are_cleared_of_those() {
        let timers = Timers::default();
        let made: Vec<_> = (0..102).map(|when| timer(&timers, when)).collect();
        for handle in &made[51..] {
            cancel(&timers, handle);
        }
        assert_eq!(timers.len(), 102); // exactly half: not yet
        cancel(&timers, &made[0]);
        assert_eq!(timers.len(), 50);
        assert_eq!(timers.next(), Some(1));
    }

    #[test]
    fn few_cancelled_timers_stay_until_they_are_met() {
        let timers = Timers::default();
        let made: Vec<_> = (0..10).map(|when| timer(&timers, when)).collect();
        for handle in &made[..9] {
            cancel(&timers, handle);
        }
        assert_eq!(timers.len(), 10);
        assert_eq!(timers.next(), Some(9));
        assert_eq!(timers.len(), 1);
    }
}
