//! Timers: callbacks that become ready at a time.

use std::cell::{Cell, RefCell};

use super::clock::Nanos;
use super::heap::Heap;
use crate::callback::{Call, TimerPlace};

/// So many timers are served in batches.
const MANY: usize = 1_000;
/// Nanoseconds between two batches: a fifth of the millisecond that asyncio's own sleep is rounded up to.
const PAUSE: Nanos = 200_000;

/// Pending callbacks by deadline. Equal deadlines fire in the order in which they were made; asyncio leaves
/// that to its heap.
///
/// A timer that is cancelled is taken out at once. (asyncio leaves it in until it is met, or half of a
/// hundred are cancelled; nobody can tell.)
#[derive(Default)]
pub(crate) struct Timers {
    pending: RefCell<Pending>,
    made: Cell<u64>,
    /// When one last fired.
    fired: Cell<Nanos>,
}

#[derive(Default)]
struct Pending {
    /// By deadline; the number orders equal ones.
    heap: Heap<(Nanos, u64)>,
    /// By place in the heap.
    calls: Vec<Option<Call>>,
}

impl Timers {
    pub(crate) fn add(&self, when: Nanos, call: Call) {
        let number = self.made.get();
        self.made.set(number + 1);
        let mut pending = self.pending.borrow_mut();
        let Pending { heap, calls } = &mut *pending;
        let place = heap.push((when, number));
        call.timer().place.set(Some(place));
        let index = place.index();
        if calls.len() <= index {
            calls.resize(index + 1, None);
        }
        calls[index] = Some(call);
    }

    /// Takes a timer out that was cancelled, if it has not fired.
    pub(crate) fn remove(&self, call: &Call) {
        let Some(place) = call.timer().place.take() else { return };
        let removed = {
            let mut pending = self.pending.borrow_mut();
            pending.heap.remove(place);
            pending.calls[place.index()].take()
        };
        drop(removed); // outside the borrow
    }

    /// The next deadline.
    #[inline]
    pub(crate) fn next(&self) -> Option<Nanos> {
        let ((when, _), _) = self.pending.borrow().heap.first()?;
        Some(when)
    }

    /// When a loop that sleeps should wake for this deadline, its next.
    ///
    /// Among [`MANY`] timers it is seldom alone, and to wake costs as much as to serve several: so they are served
    /// in batches, no more often than every [`PAUSE`].
    pub(crate) fn wake_at(&self, when: Nanos) -> Nanos {
        let many = self.pending.borrow().heap.len() >= MANY;
        if many { when.max(self.fired.get() + PAUSE) } else { when }
    }

    /// The next timer that is due.
    pub(crate) fn pop_due(&self, now: Nanos) -> Option<Call> {
        let mut pending = self.pending.borrow_mut();
        let Pending { heap, calls } = &mut *pending;
        let ((when, _), place) = heap.first()?;
        if when > now {
            return None;
        }
        let call = calls[place.index()].take()?;
        call.fetch(); // it comes while the heap mends itself
        heap.remove(place);
        call.timer().place.set(None);
        self.fired.set(now);
        Some(call)
    }

    /// All of them, in the order in which they will fire.
    pub(crate) fn pending(&self) -> Vec<(Nanos, Call)> {
        let pending = self.pending.borrow();
        let mut entries: Vec<_> = pending.heap.iter().collect();
        entries.sort_unstable_by_key(|(key, _)| *key);
        let call = |place: TimerPlace| pending.calls[place.index()].clone();
        entries.into_iter().filter_map(|((when, _), place)| Some((when, call(place)?))).collect()
    }

    pub(crate) fn clear(&self) {
        let all = self.pending.take();
        for call in all.calls.iter().flatten() {
            call.timer().place.set(None);
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
    use crate::callback::HandleCell;
    use std::panic::Location;
    use std::rc::Rc;

    fn timer(timers: &Timers, when: Nanos) -> Call {
        let call = Call::Function(HandleCell::new(Box::new(|| {}), Location::caller()));
        timers.add(when, call.clone());
        call
    }

    fn cell(call: &Call) -> &Rc<HandleCell> {
        let Call::Function(cell) = call else { panic!("a function is on each of these timers") };
        cell
    }

    #[test]
    fn equal_deadlines_fire_in_the_order_in_which_they_were_made() {
        let timers = Timers::default();
        let made: Vec<_> = [5, 3, 5, 3, 5].into_iter().map(|when| timer(&timers, when)).collect();
        let fired: Vec<_> = std::iter::from_fn(|| timers.pop_due(5))
            .map(|call| made.iter().position(|other| other.addr() == call.addr()).unwrap())
            .collect();
        assert_eq!(fired, [1, 3, 0, 2, 4]);
    }

    #[test]
    fn a_cancelled_timer_leaves_nothing_behind() {
        let timers = Timers::default();
        let made: Vec<_> = (0..102).map(|when| timer(&timers, when)).collect();
        for call in &made[1..] {
            assert!(cell(call).cancel());
            timers.remove(call);
            assert_eq!(Rc::strong_count(cell(call)), 1);
        }
        assert_eq!(timers.pending().len(), 1);
        assert_eq!(timers.next(), Some(0));
        assert!(timers.pop_due(0).is_some_and(|call| call.addr() == made[0].addr()));
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

    #[test]
    fn one_timer_is_served_on_time_and_many_in_batches() {
        let timers = Timers::default();
        let _fired = timer(&timers, 5);
        assert!(timers.pop_due(7).is_some());
        let few: Vec<_> = (1..MANY as Nanos).map(|number| timer(&timers, 100 * number)).collect();
        assert_eq!(timers.wake_at(100), 100);
        let one_more = timer(&timers, 50);
        assert_eq!(timers.wake_at(50), 7 + PAUSE, "{PAUSE} after the last one that fired");
        assert_eq!(timers.wake_at(8 + PAUSE), 8 + PAUSE, "and not before its time");
        drop((few, one_more));
    }
}
