//! A thread-local pointer to something that an `Rc` somewhere keeps alive: read by one load, without a
//! destructor that would have to be registered.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr;
use std::rc::Rc;
use std::thread::LocalKey;

/// The slot. It owns one strong count of what it points to.
pub(crate) struct Slot<T: 'static> {
    pointer: Cell<*const T>,
}

impl<T> Slot<T> {
    pub(crate) const fn new() -> Self {
        Slot { pointer: Cell::new(ptr::null()) }
    }

    pub(crate) fn get(&self) -> Option<Rc<T>> {
        let pointer = self.pointer.get();
        if pointer.is_null() {
            return None;
        }
        // SAFETY: the pointer came from `Rc::into_raw` and the slot owns a count.
        unsafe { Rc::increment_strong_count(pointer) };
        // SAFETY: the count taken in the line above is the one this `Rc` owns.
        Some(unsafe { Rc::from_raw(pointer) })
    }

    fn swap(&self, value: Option<Rc<T>>) -> Option<Rc<T>> {
        let before = self.pointer.replace(value.map_or(ptr::null(), Rc::into_raw));
        if before.is_null() {
            return None;
        }
        // SAFETY: the slot owned a count of it, which goes to this `Rc`; it points elsewhere now.
        Some(unsafe { Rc::from_raw(before) })
    }
}

/// Looks at what the slot points to. `look` must not leave the guard that set it: the library's guards live in the
/// frames of whoever runs the loop, below any code that can call this.
///
/// Only the pointer is read inside the thread-local, so that `look` is inlined with its caller.
#[inline(always)]
pub(crate) fn look<T, R>(slot: &'static LocalKey<Slot<T>>, look: impl FnOnce(Option<&T>) -> R) -> R {
    let pointer = slot.with(|slot| slot.pointer.get());
    // SAFETY: null, or what the innermost guard's `Rc` points to; the slot owns a count of it until that guard is
    // dropped, which happens in a frame below the caller's.
    look(unsafe { pointer.as_ref() })
}

/// Points the slot at `value` until the guard is dropped.
pub(crate) fn enter<T>(slot: &'static LocalKey<Slot<T>>, value: Rc<T>) -> Guard<T> {
    Guard { slot, before: slot.with(|slot| slot.swap(Some(value))), stays: PhantomData }
}

pub(crate) struct Guard<T: 'static> {
    slot: &'static LocalKey<Slot<T>>,
    before: Option<Rc<T>>,
    /// Dropped on the thread that made it.
    stays: PhantomData<*const ()>,
}

impl<T> Drop for Guard<T> {
    fn drop(&mut self) {
        let before = self.before.take();
        drop(self.slot.with(|slot| slot.swap(before)));
    }
}
