//! Publish and subscribe.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use cede::net::TcpStream;
use cede::streams::StreamWriter;

use super::protocol::Replies;

type Listeners = HashMap<u64, StreamWriter<TcpStream>>;

/// Who listens to what.
#[derive(Default)]
pub(crate) struct Channels {
    listeners: Rc<RefCell<HashMap<Vec<u8>, Listeners>>>,
    clients: Cell<u64>,
}

impl Channels {
    /// Sends it to all who listen; how many they are. One who does not read is cut off, not waited for.
    pub(crate) fn publish(&self, channel: &[u8], message: &[u8]) -> usize {
        const MOST_KEPT: usize = 32 << 20;
        let listeners = self.listeners.borrow();
        let Some(listeners) = listeners.get(channel) else { return 0 };
        let mut told = Replies::default();
        told.array(3);
        for word in [b"message", channel, message] {
            told.bulk(word);
        }
        for writer in listeners.values() {
            if writer.kept() > MOST_KEPT {
                let _ = writer.stream().shutdown(std::net::Shutdown::Both);
            } else {
                let _ = writer.write(&told.bytes); // one that has gone is taken out by its own task
            }
        }
        listeners.len()
    }
}

/// What one client listens to. Dropped with the client.
pub(crate) struct Subscriptions {
    listeners: Rc<RefCell<HashMap<Vec<u8>, Listeners>>>,
    client: u64,
    writer: StreamWriter<TcpStream>,
    channels: BTreeSet<Vec<u8>>,
}

impl Subscriptions {
    pub(crate) fn new(channels: &Channels, writer: StreamWriter<TcpStream>) -> Self {
        channels.clients.set(channels.clients.get() + 1);
        Subscriptions {
            listeners: channels.listeners.clone(),
            client: channels.clients.get(),
            writer,
            channels: BTreeSet::new(),
        }
    }

    pub(crate) fn subscribe(&mut self, channel: &[u8], replies: &mut Replies) {
        let mut listeners = self.listeners.borrow_mut();
        listeners.entry(channel.to_vec()).or_default().insert(self.client, self.writer.clone());
        self.channels.insert(channel.to_vec());
        told(replies, "subscribe", Some(channel), self.channels.len());
    }

    /// From these, or from all.
    pub(crate) fn unsubscribe(&mut self, channels: &[&[u8]], replies: &mut Replies) {
        let all: Vec<Vec<u8>> = match channels {
            [] => self.channels.iter().cloned().collect(),
            some => some.iter().map(|channel| channel.to_vec()).collect(),
        };
        if all.is_empty() {
            told(replies, "unsubscribe", None, 0);
        }
        for channel in all {
            self.leave(&channel);
            told(replies, "unsubscribe", Some(&channel), self.channels.len());
        }
    }

    fn leave(&mut self, channel: &[u8]) {
        self.channels.remove(channel);
        let mut all = self.listeners.borrow_mut();
        if let Some(listeners) = all.get_mut(channel) {
            listeners.remove(&self.client);
            if listeners.is_empty() {
                all.remove(channel);
            }
        }
    }
}

fn told(replies: &mut Replies, what: &str, channel: Option<&[u8]>, count: usize) {
    replies.array(3);
    replies.bulk(what.as_bytes());
    replies.bulk_or_null(channel);
    replies.integer(count as i64);
}

impl Drop for Subscriptions {
    fn drop(&mut self) {
        while let Some(channel) = self.channels.first().cloned() {
            self.leave(&channel);
        }
    }
}
