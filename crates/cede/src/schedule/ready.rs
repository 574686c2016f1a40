//! The ready queue itself: a ring of callbacks.
//!
//! ```text
//!            head                 tail
//!             ▼                     ▼
//!   │   │   │ T3 │ f │ T1 │ T7 │ T2 │   │   │      a power of two of them; both counts only grow, and
//!                                                   a count's place is what is left of it under the mask
//! ```
//!
//! Every step of every task goes through it, so it is as much as that needs and no more: a callback is moved in,
//! moved out, or, if it is a step, its key is read. Nobody gets a reference into it, so there is nothing to borrow.

#![allow(unsafe_code)] // the room for the queue's memory; see docs/architecture.md

use std::cell::Cell;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr::{self, NonNull};

use crate::callback::{Callback, TaskKey};

/// The room that the first callback makes.
const FIRST: usize = 64;

/// Those between `head` and `tail` hold a callback, and no others; none of these methods runs code of others while
/// that is not so.
pub(super) struct Ready {
    slots: Cell<NonNull<MaybeUninit<Callback>>>,
    /// How many there are: 0, or a power of two.
    room: Cell<usize>,
    head: Cell<usize>,
    tail: Cell<usize>,
    owns: PhantomData<Callback>,
}

impl Default for Ready {
    fn default() -> Self {
        Ready {
            slots: Cell::new(NonNull::dangling()),
            room: Cell::new(0),
            head: Cell::new(0),
            tail: Cell::new(0),
            owns: PhantomData,
        }
    }
}

impl Ready {
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.tail.get().wrapping_sub(self.head.get())
    }

    pub(super) fn room(&self) -> usize {
        self.room.get()
    }

    /// Where the callback with this count lies, or is to lie.
    #[inline(always)]
    fn slot(&self, count: usize) -> NonNull<Callback> {
        let index = count & self.room.get().wrapping_sub(1);
        // SAFETY: there is room whenever one is asked for, so the index is less than that.
        unsafe { self.slots.get().add(index).cast() }
    }

    #[inline(always)]
    pub(super) fn push_back(&self, callback: Callback) {
        if self.len() == self.room.get() {
            self.move_to((2 * self.room.get()).max(FIRST));
        }
        let tail = self.tail.get();
        // SAFETY: there is room, so the slot behind the last callback holds none.
        unsafe { self.slot(tail).write(callback) };
        self.tail.set(tail.wrapping_add(1));
    }

    #[inline(always)]
    pub(super) fn pop_front(&self) -> Option<Callback> {
        let head = self.head.get();
        if head == self.tail.get() {
            return None;
        }
        self.head.set(head.wrapping_add(1));
        // SAFETY: it held one, which is ours now.
        Some(unsafe { self.slot(head).read() })
    }

    /// Puts back what was popped.
    pub(super) fn push_front(&self, callback: Callback) {
        if self.len() == self.room.get() {
            self.move_to((2 * self.room.get()).max(FIRST));
        }
        let head = self.head.get().wrapping_sub(1);
        // SAFETY: there is room, so the slot before the first callback holds none.
        unsafe { self.slot(head).write(callback) };
        self.head.set(head);
    }

    /// The task that the first callback steps, if there is one and that is what it does.
    #[inline(always)]
    pub(super) fn first_step(&self) -> Option<TaskKey> {
        self.step_at(0)
    }

    /// The same of one further behind.
    #[inline(always)]
    pub(super) fn step_at(&self, place: usize) -> Option<TaskKey> {
        if place >= self.len() {
            return None;
        }
        // SAFETY: it holds one, and whoever looks at it leaves it where it is.
        match unsafe { self.slot(self.head.get().wrapping_add(place)).as_ref() } {
            Callback::Step(key) => Some(*key),
            _ => None,
        }
    }

    /// Takes out the first; it was a step, of which nothing has to be dropped.
    #[inline(always)]
    pub(super) fn drop_step(&self) {
        debug_assert!(self.first_step().is_some());
        self.head.set(self.head.get().wrapping_add(1));
    }

    /// Has no more room than what is there needs.
    pub(super) fn shrink(&self) {
        let room = match self.len() {
            0 => 0,
            len => len.next_power_of_two(),
        };
        if room < self.room.get() {
            self.move_to(room);
        }
    }

    /// Moves to a ring of so many slots, which are enough.
    #[cold]
    #[inline(never)]
    fn move_to(&self, room: usize) {
        let len = self.len();
        let slots = Box::<[Callback]>::new_uninit_slice(room);
        // SAFETY: a box's pointer is not null.
        let slots = unsafe { NonNull::new_unchecked(Box::into_raw(slots).cast()) };
        for place in 0..len {
            let from = self.slot(self.head.get().wrapping_add(place)).cast();
            // SAFETY: there are at least `len` slots.
            let to = unsafe { slots.add(place) };
            // SAFETY: the one holds a callback, which nobody looks for there any more; the other is fresh.
            unsafe { ptr::copy_nonoverlapping(from.as_ptr(), to.as_ptr(), 1) };
        }
        self.free();
        self.slots.set(slots);
        self.room.set(room);
        self.head.set(0);
        self.tail.set(len);
    }

    /// Gives the slots back, which hold nothing that would have to be dropped.
    fn free(&self) {
        let slots = ptr::slice_from_raw_parts_mut(self.slots.get().as_ptr(), self.room.get());
        // SAFETY: `move_to` had them from a box of as many; before it, none are a box of none.
        drop(unsafe { Box::from_raw(slots) });
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        while self.pop_front().is_some() {}
        self.free();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::panic::Location;
    use std::rc::Rc;

    use proptest::prelude::*;

    use super::*;
    use crate::callback::HandleCell;

    #[derive(Clone, Debug)]
    enum Op {
        Step(u32),
        Function,
        Pop,
        PutBack,
        DropStep,
        Shrink,
    }

    /// What the model holds: a step's key, or the only function's number.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Held {
        Step(TaskKey),
        Function,
    }

    fn held(callback: &Callback) -> Held {
        match callback {
            Callback::Step(key) => Held::Step(*key),
            _ => Held::Function,
        }
    }

    fn ops() -> impl Strategy<Value = Vec<Op>> {
        let op = prop_oneof![
            6 => any::<u32>().prop_map(Op::Step),
            2 => Just(Op::Function),
            3 => Just(Op::Pop),
            1 => Just(Op::PutBack),
            2 => Just(Op::DropStep),
            1 => Just(Op::Shrink),
        ];
        proptest::collection::vec(op, 0..600)
    }

    proptest! {
        #[test]
        fn is_a_queue_that_loses_nothing_and_leaks_nothing(ops in ops()) {
            let ready = Ready::default();
            let mut model = VecDeque::new();
            let cell = HandleCell::new(Box::new(|| ()), Location::caller());
            for op in ops {
                match op {
                    Op::Step(index) => {
                        let key = TaskKey::new(index, 1);
                        ready.push_back(Callback::Step(key));
                        model.push_back(Held::Step(key));
                    }
                    Op::Function => {
                        ready.push_back(Callback::Function(cell.clone()));
                        model.push_back(Held::Function);
                    }
                    Op::Pop => prop_assert_eq!(ready.pop_front().as_ref().map(held), model.pop_front()),
                    Op::PutBack => {
                        if let Some(callback) = ready.pop_front() {
                            prop_assert_eq!(Some(held(&callback)), model.front().copied());
                            ready.push_front(callback);
                        }
                    }
                    Op::DropStep => {
                        if ready.first_step().is_some() {
                            ready.drop_step();
                            model.pop_front();
                        }
                    }
                    Op::Shrink => {
                        ready.shrink();
                        prop_assert!(ready.room() < 2 * ready.len().max(1));
                    }
                }
                prop_assert_eq!(ready.len(), model.len());
                let functions = model.iter().filter(|held| **held == Held::Function).count();
                prop_assert_eq!(Rc::strong_count(&cell), 1 + functions);
                let steps = (0..=model.len()).map(|place| ready.step_at(place));
                let expected = (0..=model.len()).map(|place| match model.get(place) {
                    Some(Held::Step(key)) => Some(*key),
                    _ => None,
                });
                prop_assert!(steps.eq(expected));
            }
            drop(ready);
            prop_assert_eq!(Rc::strong_count(&cell), 1);
        }
    }
}
