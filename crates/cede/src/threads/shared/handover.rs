//! A job on its way to another thread and back.

use super::shim::Mutex;

/// One job: its body until somebody takes it, its result until somebody takes that.
///
/// Whoever takes the body decides: a thread that is to run it, or somebody who withdraws it. The other
/// finds nothing.
pub(crate) struct Handover<B, R> {
    body: Mutex<Option<B>>,
    result: Mutex<Option<R>>,
}

impl<B, R> Handover<B, R> {
    pub(crate) fn new(body: B) -> Self {
        Handover { body: Mutex::new(Some(body)), result: Mutex::new(None) }
    }

    /// The body, for the first who asks.
    pub(crate) fn take_body(&self) -> Option<B> {
        self.body.lock().take()
    }

    /// Whether nobody has taken it yet.
    pub(crate) fn waits(&self) -> bool {
        self.body.lock().is_some()
    }

    pub(crate) fn put_result(&self, result: R) {
        *self.result.lock() = Some(result);
    }

    pub(crate) fn take_result(&self) -> Option<R> {
        self.result.lock().take()
    }
}
