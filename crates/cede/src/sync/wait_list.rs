//! The line of those who wait, in the order in which they came.
//!
//! ```text
//!    first                                   last
//!      │                                       │
//!      ▼                                       ▼
//!   ┌───────┐ ◄─► ┌─────────┐ ◄─► ┌───┐ ◄─► ┌───────┐
//!   │ waits │     │cancelled│     │ … │     │ waits │
//!   └───────┘     └─────────┘     └───┘     └───────┘
//! ```
//!
//! Wakes go in order. Whoever is woken, or found cancelled by a wake that looks for the next, is out of the line
//! at once, but has not *left* before its task runs, and until then it counts for those who ask. Whoever is
//! cancelled where it stands steps out when its task runs.
//!
//! asyncio keeps a `deque` instead: there a removal walks over all that stand before. Here a waiter carries the
//! links to its neighbours itself, so each of the operations is O(1), the search for the next amortised, and
//! standing in line needs no memory.

use std::rc::Rc;

use crate::outcome::Outcome;
use crate::waiter::Waiter;

#[derive(Default)]
pub(super) struct WaitList {
    first: Option<Rc<Waiter>>,
    last: Option<Rc<Waiter>>,
    /// How many have not left.
    len: usize,
    /// How many of those were woken.
    woken: usize,
    /// How many of those were found cancelled.
    cancelled: usize,
}

impl WaitList {
    pub(super) const fn new() -> Self {
        WaitList { first: None, last: None, len: 0, woken: 0, cancelled: 0 }
    }

    /// Puts a waiter at the end. It stands in no other line.
    #[inline]
    pub(super) fn push(&mut self, waiter: Rc<Waiter>) {
        match self.last.replace(waiter.clone()) {
            Some(last) => {
                last.role.after.set(Some(waiter.clone()));
                waiter.role.before.set(Some(last));
            }
            None => self.first = Some(waiter),
        }
        self.len += 1;
    }

    /// A waiter that was put here leaves, wherever it stands, if it still does.
    #[inline]
    pub(super) fn leave(&mut self, waiter: &Rc<Waiter>) {
        self.len -= 1;
        match waiter.outcome() {
            Outcome::Finished => self.woken -= 1, // whoever woke it has taken it out
            _ => self.step_out(waiter),
        }
    }

    /// It was not woken.
    #[inline(never)]
    fn step_out(&mut self, waiter: &Rc<Waiter>) {
        let before = waiter.role.before.take();
        if before.is_some() || self.first.as_ref().is_some_and(|first| Rc::ptr_eq(first, waiter)) {
            let after = waiter.role.after.take();
            match &before {
                Some(before) => before.role.after.set(after.clone()),
                None => self.first = after.clone(),
            }
            match &after {
                Some(after) => after.role.before.set(before),
                None => self.last = before,
            }
        } else {
            self.cancelled -= 1;
        }
    }

    /// Takes the first that still waits. It is woken now, and counts as that until it leaves.
    #[inline]
    pub(super) fn take_next(&mut self) -> Option<Rc<Waiter>> {
        loop {
            let first = self.pop()?;
            if !first.done() {
                self.woken += 1;
                return Some(first);
            }
            self.cancelled += 1;
        }
    }

    /// The same, but not where somebody who was woken or found cancelled has not left yet, or who is first is
    /// cancelled.
    pub(super) fn take_head(&mut self) -> Option<Rc<Waiter>> {
        let somebody_passed = self.woken + self.cancelled > 0;
        if somebody_passed || self.first.as_ref()?.done() { None } else { self.take_next() }
    }

    /// Whether nobody stands in line.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Whether anybody waits, or was woken and has not left yet.
    pub(super) fn occupied(&mut self) -> bool {
        if self.woken == 0 {
            self.skip();
        }
        self.woken > 0 || self.first.is_some()
    }

    /// How many have not left.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// How many stand in line.
    pub(super) fn waiting(&self) -> usize {
        self.len - self.woken - self.cancelled
    }

    /// Takes the cancelled out who stand before the first that waits.
    fn skip(&mut self) {
        while self.first.as_ref().is_some_and(|first| first.done()) {
            self.pop();
            self.cancelled += 1;
        }
    }

    #[inline]
    fn pop(&mut self) -> Option<Rc<Waiter>> {
        let first = self.first.take()?;
        self.first = first.role.after.take();
        match &self.first {
            Some(now_first) => now_first.role.before.set(None),
            None => self.last = None,
        }
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::schedule::Schedule;
    use crate::waiter::What;

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

    /// As CPython has it: a list that is walked over.
    fn next_of(model: &[Rc<Waiter>]) -> Option<Rc<Waiter>> {
        model.iter().find(|waiter| !waiter.done()).cloned()
    }

    fn woken(taken: Option<Rc<Waiter>>) -> Option<*const Waiter> {
        taken.map(|waiter| {
            assert!(waiter.set(Outcome::Finished), "only who waits is taken");
            Rc::as_ptr(&waiter)
        })
    }

    fn address(waiter: Option<Rc<Waiter>>) -> Option<*const Waiter> {
        waiter.as_ref().map(Rc::as_ptr)
    }

    proptest! {
        #[test]
        fn the_line_does_what_a_walk_over_a_deque_does(ops in prop::collection::vec(op(), 0..200)) {
            let schedule = Schedule::new(false);
            let (mut list, mut model) = (WaitList::new(), Vec::<Rc<Waiter>>::new());
            for op in ops {
                let live = model.len().max(1);
                match op {
                    Op::Push => {
                        let waiter = Waiter::new(schedule.clone(), What::PROMISE);
                        list.push(waiter.clone());
                        model.push(waiter);
                    }
                    Op::Cancel(at) => {
                        if let Some(waiter) = model.get(at % live) {
                            waiter.set(Outcome::Cancelled); // which one that was woken does not take
                        }
                    }
                    Op::Leave(at) => {
                        if at % live < model.len() {
                            let waiter = model.remove(at % live);
                            list.leave(&waiter);
                            prop_assert_eq!(Rc::strong_count(&waiter), 1, "nobody in line knows it any more");
                        }
                    }
                    Op::TakeNext => {
                        let expected = address(next_of(&model));
                        prop_assert_eq!(woken(list.take_next()), expected);
                    }
                    Op::TakeHead => {
                        let expected = model.first().filter(|first| !first.done()).map(Rc::as_ptr);
                        let taken = woken(list.take_head());
                        prop_assert_eq!(taken, expected);
                    }
                    Op::AskOccupied => {
                        let expected = model.iter().any(|waiter| waiter.outcome() != Outcome::Cancelled);
                        prop_assert_eq!(list.occupied(), expected);
                    }
                }
                prop_assert_eq!(list.len(), model.len());
                let waiting = model.iter().filter(|waiter| !waiter.done()).count();
                let not_woken = model.iter().filter(|waiter| waiter.outcome() != Outcome::Finished).count();
                prop_assert!((waiting..=not_woken).contains(&list.waiting()));
            }
        }
    }
}
