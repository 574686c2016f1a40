//! Owning a generator as CPython's reference counting does.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use cede::Generator;

/// A generator of a program, which ends at once when it is dropped.
pub(super) struct Owned<R: 'static> {
    pub(super) generator: Generator<i64, Option<i64>, R>,
    pub(super) state: Rc<State>,
}

/// What is known of a generator besides its own status.
#[derive(Default)]
pub(super) struct State {
    /// Its frame is being dropped: none of its code runs any more.
    pub(super) destroyed: Cell<bool>,
    /// It is within a handler or a clean-up that an exception led to.
    pub(super) handling: Cell<bool>,
    /// What it delegates to.
    pub(super) inner: RefCell<Option<Rc<State>>>,
}

impl State {
    /// Its frame is dropped, and what that holds with it. The exception that a frame is handling holds the frame
    /// in its traceback; reference counting does not free such a cycle, so what it delegates to sees nothing.
    pub(super) fn destroy(&self) {
        self.destroyed.set(true);
        if let Some(inner) = &*self.inner.borrow()
            && self.handling.get()
        {
            inner.leak();
        }
    }

    fn leak(&self) {
        self.destroyed.set(true);
        if let Some(inner) = &*self.inner.borrow() {
            inner.leak();
        }
    }
}

impl<R> Drop for Owned<R> {
    /// As CPython's reference counting does it: close; and if that is ignored, run no more of its code, but drop
    /// what it holds. Nobody is there to be told of an error.
    fn drop(&mut self) {
        if !self.state.destroyed.get() {
            let _ = self.generator.close();
        }
        self.state.destroy();
        let _ = self.generator.close();
    }
}
