//! The library's shim, of loom's parts.

use std::time::Duration;

pub(crate) use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
pub(crate) use loom::sync::{Arc, MutexGuard};

/// As parking_lot's: it is not poisoned.
pub(crate) struct Mutex<T> {
    inner: loom::sync::Mutex<T>,
}

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Mutex { inner: loom::sync::Mutex::new(value) }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.inner.lock().expect("no model panics while it holds a lock")
    }
}

pub(crate) struct Condvar {
    inner: loom::sync::Condvar,
}

impl Default for Condvar {
    fn default() -> Self {
        Condvar { inner: loom::sync::Condvar::new() }
    }
}

impl Condvar {
    pub(crate) fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        self.inner.wait(guard).expect("no model panics while it holds a lock")
    }

    pub(crate) fn wait_for<'a, T>(&self, guard: MutexGuard<'a, T>, _timeout: Duration) -> MutexGuard<'a, T> {
        self.wait(guard) // in a model no time passes
    }

    pub(crate) fn notify_one(&self) {
        self.inner.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.inner.notify_all();
    }
}
