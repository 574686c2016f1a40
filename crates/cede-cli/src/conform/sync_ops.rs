//! What each operation of the group sync does.

use std::cell::Cell;
use std::rc::Rc;

use cede::{Awaitable, Condition, Event, Lock, Queue, Semaphore};
use serde_json::{Value, json};

use super::exception::Flow;
use super::interpreter::Run;
use super::program::{Op, Shared};

/// What the tasks of a run share and wait for.
pub(super) struct Synchronisation {
    events: Vec<Event>,
    locks: Vec<Lock>,
    semaphores: Vec<Semaphore>,
    conditions: Vec<(Lock, Condition)>,
    queues: Vec<Queue<u64>>,
    /// Items are numbered from 1 in the order in which they are to be put.
    items: Cell<u64>,
}

impl Synchronisation {
    pub(super) fn new(shared: &Shared) -> Self {
        Self {
            events: (0..shared.events).map(|_| Event::new()).collect(),
            locks: (0..shared.locks).map(|_| Lock::default()).collect(),
            semaphores: shared.semaphores.iter().map(|value| Semaphore::new(*value)).collect(),
            conditions: (0..shared.conditions).map(|_| Default::default()).collect(),
            queues: shared.queues.iter().map(|maxsize| Queue::new(*maxsize)).collect(),
            items: Cell::new(0),
        }
    }
}

impl Run {
    pub(super) fn event_wait(&self, who: &str, event: usize) -> Flow {
        self.waits(who, "event", || {
            self.sync.events[event].wait().await_()?;
            Ok(true.into())
        })
    }

    pub(super) fn event_set(&self, who: &str, event: usize) -> Flow {
        self.sync.events[event].set();
        self.event(who, "ev_set", []);
        Ok(())
    }

    pub(super) fn event_clear(&self, who: &str, event: usize) -> Flow {
        self.sync.events[event].clear();
        self.event(who, "ev_clear", []);
        Ok(())
    }

    pub(super) fn lock(self: &Rc<Self>, who: &str, lock: usize, block: &[Op]) -> Flow {
        let mut guard = None;
        self.waits(who, "lock", || {
            guard = Some(self.sync.locks[lock].lock().await_()?);
            Ok(true.into())
        })?;
        let left = self.block(block, who);
        drop(guard);
        self.event(who, "lock released", []);
        left
    }

    pub(super) fn semaphore(self: &Rc<Self>, who: &str, semaphore: usize, block: &[Op]) -> Flow {
        let mut permit = None;
        self.waits(who, "sem", || {
            permit = Some(self.sync.semaphores[semaphore].acquire().await_()?);
            Ok(true.into())
        })?;
        let left = self.block(block, who);
        drop(permit);
        self.event(who, "sem released", []);
        left
    }

    pub(super) fn condition_wait(&self, who: &str, condition: usize) -> Flow {
        let (lock, condition) = &self.sync.conditions[condition];
        let mut guard = lock.lock().await_()?;
        self.waits(who, "cond", || {
            condition.wait(&mut guard).await_()?;
            Ok(true.into())
        })
    }

    pub(super) fn condition_notify(&self, who: &str, condition: usize, count: usize) -> Flow {
        let (lock, condition) = &self.sync.conditions[condition];
        let _guard = lock.lock().await_()?;
        condition.notify(count);
        self.event(who, "notify", []);
        Ok(())
    }

    pub(super) fn queue_put(&self, who: &str, queue: usize) -> Flow {
        let item = self.sync.items.get() + 1;
        self.sync.items.set(item);
        self.waits(who, "put", || {
            self.sync.queues[queue].put(item).await_().map_err(cede::Error::from)?;
            Ok(Value::Null)
        })
    }

    pub(super) fn queue_get(&self, who: &str, queue: usize) -> Flow {
        self.waits(who, "get", || {
            let item = self.sync.queues[queue].get().await_().map_err(cede::Error::from)?;
            Ok(json!(item))
        })
    }
}
