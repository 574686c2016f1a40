//! A result for a plain thread that waits for it.

use std::time::{Duration, Instant};

use super::shim::{Condvar, Mutex};

pub(crate) struct Oneshot<T> {
    state: Mutex<State<T>>,
    ended: Condvar,
}

enum State<T> {
    Pending,
    /// Nobody will ask: whoever has the result may tell of it in another way.
    Abandoned,
    /// The one who waits wants it no more. What comes is dropped.
    Cancelled,
    Done(T),
    /// It was read.
    Taken,
}

/// What a look at it shows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Look<T> {
    Pending,
    Cancelled,
    Done(T),
    Taken,
}

impl<T> Oneshot<T> {
    pub(crate) fn new() -> Self {
        Oneshot { state: Mutex::new(State::Pending), ended: Condvar::default() }
    }

    /// Sets the result and wakes whoever waits.
    ///
    /// # Errors
    /// The result, when nobody will read it.
    pub(crate) fn send(&self, result: T) -> Result<(), T> {
        let mut state = self.state.lock();
        if !matches!(*state, State::Pending) {
            return Err(result);
        }
        *state = State::Done(result);
        self.ended.notify_all();
        Ok(())
    }

    /// Whether it was pending; whoever waits is woken.
    pub(crate) fn cancel(&self) -> bool {
        let mut state = self.state.lock();
        if !matches!(*state, State::Pending) {
            return false;
        }
        *state = State::Cancelled;
        self.ended.notify_all();
        true
    }

    /// Nobody will read it. The result, if it came and was not read.
    pub(crate) fn abandon(&self) -> Option<T> {
        let mut state = self.state.lock();
        match std::mem::replace(&mut *state, State::Abandoned) {
            State::Done(result) => Some(result),
            _ => None,
        }
    }

    pub(crate) fn done(&self) -> bool {
        matches!(*self.state.lock(), State::Done(_) | State::Cancelled | State::Taken)
    }

    pub(crate) fn cancelled(&self) -> bool {
        matches!(*self.state.lock(), State::Cancelled)
    }

    /// Waits until there is an end, or the time is over; takes the result.
    pub(crate) fn wait(&self, timeout: Option<Duration>) -> Look<T> {
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut state = self.state.lock();
        while matches!(*state, State::Pending) {
            match end {
                None => state = self.ended.wait(state),
                Some(end) => {
                    let left = end.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Look::Pending;
                    }
                    state = self.ended.wait_for(state, left);
                }
            }
        }
        match std::mem::replace(&mut *state, State::Taken) {
            State::Done(result) => Look::Done(result),
            State::Cancelled => {
                *state = State::Cancelled;
                Look::Cancelled
            }
            _ => Look::Taken,
        }
    }
}
