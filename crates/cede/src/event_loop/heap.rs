//! A heap that knows where each of its entries is, so that any of them can be taken out.
//!
//! ```text
//!   entries   ┌ (key, place) ─┬───────┬───┐     four children to an entry: a heap of a million is ten levels
//!             │       │       │       │   │     deep, and the children of one lie side by side
//!             └───────┼───────┴───────┴───┘
//!   places    ┌───────▼───────┬───┬───┐
//!             │ index of entry│   │ … │         a place is an entry's name while it is in the heap, and
//!             └───────────────┴───┴───┘         is given to a later one when it is out
//! ```

use crate::callback::TimerPlace as Place;

/// Smallest key first.
pub(super) struct Heap<K> {
    entries: Vec<(K, Place)>,
    places: Vec<u32>,
    free: Vec<Place>,
}

/// Children of an entry.
const FORK: usize = 4;

impl<K> Default for Heap<K> {
    fn default() -> Self {
        Heap { entries: Vec::new(), places: Vec::new(), free: Vec::new() }
    }
}

impl<K: Ord + Copy> Heap<K> {
    pub(super) fn first(&self) -> Option<(K, Place)> {
        self.entries.first().copied()
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (K, Place)> + '_ {
        self.entries.iter().copied()
    }

    /// Costs O(log n).
    ///
    /// # Panics
    /// When there are 2³² - 1 entries.
    pub(super) fn push(&mut self, key: K) -> Place {
        let index = self.entries.len();
        let place = self.free.pop().unwrap_or_else(|| {
            let place = Place::new(self.places.len()).expect("fewer than 2^32 - 1 timers at once");
            self.places.push(0);
            place
        });
        self.entries.push((key, place));
        self.rise(index);
        place
    }

    /// Takes out the entry of this place, which must be in. Costs O(log n), and less for one that is far from
    /// being first, as most that are cancelled are.
    pub(super) fn remove(&mut self, place: Place) {
        let index = self.index_of(place);
        debug_assert_eq!(self.entries[index].1, place, "a place that is out has no entry");
        self.entries.swap_remove(index);
        self.free.push(place);
        if index < self.entries.len() {
            self.rise(index);
            self.sink(index);
        } else if index == 0 {
            // The next ones get places in the order of memory, and not in that in which these were given back.
            self.places.clear();
            self.free.clear();
        }
    }

    fn index_of(&self, place: Place) -> usize {
        self.places[place.index()] as usize
    }

    fn put(&mut self, index: usize, entry: (K, Place)) {
        self.entries[index] = entry;
        self.places[entry.1.index()] = index as u32;
    }

    /// Towards the first while it is before its parent.
    fn rise(&mut self, mut index: usize) {
        let entry = self.entries[index];
        while index > 0 {
            let parent = (index - 1) / FORK;
            if self.entries[parent].0 <= entry.0 {
                break;
            }
            self.put(index, self.entries[parent]);
            index = parent;
        }
        self.put(index, entry);
    }

    /// Away from the first while a child is before it.
    fn sink(&mut self, mut index: usize) {
        let entry = self.entries[index];
        loop {
            let children = index * FORK + 1..(index * FORK + 1 + FORK).min(self.entries.len());
            let Some(least) = children.min_by_key(|child| self.entries[*child].0) else { break };
            if entry.0 <= self.entries[least].0 {
                break;
            }
            self.put(index, self.entries[least]);
            index = least;
        }
        self.put(index, entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[derive(Clone, Debug)]
    enum Op {
        Push(u8),
        Pop,
        /// The entry that was pushed as this many-th, if it is in.
        Remove(usize),
    }

    fn pop<K: Ord + Copy>(heap: &mut Heap<K>) -> Option<(K, Place)> {
        let first = heap.first()?;
        heap.remove(first.1);
        Some(first)
    }

    fn ops() -> impl Strategy<Value = Vec<Op>> {
        let op = prop_oneof![
            4 => any::<u8>().prop_map(Op::Push),
            1 => Just(Op::Pop),
            2 => (0usize..200).prop_map(Op::Remove),
        ];
        prop::collection::vec(op, 0..200)
    }

    proptest! {
        #[test]
        fn it_is_an_ordered_map_from_which_anything_can_be_taken(ops in ops()) {
            let mut heap = Heap::default();
            let mut model: BTreeMap<(u8, usize), Place> = BTreeMap::new();
            let mut pushed = Vec::new();
            let mut most = 0; // that were in at once, since it was empty
            for op in ops {
                match op {
                    Op::Push(key) => {
                        let key = (key, pushed.len());
                        let place = heap.push(key);
                        prop_assert!(model.values().all(|other| *other != place));
                        model.insert(key, place);
                        pushed.push(key);
                    }
                    Op::Pop => prop_assert_eq!(pop(&mut heap), model.pop_first()),
                    Op::Remove(nth) => {
                        if let Some(place) = pushed.get(nth).and_then(|key| model.remove(key)) {
                            heap.remove(place);
                        }
                    }
                }
                let first = model.first_key_value().map(|(key, place)| (*key, *place));
                prop_assert_eq!(heap.first(), first);
                prop_assert_eq!(heap.iter().count(), model.len());
                most = if model.is_empty() { 0 } else { most.max(model.len()) };
                prop_assert_eq!(heap.places.len(), most);
            }
            let rest: Vec<_> = std::iter::from_fn(|| pop(&mut heap)).collect();
            prop_assert_eq!(rest, model.into_iter().collect::<Vec<_>>());
        }
    }
}
