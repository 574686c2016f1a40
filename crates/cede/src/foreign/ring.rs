//! Whether a bell has been rung since it was hushed: what a waker's thread and the loop's both touch.
//! `tests/models` compiles this very file with loom's atomics in the place of [`shim`](super::shim).

use super::shim::{AtomicBool, Ordering};

pub(crate) struct Ring {
    rung: AtomicBool,
}

impl Ring {
    pub(crate) fn new() -> Self {
        Ring { rung: AtomicBool::new(false) }
    }

    /// Before a poll: what rings from here on asks for another.
    pub(crate) fn hush(&self) {
        // A swap reads what the last ring has written, and with it all that came before that ring.
        self.rung.swap(false, Ordering::AcqRel);
    }

    pub(crate) fn rung(&self) -> bool {
        self.rung.load(Ordering::Acquire)
    }

    /// Rings: whether nobody has since it was hushed. Whoever was first is to tell the loop.
    pub(crate) fn ring(&self) -> bool {
        !self.rung.swap(true, Ordering::AcqRel)
    }
}
