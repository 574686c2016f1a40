//! The reservation at a fork: whoever forks holds its lock, so that the child does not find it held by a thread that is
//! not there, nor the reservation half cut.
//!
//! Nobody forks while he holds it, for no code of others runs then.

use std::cell::Cell;
use std::sync::MutexGuard;
use std::sync::atomic::AtomicBool;

use super::reservation::{Carve, Reservation};
use crate::this_process;

thread_local! {
    /// From before the fork until after it, on both sides.
    static HELD: Cell<Option<MutexGuard<'static, Carve>>> = const { Cell::new(None) };
}

/// Forks wait for the lock from now on.
pub(super) fn hold() {
    static SAID: AtomicBool = AtomicBool::new(false);
    this_process::around_forks(&SAID, Some(before), Some(after), after);
}

extern "C" fn before() {
    if let Some(reservation) = Reservation::made() {
        // At the end of a thread that holds nothing any more, the fork does without.
        let _ = HELD.try_with(|held| held.set(Some(reservation.lock())));
    }
}

extern "C" fn after() {
    let _ = HELD.try_with(Cell::take);
}
