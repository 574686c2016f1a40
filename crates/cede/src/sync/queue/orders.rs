use std::collections::VecDeque;
use std::fmt;
use std::ops::Deref;

use super::heap::Heap;
use super::queue::Queue;

/// Where a [`Queue`] keeps its items, and in which order they come out.
///
/// It runs inside the queue and must not use it. asyncio counterpart: the overridable `_put` and `_get`.
///
/// ```
/// use cede::sync::{Queue, QueueStore};
///
/// /// Gives every item once, however often it was put.
/// #[derive(Default)]
/// struct Once(Vec<u32>);
///
/// impl QueueStore<u32> for Once {
///     fn put(&mut self, item: u32) {
///         if !self.0.contains(&item) {
///             self.0.push(item);
///         }
///     }
///
///     fn get(&mut self) -> Option<u32> {
///         if self.0.is_empty() { None } else { Some(self.0.remove(0)) }
///     }
///
///     fn len(&self) -> usize {
///         self.0.len()
///     }
/// }
///
/// let queue = Queue::with_store(0, Once::default());
/// for item in [3, 1, 3] {
///     queue.put_nowait(item).unwrap();
/// }
/// assert_eq!((queue.len(), queue.get_nowait()), (2, Ok(3)));
/// ```
pub trait QueueStore<T> {
    /// Takes an item in.
    fn put(&mut self, item: T);

    /// Gives the next item, if there is one.
    fn get(&mut self) -> Option<T>;

    /// How many items it has.
    fn len(&self) -> usize;

    /// Whether it has none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The store of a [`Queue`]: first in, first out.
pub struct Fifo<T> {
    items: VecDeque<T>,
}

impl<T> Default for Fifo<T> {
    fn default() -> Self {
        Fifo { items: VecDeque::new() }
    }
}

impl<T> QueueStore<T> for Fifo<T> {
    fn put(&mut self, item: T) {
        self.items.push_back(item);
    }

    fn get(&mut self) -> Option<T> {
        self.items.pop_front()
    }

    fn len(&self) -> usize {
        self.items.len()
    }
}

impl<T: fmt::Debug> fmt::Debug for Fifo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.items.fmt(f)
    }
}

/// The store of a [`LifoQueue`]: last in, first out.
pub struct Lifo<T> {
    items: Vec<T>,
}

impl<T> Default for Lifo<T> {
    fn default() -> Self {
        Lifo { items: Vec::new() }
    }
}

impl<T> QueueStore<T> for Lifo<T> {
    fn put(&mut self, item: T) {
        self.items.push(item);
    }

    fn get(&mut self) -> Option<T> {
        self.items.pop()
    }

    fn len(&self) -> usize {
        self.items.len()
    }
}

impl<T: fmt::Debug> fmt::Debug for Lifo<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.items.fmt(f)
    }
}

/// A [`Queue`], to which it derefs, that gives the last item first.
///
/// asyncio counterpart: `asyncio.LifoQueue`.
///
/// ```
/// let plates = cede::sync::LifoQueue::new(0);
/// for plate in [1, 3, 2] {
///     plates.put_nowait(plate).unwrap();
/// }
/// assert_eq!(plates.get_nowait(), Ok(2));
/// ```
pub struct LifoQueue<T> {
    queue: Queue<T, Lifo<T>>,
}

impl<T> LifoQueue<T> {
    /// As [`Queue::new`].
    pub fn new(maxsize: usize) -> Self {
        LifoQueue { queue: Queue::with_store(maxsize, Lifo::default()) }
    }

    /// As [`Queue::unbounded`].
    pub fn unbounded() -> Self {
        LifoQueue::new(0)
    }
}

impl<T> Default for LifoQueue<T> {
    /// Without a limit, as asyncio's.
    fn default() -> Self {
        LifoQueue::new(0)
    }
}

impl<T> Deref for LifoQueue<T> {
    type Target = Queue<T, Lifo<T>>;

    fn deref(&self) -> &Self::Target {
        &self.queue
    }
}

impl<T: fmt::Debug> fmt::Debug for LifoQueue<T> {
    /// As [`Queue`]'s.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.queue.describe("LifoQueue", f)
    }
}

/// A [`Queue`], to which it derefs, that gives the lowest item first.
///
/// Items are often pairs of a priority and the data; [`std::cmp::Reverse`] turns the order round. Among
/// equal items it gives the one that CPython's heap gives, which need not be the oldest: put a number
/// between priority and data where that matters.
///
/// asyncio counterpart: `asyncio.PriorityQueue`.
///
/// ```
/// let patients = cede::sync::PriorityQueue::new(0);
/// patients.put_nowait((2, "sprained ankle")).unwrap();
/// patients.put_nowait((1, "snake bite")).unwrap();
/// assert_eq!(patients.get_nowait(), Ok((1, "snake bite")));
/// ```
pub struct PriorityQueue<T: Ord> {
    queue: Queue<T, Heap<T>>,
}

impl<T: Ord> PriorityQueue<T> {
    /// As [`Queue::new`].
    pub fn new(maxsize: usize) -> Self {
        PriorityQueue { queue: Queue::with_store(maxsize, Heap::default()) }
    }

    /// As [`Queue::unbounded`].
    pub fn unbounded() -> Self {
        PriorityQueue::new(0)
    }
}

impl<T: Ord> Default for PriorityQueue<T> {
    /// Without a limit, as asyncio's.
    fn default() -> Self {
        PriorityQueue::new(0)
    }
}

impl<T: Ord> Deref for PriorityQueue<T> {
    type Target = Queue<T, Heap<T>>;

    fn deref(&self) -> &Self::Target {
        &self.queue
    }
}

impl<T: Ord + fmt::Debug> fmt::Debug for PriorityQueue<T> {
    /// As [`Queue`]'s.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.queue.describe("PriorityQueue", f)
    }
}
