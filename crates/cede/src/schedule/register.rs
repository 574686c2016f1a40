//! The register: every task of a loop that has not ended, by key.
//!
//! ```text
//!   TaskKey: index, generation           chunk 0              chunk 1: empty, given back
//!        │        │                      ┌──────────────┐     ┌─ ─ ─ ─ ─ ─ ─ ┐
//!        └────────┼──► which slot ─────► │ gen 7  task  │       generation 12
//!                 └──► still that one? ─►│ gen 3  free ─┼─┐   └─ ─ ─ ─ ─ ─ ─ ┘
//!                                        │ gen 9  free ◄┼─┘
//!                                        └──────────────┘
//! ```
//!
//! A slot's generation grows when its task leaves, so a key that comes too late finds nothing. Slots come in
//! chunks, so that after a burst the memory of those that are empty can go: what stays of a chunk is the
//! generation its slots begin with when it is needed again.

use crate::callback::TaskKey;

/// Slots of a chunk.
const CHUNK: usize = 512;
/// The end of the list of free slots.
const NONE: u32 = u32::MAX;

pub(super) struct Register<T> {
    chunks: Vec<Chunk<T>>,
    /// The index of the first free slot.
    free: u32,
}

struct Chunk<T> {
    /// `None` when they have been given back.
    slots: Option<Box<[Slot<T>; CHUNK]>>,
    /// Where its slots' generations begin.
    generation: u32,
}

struct Slot<T> {
    generation: u32,
    /// The index of the next free one, while this one is.
    next: u32,
    value: Option<T>,
}

impl<T> Default for Register<T> {
    fn default() -> Self {
        Register { chunks: Vec::new(), free: NONE }
    }
}

fn place_of(index: u32) -> (usize, usize) {
    (index as usize / CHUNK, index as usize % CHUNK)
}

impl<T> Register<T> {
    /// Enters what `make` makes of its key.
    ///
    /// # Panics
    /// At 2³² entries.
    #[inline(always)]
    pub(super) fn insert(&mut self, make: impl FnOnce(TaskKey) -> T) -> TaskKey {
        if self.free == NONE {
            self.open_chunk();
        }
        let index = self.free;
        let slot = self.slot_mut(index).expect("a free slot is there");
        let key = TaskKey::new(index, slot.generation);
        let next = slot.next;
        slot.value = Some(make(key));
        self.free = next;
        key
    }

    /// Makes the slots of a chunk that has none; nobody's is free.
    #[cold]
    #[inline(never)]
    fn open_chunk(&mut self) {
        let empty = self.chunks.iter().position(|chunk| chunk.slots.is_none());
        let index = empty.unwrap_or_else(|| {
            assert!(self.chunks.len() < u32::MAX as usize / CHUNK, "too many tasks at once");
            self.chunks.push(Chunk { slots: None, generation: 1 });
            self.chunks.len() - 1
        });
        let generation = self.chunks[index].generation;
        let first = (index * CHUNK) as u32;
        let next = |at: usize| if at + 1 < CHUNK { first + at as u32 + 1 } else { NONE };
        let slots: Vec<_> = (0..CHUNK).map(|at| Slot { generation, next: next(at), value: None }).collect();
        self.chunks[index].slots = slots.into_boxed_slice().try_into().ok();
        self.free = first;
    }

    #[inline(always)]
    fn slot_mut(&mut self, index: u32) -> Option<&mut Slot<T>> {
        let (chunk, at) = place_of(index);
        Some(&mut self.chunks.get_mut(chunk)?.slots.as_mut()?[at])
    }

    #[inline]
    pub(super) fn get(&self, key: TaskKey) -> Option<&T> {
        let (chunk, at) = place_of(key.index());
        let slot = &self.chunks.get(chunk)?.slots.as_ref()?[at];
        if slot.generation == key.generation() { slot.value.as_ref() } else { None }
    }

    #[inline(always)]
    pub(super) fn remove(&mut self, key: TaskKey) -> Option<T> {
        let free = self.free;
        let slot = self.slot_mut(key.index())?;
        if slot.generation != key.generation() {
            return None;
        }
        let value = slot.value.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        // One that has had every generation is not used again: an old key must never fit.
        if slot.generation != 0 {
            slot.next = free;
            self.free = key.index();
        }
        Some(value)
    }

    /// Whether there have ever been more entries at once than a chunk has slots.
    #[inline]
    pub(super) fn is_large(&self) -> bool {
        self.chunks.len() > 1
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        let slots = self.chunks.iter().flat_map(|chunk| &chunk.slots);
        slots.flat_map(|slots| slots.iter()).filter_map(|slot| slot.value.as_ref())
    }

    /// Gives the memory of empty chunks back.
    pub(super) fn trim(&mut self) {
        self.free = NONE;
        // The last first, so that what comes next goes to the first: those behind it empty.
        for (index, chunk) in self.chunks.iter_mut().enumerate().rev() {
            let Some(slots) = &mut chunk.slots else { continue };
            // A chunk that has used a slot up keeps its slots, and so the knowledge of it.
            let may_go = |slot: &Slot<T>| {
                slot.value.is_none() && slot.generation != 0 && slot.generation < u32::MAX / 2
            };
            if slots.iter().all(may_go) {
                chunk.generation = slots.iter().map(|slot| slot.generation).max().unwrap_or(chunk.generation);
                chunk.slots = None;
                continue;
            }
            for (at, slot) in slots.iter_mut().enumerate().rev() {
                if slot.value.is_none() && slot.generation != 0 {
                    slot.next = self.free;
                    self.free = (index * CHUNK + at) as u32;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    #[derive(Clone, Debug)]
    enum Op {
        Insert(usize),
        /// The entry that was made as this many-th.
        Remove(usize),
        Trim,
    }

    proptest! {
        /// Every key ever given out finds its own entry while that is in, and nothing else, ever.
        #[test]
        fn it_is_a_map_whose_keys_are_never_given_twice(
            ops in prop::collection::vec(
                prop_oneof![
                    2 => (1usize..600).prop_map(Op::Insert),
                    6 => (0usize..3_000).prop_map(Op::Remove),
                    1 => Just(Op::Trim),
                ],
                0..60,
            ),
            clears in prop::collection::vec(any::<bool>(), 4),
        ) {
            let mut register = Register::default();
            let mut keys = Vec::new();
            let mut model = HashMap::new();
            for (round, clear) in clears.into_iter().enumerate() {
                for op in &ops {
                    match op {
                        Op::Insert(count) => for _ in 0..*count {
                            let name = keys.len();
                            let key = register.insert(|key| (key, name));
                            prop_assert!(model.insert((key.index(), key.generation()), name).is_none());
                            keys.push(key);
                        },
                        Op::Remove(nth) => if let Some(key) = keys.get(*nth) {
                            let known = model.remove(&(key.index(), key.generation()));
                            prop_assert_eq!(register.remove(*key).map(|(_, name)| name), known, "round {}", round);
                        },
                        Op::Trim => register.trim(),
                    }
                }
                if clear {
                    for key in &keys {
                        register.remove(*key);
                    }
                    model.clear();
                    register.trim();
                    prop_assert!(register.chunks.iter().all(|chunk| chunk.slots.is_none()));
                }
                for (name, key) in keys.iter().enumerate() {
                    let found = register.get(*key).map(|(_, name)| *name);
                    prop_assert_eq!(found, model.get(&(key.index(), key.generation())).map(|_| name));
                }
                prop_assert_eq!(register.values().count(), model.len());
            }
        }
    }

    #[test]
    fn a_slot_that_has_had_every_generation_is_not_used_again() {
        let mut register = Register::default();
        let first = register.insert(|_| 0);
        register.remove(first);
        register.slot_mut(first.index()).unwrap().generation = u32::MAX;
        let last = register.insert(|_| 1);
        assert_eq!(last, TaskKey::new(first.index(), u32::MAX));
        register.remove(last);
        register.trim();
        assert!((0..2 * CHUNK).all(|_| register.insert(|_| 2).index() != first.index()));
        assert_eq!(register.get(first), None);
    }
}
