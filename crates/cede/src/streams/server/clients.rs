//! The connections of a server.

use std::cell::RefCell;
use std::io;
use std::net::Shutdown;
use std::rc::Rc;

use slotmap::{DefaultKey, SlotMap};

use crate::coroutine::Awaitable;
use crate::net::Stream;
use crate::sync::Event;
use crate::task::AnyTask;

/// The connections that are open: from their acceptance until their handlers have returned, and what those have
/// written is sent.
pub(super) struct Clients {
    open: RefCell<SlotMap<DefaultKey, Client>>,
    /// Set while none is open.
    none: Event,
}

struct Client {
    stream: Rc<dyn Stream>,
    task: Option<AnyTask>,
    /// It is to end without sending what is kept.
    aborted: bool,
}

impl Clients {
    pub(super) fn new() -> Rc<Self> {
        let none = Event::new();
        none.set();
        Rc::new(Clients { open: RefCell::default(), none })
    }

    pub(super) fn len(&self) -> usize {
        self.open.borrow().len()
    }

    /// One more, until what this gives is dropped.
    pub(super) fn enter(self: &Rc<Self>, stream: Rc<dyn Stream>) -> Place {
        let key = self.open.borrow_mut().insert(Client { stream, task: None, aborted: false });
        self.none.clear();
        Place { clients: self.clone(), key }
    }

    /// Its handler runs in this task.
    pub(super) fn set_task(&self, key: DefaultKey, task: AnyTask) {
        if let Some(client) = self.open.borrow_mut().get_mut(key) {
            client.task = Some(task);
        }
    }

    pub(super) fn tasks(&self) -> Vec<AnyTask> {
        self.open.borrow().values().filter_map(|client| client.task.clone()).collect()
    }

    /// Cancels the handlers, and takes their connections from them: one that does not end for its cancellation finds
    /// nothing to go on with.
    pub(super) fn abort(&self) {
        self.open.borrow_mut().values_mut().for_each(|client| client.aborted = true);
        for task in self.tasks() {
            task.cancel();
        }
        for stream in self.streams() {
            let _ = stream.abort();
        }
    }

    pub(super) fn end_reading(&self) {
        for stream in self.streams() {
            let _ = stream.shutdown(Shutdown::Read);
        }
    }

    fn streams(&self) -> Vec<Rc<dyn Stream>> {
        self.open.borrow().values().map(|client| client.stream.clone()).collect()
    }

    pub(super) fn wait_none(&self) -> io::Result<()> {
        Ok(self.none.wait().await_()?)
    }
}

/// A connection is open while this lives.
pub(super) struct Place {
    clients: Rc<Clients>,
    pub(super) key: DefaultKey,
}

impl Place {
    /// Whether what is kept to be sent is to be forgotten.
    pub(super) fn is_aborted(&self) -> bool {
        self.clients.open.borrow().get(self.key).is_some_and(|client| client.aborted)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let client = self.clients.open.borrow_mut().remove(self.key);
        drop(client); // outside the borrow
        if self.clients.len() == 0 {
            self.clients.none.set();
        }
    }
}
