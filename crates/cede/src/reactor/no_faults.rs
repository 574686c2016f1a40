//! Without the feature `faults` nothing goes wrong but what does by itself.

use std::io;

use super::happened::Sleep;
use super::registry::Reactor;
use super::source::Way;

impl Reactor {
    #[inline]
    pub(super) fn fault(&self, _way: Way, _call: &str) -> Option<io::Error> {
        None
    }

    #[inline]
    pub(super) fn fault_of_registering(&self) -> Option<io::Error> {
        None
    }

    #[inline]
    pub(super) fn interrupted(&self, _sleep: Sleep) -> bool {
        false
    }

    #[inline]
    pub(super) fn most(&self, size: usize) -> usize {
        size
    }
}

/// Has the system make something with a descriptor.
#[inline]
pub(crate) fn make<T>(make: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    make()
}
