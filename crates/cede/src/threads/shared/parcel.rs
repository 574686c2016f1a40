//! A value on its way from another thread to a receiver on the loop's.

use super::shim::Mutex;

/// One value. Whoever takes it has it: the receiver's loop, the sender whom the loop refused, or the receiver
/// that refuses it. Nobody else finds any.
pub(crate) struct Parcel<T> {
    state: Mutex<State<T>>,
}

enum State<T> {
    Empty,
    /// On its way.
    Sent(T),
    /// The receiver wants none any more.
    Refused,
}

impl<T> Parcel<T> {
    pub(crate) fn new() -> Self {
        Parcel { state: Mutex::new(State::Empty) }
    }

    /// # Errors
    /// The value, when the receiver wants none any more.
    pub(crate) fn send(&self, value: T) -> Result<(), T> {
        let mut state = self.state.lock();
        if matches!(*state, State::Refused) {
            return Err(value);
        }
        *state = State::Sent(value);
        Ok(())
    }

    /// The value, for the first who asks.
    pub(crate) fn take(&self) -> Option<T> {
        let mut state = self.state.lock();
        if !matches!(*state, State::Sent(_)) {
            return None;
        }
        match std::mem::replace(&mut *state, State::Empty) {
            State::Sent(value) => Some(value),
            _ => None,
        }
    }

    /// The receiver wants none any more. The value that was on its way.
    pub(crate) fn refuse(&self) -> Option<T> {
        let mut state = self.state.lock();
        match std::mem::replace(&mut *state, State::Refused) {
            State::Sent(value) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn refused(&self) -> bool {
        matches!(*self.state.lock(), State::Refused)
    }
}
