use std::fmt;

use super::orders::QueueStore;

/// The store of a [`PriorityQueue`](super::PriorityQueue): the lowest item first.
///
/// It is CPython's `heapq`, not std's `BinaryHeap`: the two differ in which of several equal items comes
/// first. A comparison that panics loses no item.
pub struct Heap<T> {
    /// `items[i] <= items[2i + 1], items[2i + 2]`
    items: Vec<T>,
}

impl<T> Default for Heap<T> {
    fn default() -> Self {
        Heap { items: Vec::new() }
    }
}

impl<T: Ord> Heap<T> {
    /// Moves an item up until its parent is not greater.
    fn rise(&mut self, mut at: usize) {
        while at > 0 {
            let parent = (at - 1) / 2;
            if self.items[at] >= self.items[parent] {
                break;
            }
            self.items.swap(at, parent);
            at = parent;
        }
    }

    /// Moves the first item down to a leaf of the first `end` items, always towards the lesser child, and up
    /// again from there. That takes fewer comparisons than to stop on the way down, for what comes from the
    /// end is mostly great.
    fn sink(&mut self, end: usize) {
        let mut at = 0;
        while 2 * at + 1 < end {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            let left_is_less = right >= end || self.items[left] < self.items[right];
            let child = if left_is_less { left } else { right };
            self.items.swap(at, child);
            at = child;
        }
        self.rise(at);
    }
}

impl<T: Ord> QueueStore<T> for Heap<T> {
    fn put(&mut self, item: T) {
        self.items.push(item);
        self.rise(self.items.len() - 1);
    }

    fn get(&mut self) -> Option<T> {
        let end = self.items.len().checked_sub(1)?;
        self.items.swap(0, end);
        self.sink(end);
        self.items.pop()
    }

    fn len(&self) -> usize {
        self.items.len()
    }
}

impl<T: fmt::Debug> fmt::Debug for Heap<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.items.fmt(f)
    }
}
