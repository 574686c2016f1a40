//! Timers: callbacks that become ready at a time.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::clock::Nanos;
use super::heap::Heap;
use crate::callback::{HandleCell, TimerPlace};

/// Pending callbacks by deadline. Equal deadlines fire in the order in which they were made; asyncio leaves
/// that to its heap.
///
/// A timer that is cancelled is taken out at once. (asyncio leaves it in until it is met, or half of a
/// hundred are cancelled; nobody can tell.)
#[derive(Default)]
pub(crate) struct Timers {
    pending: RefCell<Pending>,
    made: Cell<u64>,
}

#[derive(Default)]
struct Pending {
    /// By deadline; the number orders equal ones.
    heap: Heap<(Nanos, u64)>,
    /// By place in the heap.
    handles: Vec<Option<Rc<HandleCell>>>,
}

impl Timers {
    pub(crate) fn add(&self, when: Nanos, handle: Rc<HandleCell>) {
        let number = self.made.get();
        self.made.set(number + 1);
        let mut pending = self.pending.borrow_mut();
        let Pending { heap, handles } = &mut *pending;
        let place = heap.push((when, number));
        handle.timer.set(Some(place));
        let index = place.index();
        if handles.len() <= index {
            handles.resize(index + 1, None);
        }
        handles[index] = Some(handle);
    }

    /// Takes a timer out that was cancelled, if it has not fired.
    pub(crate) fn remove(&self, handle: &HandleCell) {
        let Some(place) = handle.timer.take() else { return };
        let removed = {
            let mut pending = self.pending.borrow_mut();
            pending.heap.remove(place);
            pending.handles[place.index()].take()
        };
        drop(removed); // outside the borrow
    }

    /// The next deadline.
    #[inline]
    pub(crate) fn next(&self) -> Option<Nanos> {
        Some(self.pending.borrow().heap.first()?.0)
    }

    /// The next timer that is due.
    pub(crate) fn pop_due(&self, now: Nanos) -> Option<Rc<HandleCell>> {
        let mut pending = self.pending.borrow_mut();
        if pending.heap.first()?.0 > now {
            return None;
        }
        let (_, place) = pending.heap.pop()?;
        let handle = pending.handles[place.index()].take()?;
        handle.timer.set(None);
        Some(handle)
    }

    /// All of them, in the order in which they will fire.
    pub(crate) fn pending(&self) -> Vec<(Nanos, Rc<HandleCell>)> {
        let pending = self.pending.borrow();
        let mut entries: Vec<_> = pending.heap.iter().collect();
        entries.sort_unstable_by_key(|(key, _)| *key);
        let handle = |place: TimerPlace| pending.handles[place.index()].clone();
        entries.into_iter().filter_map(|((when, _), place)| Some((when, handle(place)?))).collect()
    }

    pub(crate) fn clear(&self) {
        let all = self.pending.take();
        for handle in all.handles.iter().flatten() {
            handle.timer.set(None);
        }
        drop(all); // outside the borrow: captures' destructors are user code
    }

    /// Gives memory back that is not needed now.
    pub(crate) fn trim(&self) {
        let mut pending = self.pending.borrow_mut();
        if pending.heap.first().is_none() {
            *pending = Pending::default();
        }
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
    fn a_cancelled_timer_leaves_nothing_behind() {
        let timers = Timers::default();
        let made: Vec<_> = (0..102).map(|when| timer(&timers, when)).collect();
        for handle in &made[1..] {
            assert!(handle.cancel());
            timers.remove(handle);
            assert_eq!(Rc::strong_count(handle), 1);
        }
        assert_eq!(timers.pending().len(), 1);
        assert_eq!(timers.next(), Some(0));
        assert!(timers.pop_due(0).is_some_and(|handle| Rc::ptr_eq(&handle, &made[0])));
        timers.remove(&made[0]); // it has fired: nothing to take out
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn a_timer_that_is_cancelled_before_the_others_fire_changes_nothing_for_them() {
        let timers = Timers::default();
        let made: Vec<_> = [4, 2, 6, 2].into_iter().map(|when| timer(&timers, when)).collect();
        timers.remove(&made[1]);
        let deadlines: Vec<_> = timers.pending().into_iter().map(|(when, _)| when).collect();
        assert_eq!(deadlines, [2, 4, 6]);
    }
}
