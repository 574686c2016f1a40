//! std's futures on a task's stack, and tasks in other people's futures.
#![forbid(unsafe_code)]

mod awaiting;
mod others;
mod waking;

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// A future that is ready when somebody opens it, counts its polls, and leaves its last waker about.
#[derive(Clone, Default)]
pub(crate) struct Gate {
    open: Rc<Cell<bool>>,
    pub(crate) polls: Rc<Cell<u32>>,
    pub(crate) waker: Rc<RefCell<Option<Waker>>>,
}

impl Gate {
    /// Opens it and wakes whoever waits.
    pub(crate) fn open(&self) {
        self.open.set(true);
        let waker = self.waker.borrow().clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Future for Gate {
    type Output = &'static str;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.polls.set(self.polls.get() + 1);
        if self.open.get() {
            return Poll::Ready("open");
        }
        *self.waker.borrow_mut() = Some(cx.waker().clone());
        Poll::Pending
    }
}
