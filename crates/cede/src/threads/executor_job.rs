//! A job whose result a loop waits for.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::job::{Job, Ticket, working_for};
use super::landings::{LandingKey, land};
use super::shared::handover::Handover;
use crate::error::JoinError;

/// What is shared between the loop and the pool: the body with the loop's wait for it, and the result.
pub(super) type Shared<F, T> = Handover<(F, Arc<Ticket>), Result<T, JoinError>>;

/// The pool's side.
pub(super) struct ExecutorJob<F, T> {
    pub(super) shared: Arc<Shared<F, T>>,
    pub(super) landing: LandingKey,
}

impl<F, T> ExecutorJob<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn send_home(&self, result: Result<T, JoinError>, ticket: &Ticket) {
        self.shared.put_result(result);
        let key = self.landing;
        // On a closed loop nobody waits any more; the result goes with us.
        let _ = ticket.post(Box::new(move || land(key)));
    }
}

impl<F, T> Job for ExecutorJob<F, T>
where
    F: FnOnce() -> T + Send,
    T: Send,
{
    fn run(self: Box<Self>) {
        let Some((body, ticket)) = self.shared.take_body() else { return };
        let result = working_for(&ticket, || catch_unwind(AssertUnwindSafe(body)));
        self.send_home(result.map_err(JoinError::panicked), &ticket);
    }

    fn waits(&self) -> bool {
        self.shared.waits()
    }

    fn refuse(self: Box<Self>, why: JoinError) {
        if let Some((_body, ticket)) = self.shared.take_body() {
            self.send_home(Err(why), &ticket);
        }
    }
}
