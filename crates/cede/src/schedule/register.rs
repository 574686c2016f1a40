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
/// The end of a chunk's list of free slots.
const NONE: u32 = u32::MAX;

pub(super) struct Register<T> {
    chunks: Vec<Chunk<T>>,
    /// Chunks that have a free slot, or none at all yet; the last is filled first.
    open: Vec<u32>,
}

struct Chunk<T> {
    slots: Vec<Slot<T>>,
    /// The first of its free slots.
    free: u32,
    used: u32,
    /// Where its slots' generations begin.
    generation: u32,
}

struct Slot<T> {
    generation: u32,
    /// The next free one, while this one is.
    next: u32,
    value: Option<T>,
}

impl<T> Default for Register<T> {
    fn default() -> Self {
        Register { chunks: Vec::new(), open: Vec::new() }
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
        let chunk_index = match self.open.last() {
            Some(index) => *index,
            None => self.open_chunk(),
        };
        let chunk = &mut self.chunks[chunk_index as usize];
        let at = chunk.free;
        let slot = &mut chunk.slots[at as usize];
        let key = TaskKey::new(chunk_index * CHUNK as u32 + at, slot.generation);
        chunk.free = slot.next;
        chunk.used += 1;
        slot.value = Some(make(key));
        if chunk.free == NONE {
            self.open.pop();
        }
        key
    }

    #[cold]
    fn open_chunk(&mut self) -> u32 {
        let empty = self.chunks.iter().position(|chunk| chunk.slots.is_empty());
        let index = empty.unwrap_or_else(|| {
            assert!(self.chunks.len() < u32::MAX as usize / CHUNK, "too many tasks at once");
            self.chunks.push(Chunk { slots: Vec::new(), free: NONE, used: 0, generation: 1 });
            self.chunks.len() - 1
        });
        let chunk = &mut self.chunks[index];
        let generation = chunk.generation;
        let next = |at: usize| if at + 1 < CHUNK { at as u32 + 1 } else { NONE };
        chunk.slots = (0..CHUNK).map(|at| Slot { generation, next: next(at), value: None }).collect();
        chunk.free = 0;
        self.open.push(index as u32);
        index as u32
    }

    #[inline]
    pub(super) fn get(&self, key: TaskKey) -> Option<&T> {
        let (chunk, at) = place_of(key.index());
        let slot = self.chunks.get(chunk)?.slots.get(at)?;
        if slot.generation == key.generation() { slot.value.as_ref() } else { None }
    }

    #[inline(always)]
    pub(super) fn remove(&mut self, key: TaskKey) -> Option<T> {
        let (index, at) = place_of(key.index());
        let chunk = self.chunks.get_mut(index)?;
        let slot = chunk.slots.get_mut(at)?;
        if slot.generation != key.generation() {
            return None;
        }
        let value = slot.value.take()?;
        chunk.used -= 1;
        slot.generation = slot.generation.wrapping_add(1);
        // One that has had every generation is not used again: an old key must never fit.
        if slot.generation != 0 {
            slot.next = chunk.free;
            if chunk.free == NONE {
                self.open.push(index as u32);
            }
            chunk.free = at as u32;
        }
        Some(value)
    }

    /// Whether there have ever been more entries at once than a chunk has slots.
    #[inline]
    pub(super) fn is_large(&self) -> bool {
        self.chunks.len() > 1
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flat_map(|chunk| &chunk.slots).filter_map(|slot| slot.value.as_ref())
    }

    /// Gives the memory of empty chunks back.
    pub(super) fn trim(&mut self) {
        for chunk in &mut self.chunks {
            let last = chunk.slots.iter().map(|slot| slot.generation).max();
            // A chunk that has used a slot up keeps its slots, and so the knowledge of it.
            if chunk.used == 0
                && let Some(last) = last
                && last < u32::MAX / 2
                && chunk.slots.iter().all(|slot| slot.generation != 0)
            {
                *chunk = Chunk { slots: Vec::new(), free: NONE, used: 0, generation: last };
            }
        }
        let has_slots = |index: &u32| !self.chunks[*index as usize].slots.is_empty();
        self.open.retain(has_slots);
        self.open.shrink_to_fit();
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
                    prop_assert!(register.chunks.iter().all(|chunk| chunk.slots.is_empty()));
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
        register.chunks[0].slots[first.index() as usize].generation = u32::MAX;
        let last = register.insert(|_| 1);
        assert_eq!(last, TaskKey::new(first.index(), u32::MAX));
        register.remove(last);
        register.trim();
        assert!((0..2 * CHUNK).all(|_| register.insert(|_| 2).index() != first.index()));
        assert_eq!(register.get(first), None);
    }
}
