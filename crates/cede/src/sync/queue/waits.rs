//! What a queue's methods that wait give.

use std::fmt;

use super::error::{GetError, PutError};
use super::orders::QueueStore;
use super::queue::Queue;
use crate::coroutine::Awaitable;
use crate::error::Cancelled;

/// What [`Queue::put`] gives; await it.
#[must_use = "it does not put until it is awaited"]
pub struct QueuePut<'a, T, S: QueueStore<T>> {
    pub(super) queue: &'a Queue<T, S>,
    pub(super) item: T,
}

/// # Panics
/// Where it would have to wait and nobody can cede; see [`sync`](crate::sync#what-goes-wrong).
impl<T, S: QueueStore<T>> Awaitable for QueuePut<'_, T, S> {
    type Output = Result<(), PutError<T>>;

    #[track_caller]
    fn await_(self) -> Self::Output {
        self.queue.put_waiting(self.item)
    }
}

impl<T, S: QueueStore<T>> fmt::Debug for QueuePut<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<Queue::put>")
    }
}

/// What [`Queue::get`] gives; await it.
#[must_use = "it does not get until it is awaited"]
pub struct QueueGet<'a, T, S: QueueStore<T>> {
    pub(super) queue: &'a Queue<T, S>,
}

/// # Panics
/// As [`QueuePut`]'s.
impl<T, S: QueueStore<T>> Awaitable for QueueGet<'_, T, S> {
    type Output = Result<T, GetError>;

    #[track_caller]
    fn await_(self) -> Self::Output {
        self.queue.get_waiting()
    }
}

impl<T, S: QueueStore<T>> fmt::Debug for QueueGet<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<Queue::get>")
    }
}

/// What [`Queue::join`] gives; await it.
#[must_use = "it does not join until it is awaited"]
pub struct QueueJoin<'a, T, S: QueueStore<T>> {
    pub(super) queue: &'a Queue<T, S>,
}

/// # Panics
/// As [`QueuePut`]'s.
impl<T, S: QueueStore<T>> Awaitable for QueueJoin<'_, T, S> {
    type Output = Result<(), Cancelled>;

    #[track_caller]
    fn await_(self) -> Result<(), Cancelled> {
        self.queue.join_waiting()
    }
}

impl<T, S: QueueStore<T>> fmt::Debug for QueueJoin<'_, T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<Queue::join>")
    }
}
