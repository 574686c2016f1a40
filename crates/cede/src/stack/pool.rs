//! The pool: stacks that wait to be used again, last in, first out, a list a thread and size.

use std::cell::RefCell;
use std::num::NonZeroUsize;

use corosensei::stack::{Stack, StackPointer};

use super::head::root_at;
use super::label::Label;
use super::reservation::{Reservation, Slot, label_of};
use super::settings::{CLASSES, StackError};
use super::worker::Root;
use super::{altstack, count_stack};

thread_local! {
    static POOL: RefCell<Pool> = const { RefCell::new(Pool { free: [const { Vec::new() }; CLASSES] }) };
}

struct Pool {
    free: [Vec<Slot>; CLASSES],
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let Ok(reservation) = Reservation::global() {
            reservation.give_back(self.free.iter_mut().flat_map(std::mem::take));
        }
    }
}

/// A stack on loan: given back when dropped. Belongs to the thread that took it.
#[derive(Debug)]
pub(crate) struct PooledStack {
    slot: Slot,
}

impl PooledStack {
    /// Where this stack says who runs on it.
    #[inline]
    pub(crate) fn label(&self) -> &Label {
        // SAFETY: the label was written when the slot was made, the slot is ours while we live, and the
        // mapping outlives the process's last stack.
        unsafe { &*label_of(&self.slot) }
    }
}

impl PooledStack {
    /// Where the root of a worker on this stack lies.
    pub(super) fn root(&self) -> *mut Root {
        root_at(self.slot.base.get())
    }

    #[cfg(test)]
    pub(super) fn top(&self) -> usize {
        self.slot.top()
    }

    /// The lowest address that is not guard.
    pub(crate) fn usable_from(&self) -> usize {
        self.slot.usable_from()
    }

    /// From there to its top.
    pub(crate) fn size(&self) -> usize {
        super::settings::size_of_class(self.slot.class)
    }
}

/// A stack of this class, the warmest there is.
///
/// # Errors
/// At every limit; see [`StackError`].
pub(crate) fn take(class: u8) -> Result<PooledStack, StackError> {
    count_stack();
    let pooled = POOL.try_with(|pool| pool.borrow_mut().free[usize::from(class)].pop()).ok().flatten();
    let slot = match pooled {
        Some(slot) => slot,
        None => take_new(class)?,
    };
    Ok(PooledStack { slot })
}

#[cold]
fn take_new(class: u8) -> Result<Slot, StackError> {
    let reservation = Reservation::global()?;
    altstack::protect_this_thread();
    let mut spare = Vec::new();
    let slot = reservation.carve(class, &mut spare)?;
    if let Err(spare) = keep(class, spare) {
        reservation.give_back(spare);
    }
    Ok(slot)
}

/// Into this thread's pool; given back when the thread is past having one.
fn keep(class: u8, slots: Vec<Slot>) -> Result<(), Vec<Slot>> {
    let mut slots = Some(slots);
    let kept = POOL.try_with(|pool| {
        pool.borrow_mut().free[usize::from(class)].extend(slots.take().into_iter().flatten());
    });
    kept.map_err(|_| slots.unwrap_or_default())
}

/// Takes all of this thread's free stacks out of its pool.
pub(super) fn all_free() -> Vec<Slot> {
    let taken = POOL.try_with(|pool| {
        let mut pool = pool.borrow_mut();
        pool.free.iter_mut().flat_map(std::mem::take).collect()
    });
    taken.unwrap_or_default()
}

impl Drop for PooledStack {
    fn drop(&mut self) {
        self.label().set_idle();
        let slot = self.slot;
        let kept = POOL.try_with(|pool| pool.borrow_mut().free[usize::from(slot.class)].push(slot));
        if kept.is_err()
            && let Ok(reservation) = Reservation::global()
        {
            reservation.give_back([slot]);
        }
    }
}

// SAFETY: a slot has a guard below it and at least 16 KiB above, both ours alone until we are dropped;
// base and limit are aligned, for slots begin and end on pages, and label and colour are multiples of 16.
unsafe impl Stack for PooledStack {
    #[inline]
    fn base(&self) -> StackPointer {
        self.slot.base
    }

    #[inline]
    fn limit(&self) -> StackPointer {
        NonZeroUsize::new(self.slot.low).expect("no stack lies at address 0")
    }
}

/// What this thread's pool holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pooled {
    /// Stacks that wait to be used again.
    pub stacks: usize,
}

/// What this thread's pool holds.
pub fn pooled() -> Pooled {
    let stacks = POOL.try_with(|pool| pool.borrow().free.iter().map(Vec::len).sum()).unwrap_or(0);
    Pooled { stacks }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Op {
        Take(u8),
        /// Gives the n-th of those on loan back, modulo their number.
        Give(usize),
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![3 => (0_u8..5).prop_map(Op::Take), 2 => any::<usize>().prop_map(Op::Give)]
    }

    proptest! {
        /// Whatever other tests take and give on their threads.
        #[test]
        fn stacks_on_loan_are_apart_and_the_one_given_back_last_comes_first(
            ops in prop::collection::vec(op(), 0..80)
        ) {
            let checked = std::thread::spawn(move || -> Result<(), TestCaseError> {
                let mut on_loan: Vec<PooledStack> = Vec::new();
                let mut given_back: [Vec<Slot>; CLASSES] = Default::default();
                for op in ops {
                    match op {
                        Op::Take(class) => {
                            let taken = take(class).expect("there is room");
                            if let Some(expected) = given_back[usize::from(class)].pop() {
                                prop_assert_eq!(taken.slot, expected);
                            }
                            let Slot { low, base, class: its, .. } = taken.slot;
                            prop_assert_eq!(its, class);
                            prop_assert!(base.get() - low > super::super::settings::size_of_class(class));
                            for other in &on_loan {
                                prop_assert!(taken.slot.top() <= other.slot.low || other.slot.top() <= low);
                            }
                            let reservation = Reservation::global().expect("it is made");
                            prop_assert_eq!(reservation.guard_hit(low), Some(taken.slot));
                            prop_assert_eq!(reservation.guard_hit(taken.usable_from()), None);
                            on_loan.push(taken);
                        }
                        Op::Give(nth) if !on_loan.is_empty() => {
                            let stack = on_loan.swap_remove(nth % on_loan.len());
                            given_back[usize::from(stack.slot.class)].push(stack.slot);
                            drop(stack);
                        }
                        Op::Give(_) => {}
                    }
                    let waiting: usize = given_back.iter().map(Vec::len).sum();
                    prop_assert!(pooled().stacks >= waiting, "spare ones besides");
                }
                Ok(())
            });
            checked.join().expect("it does not panic")?;
        }
    }

    #[test]
    fn the_stack_given_back_last_is_handed_out_first() {
        let (a, b) = (take(0).unwrap(), take(0).unwrap());
        let (first, second) = (a.slot, b.slot);
        assert_ne!(first, second);
        drop(a);
        drop(b);
        let again = (take(0).unwrap(), take(0).unwrap());
        assert_eq!((again.0.slot, again.1.slot), (second, first));
    }

    #[test]
    fn a_thread_that_ends_gives_its_stacks_to_others() {
        let class = 6; // no other test here uses it
        let slots = std::thread::spawn(move || (0..3).map(|_| take(class).unwrap().slot).collect::<Vec<_>>())
            .join()
            .unwrap();
        let mine = take(class).unwrap();
        assert_eq!(mine.slot.top() - mine.slot.low, slots[0].top() - slots[0].low);
        let region = |slot: &Slot| slot.low & !((64 << 20) - 1);
        assert!(slots.iter().any(|slot| region(slot) == region(&mine.slot)));
    }
}
