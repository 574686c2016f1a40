//! The list of those who wait, in the order in which they came.
//!
//! ```text
//!            head                          next                        tail
//!             │                             │                           │
//!             ▼                             ▼                           ▼
//!           ┌───┐ ◄─► ┌─────────┐ ◄─► ┌───────────┐ ◄─► ┌─────────┐ ◄─► ┌───┐
//!           │woken│   │cancelled│     │ may wait  │     │cancelled│     │ … │
//!           └───┘     └─────────┘     └───────────┘     └─────────┘     └───┘
//!             passed: told, or found cancelled      not looked at yet
//! ```
//!
//! The invariant: wakes go in order, so everything before `next` has been woken or found cancelled, and
//! nothing from `next` on has been woken. A waiter leaves by its key, from any place, when its task runs.
//! asyncio keeps a `deque` instead: there a search for the first that still waits, and a removal, walk over
//! all that stand before. Here `next` passes each waiter once and a removal follows two links, so each of
//! the operations is O(1), the search amortised.

use slotmap::{SlotMap, new_key_type};

new_key_type! {
    /// A place in the list and its generation: once its waiter has left, it finds nothing.
    pub(super) struct WaiterKey;
}

pub(super) struct WaitList<W> {
    nodes: SlotMap<WaiterKey, Node<W>>,
    head: WaiterKey,
    tail: WaiterKey,
    /// The first that has not been passed; null when all have.
    next: WaiterKey,
    /// How many have been passed and have not left.
    passed: usize,
    /// How many of those were woken.
    woken: usize,
}

struct Node<W> {
    waiter: W,
    before: WaiterKey,
    after: WaiterKey,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// At `next` or behind it.
    Waits,
    /// Before `next`: it was told to go on.
    Woken,
    /// Before `next`: it was found cancelled.
    Cancelled,
}

/// Room for more than this is given back when the last waiter leaves.
const KEEP: usize = 64;

impl<W> WaitList<W> {
    pub(super) fn new() -> Self {
        let null = WaiterKey::default();
        WaitList { nodes: SlotMap::with_key(), head: null, tail: null, next: null, passed: 0, woken: 0 }
    }

    /// Appends a waiter.
    pub(super) fn push(&mut self, waiter: W) -> WaiterKey {
        let before = self.tail;
        let node = Node { waiter, before, after: WaiterKey::default(), stage: Stage::Waits };
        let key = self.nodes.insert(node);
        match self.nodes.get_mut(before) {
            Some(last) => last.after = key,
            None => self.head = key,
        }
        self.tail = key;
        if !self.nodes.contains_key(self.next) {
            self.next = key;
        }
        key
    }

    /// Takes a waiter out.
    pub(super) fn remove(&mut self, key: WaiterKey) -> Option<W> {
        let Node { waiter, before, after, stage } = self.nodes.remove(key)?;
        match self.nodes.get_mut(before) {
            Some(node) => node.after = after,
            None => self.head = after,
        }
        match self.nodes.get_mut(after) {
            Some(node) => node.before = before,
            None => self.tail = before,
        }
        if self.next == key {
            self.next = after;
        }
        self.passed -= usize::from(stage != Stage::Waits);
        self.woken -= usize::from(stage == Stage::Woken);
        if self.nodes.is_empty() && self.nodes.capacity() > KEEP {
            *self = WaitList::new();
        }
        Some(waiter)
    }

    /// The first that still waits: it counts as woken from now on.
    pub(super) fn take_next(&mut self, cancelled: impl Fn(&W) -> bool) -> Option<&W> {
        self.skip(cancelled);
        let key = self.next;
        self.pass(Stage::Woken);
        self.nodes.get(key).map(|node| &node.waiter)
    }

    /// The first of all, if it still waits: it counts as woken from now on.
    pub(super) fn take_head(&mut self, cancelled: impl Fn(&W) -> bool) -> Option<&W> {
        let head = self.head;
        if self.next != head || self.nodes.get(head).is_none_or(|node| cancelled(&node.waiter)) {
            return None;
        }
        self.pass(Stage::Woken);
        self.nodes.get(head).map(|node| &node.waiter)
    }

    /// Whether anybody waits, or was woken and has not left yet.
    pub(super) fn occupied(&mut self, cancelled: impl Fn(&W) -> bool) -> bool {
        if self.woken == 0 {
            self.skip(cancelled);
        }
        self.woken > 0 || self.nodes.contains_key(self.next)
    }

    /// How many have not left.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// How many have not left and were not passed.
    pub(super) fn waiting(&self) -> usize {
        self.nodes.len() - self.passed
    }

    /// Passes those that were cancelled.
    fn skip(&mut self, cancelled: impl Fn(&W) -> bool) {
        while self.nodes.get(self.next).is_some_and(|node| cancelled(&node.waiter)) {
            self.pass(Stage::Cancelled);
        }
    }

    fn pass(&mut self, stage: Stage) {
        if let Some(node) = self.nodes.get_mut(self.next) {
            node.stage = stage;
            self.next = node.after;
            self.passed += 1;
            self.woken += usize::from(stage == Stage::Woken);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Op {
        Push,
        /// Of the n-th that has not left, modulo their number.
        Cancel(usize),
        Leave(usize),
        TakeNext,
        TakeHead,
        AskOccupied,
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            4 => Just(Op::Push),
            2 => any::<usize>().prop_map(Op::Cancel),
            3 => any::<usize>().prop_map(Op::Leave),
            3 => Just(Op::TakeNext),
            1 => Just(Op::TakeHead),
            1 => Just(Op::AskOccupied),
        ]
    }

    #[derive(Clone)]
    struct Waiter {
        number: usize,
        cancelled: Rc<Cell<bool>>,
    }

    /// As CPython has it: a list that is walked over.
    #[derive(Clone)]
    struct Modelled {
        waiter: Waiter,
        woken: bool,
        key: WaiterKey,
    }

    impl Modelled {
        fn done(&self) -> bool {
            self.woken || self.waiter.cancelled.get()
        }
    }

    fn cancelled(waiter: &Waiter) -> bool {
        waiter.cancelled.get()
    }

    proptest! {
        #[test]
        fn the_list_does_what_a_walk_over_a_deque_does(ops in prop::collection::vec(op(), 0..200)) {
            let (mut list, mut model) = (WaitList::new(), Vec::<Modelled>::new());
            let mut left = Vec::new();
            for (number, op) in ops.into_iter().enumerate() {
                let live = model.len().max(1);
                match op {
                    Op::Push => {
                        let waiter = Waiter { number, cancelled: Rc::default() };
                        let key = list.push(waiter.clone());
                        model.push(Modelled { waiter, woken: false, key });
                    }
                    Op::Cancel(at) => {
                        // One that is woken is not cancelled any more: its promise has a result.
                        if let Some(entry) = model.get(at % live) && !entry.woken {
                            entry.waiter.cancelled.set(true);
                        }
                    }
                    Op::Leave(at) => {
                        if at % live < model.len() {
                            let entry = model.remove(at % live);
                            let removed = list.remove(entry.key).map(|waiter| waiter.number);
                            prop_assert_eq!(removed, Some(entry.waiter.number));
                            left.push(entry.key);
                        }
                    }
                    Op::TakeNext => {
                        let expected = model.iter_mut().find(|entry| !entry.done()).map(|entry| {
                            entry.woken = true;
                            entry.waiter.number
                        });
                        prop_assert_eq!(list.take_next(cancelled).map(|waiter| waiter.number), expected);
                    }
                    Op::TakeHead => {
                        let expected = model.first_mut().filter(|entry| !entry.done()).map(|entry| {
                            entry.woken = true;
                            entry.waiter.number
                        });
                        prop_assert_eq!(list.take_head(cancelled).map(|waiter| waiter.number), expected);
                    }
                    Op::AskOccupied => {
                        let expected = model.iter().any(|entry| !entry.waiter.cancelled.get());
                        prop_assert_eq!(list.occupied(cancelled), expected);
                    }
                }
                prop_assert_eq!(list.len(), model.len());
                let woken_or_waiting = model.iter().filter(|entry| !entry.done()).count();
                prop_assert!(list.waiting() >= woken_or_waiting);
            }
            for key in left {
                prop_assert!(list.remove(key).is_none(), "a key whose waiter has left finds nothing");
            }
        }
    }

    #[test]
    fn room_for_many_is_given_back_when_the_last_one_leaves() {
        let mut list = WaitList::new();
        let keys: Vec<_> = (0..1_000).map(|number| list.push(number)).collect();
        let room = list.nodes.capacity();
        for key in keys {
            list.remove(key);
        }
        assert!(room >= 1_000 && list.nodes.capacity() <= KEEP, "{room}, then {}", list.nodes.capacity());
    }
}
