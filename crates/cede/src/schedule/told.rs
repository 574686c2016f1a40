//! What a schedule tells an observer, and whoever looks at it.

use super::Schedule;
use crate::callback::{Callback, TaskKey};
use crate::observe::{Event, ReadyCallback};
use crate::target::{Awaited, Target};
use crate::task::AnyTask;

impl Schedule {
    #[cold]
    pub(super) fn push_told(&self, callback: Callback, ended: Option<&Target>) {
        if self.closed.get() {
            return drop(callback);
        }
        self.observe(|| Event::Queued {
            callback: ReadyCallback::of(&callback, self),
            by: self.running_task(),
            because: ended.map(|target| Awaited { target: target.clone() }),
        });
        self.ready.push_back(callback);
    }

    /// The callback that was taken from the head of the queue has nothing to run.
    #[cold]
    pub(crate) fn skipped(&self, callback: &Callback) {
        self.observe(|| Event::Skipped { callback: ReadyCallback::of(callback, self) });
    }

    /// What is ready, the head first.
    pub(crate) fn ready_callbacks(&self) -> Vec<ReadyCallback> {
        let seen = |callback| {
            let seen = ReadyCallback::of(&callback, self);
            self.ready.push_back(callback);
            seen
        };
        // Once round: each goes from the head to the tail.
        (0..self.ready.len()).filter_map(|_| self.ready.pop_front()).map(seen).collect()
    }

    pub(crate) fn first_ready(&self) -> Option<ReadyCallback> {
        let callback = self.ready.pop_front()?;
        let seen = ReadyCallback::of(&callback, self);
        self.ready.push_front(callback);
        Some(seen)
    }

    /// How many of them belong to this turn.
    pub(crate) fn left_in_turn(&self) -> usize {
        self.turn.todo.get()
    }

    /// A turn has begun. Whether it has anything to run.
    #[cold]
    pub(super) fn tell_turn(&self) -> bool {
        self.observe(|| Event::TurnBegins { turn: self.turn.turns.get(), ready: self.turn.todo.get() });
        self.turn.todo.get() > 0
    }

    #[cold]
    pub(super) fn tell_created(&self, key: TaskKey) {
        if let Some(task) = self.task(key) {
            self.observe(|| Event::TaskCreated { task: task.handle(), by: self.running_task() });
        }
    }

    /// As [`current`](Self::current), for those who are told.
    pub(crate) fn running_task(&self) -> Option<AnyTask> {
        self.current().map(AnyTask::new)
    }

    /// Puts this callback at the head; those before it keep their order.
    pub(crate) fn bring_forward(&self, place: usize) {
        let before: Vec<_> = (0..place).filter_map(|_| self.ready.pop_front()).collect();
        let chosen = self.ready.pop_front();
        before.into_iter().rev().chain(chosen).for_each(|callback| self.ready.push_front(callback));
    }
}
