//! Publish and subscribe, to channels by name and by pattern.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use cede::net::TcpStream;
use cede::streams::StreamWriter;

use super::commands::Refused;
use super::keys::matches;
use super::protocol::Replies;

type Listeners = HashMap<u64, StreamWriter<TcpStream>>;

/// Whether somebody listens to the channel of a name, or to all whose names fit a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum By {
    Name,
    Pattern,
}

type Key = (By, Vec<u8>);

/// Who listens to what.
#[derive(Default)]
pub(crate) struct Channels {
    listeners: Rc<RefCell<HashMap<Key, Listeners>>>,
    clients: Cell<u64>,
}

impl Channels {
    /// Sends it to all who listen; how many they are.
    pub(crate) fn publish(&self, channel: &[u8], message: &[u8]) -> usize {
        let listeners = self.listeners.borrow();
        let named = listeners.get(&(By::Name, channel.to_vec()));
        let by_name = named.map_or(0, |listeners| tell(listeners, &[b"message", channel, message]));
        let fitting = listeners.iter().filter(|((by, key), _)| *by == By::Pattern && matches(key, channel));
        let by_pattern = fitting
            .map(|((_, pattern), listeners)| tell(listeners, &[b"pmessage", pattern, channel, message]))
            .sum::<usize>();
        by_name + by_pattern
    }
}

impl Channels {
    /// `PUBSUB`: who is heard, and by how many.
    pub(crate) fn tell_about(&self, arguments: &[&[u8]], replies: &mut Replies) -> Result<(), Refused> {
        let listeners = self.listeners.borrow();
        let (what, names) = arguments.split_first().ok_or(Refused::Arguments)?;
        match (&*what.to_ascii_uppercase(), names) {
            (b"CHANNELS", [] | [_]) => {
                let pattern = names.first().copied().unwrap_or(b"*");
                let named = listeners.keys().filter(|(by, name)| *by == By::Name && matches(pattern, name));
                replies.bulks(&named.map(|(_, name)| name.clone()).collect::<Vec<_>>());
            }
            (b"NUMSUB", _) => {
                replies.array(names.len() * 2);
                for name in names {
                    let count = listeners.get(&(By::Name, name.to_vec())).map_or(0, HashMap::len);
                    replies.bulk(name);
                    replies.integer(count as i64);
                }
            }
            (b"NUMPAT", []) => {
                let patterns = listeners.keys().filter(|(by, _)| *by == By::Pattern).count();
                replies.integer(patterns as i64);
            }
            _ => return Err(Refused::Syntax),
        }
        Ok(())
    }
}

/// One who does not read is cut off, not waited for.
fn tell(listeners: &Listeners, words: &[&[u8]]) -> usize {
    const MOST_KEPT: usize = 32 << 20;
    let mut told = Replies::default();
    told.array(words.len());
    words.iter().for_each(|word| told.bulk(word));
    for writer in listeners.values() {
        if writer.kept() > MOST_KEPT {
            let _ = writer.stream().shutdown(std::net::Shutdown::Both);
        } else {
            let _ = writer.write(&told.bytes); // one that has gone is taken out by its own task
        }
    }
    listeners.len()
}

/// What one client listens to. Dropped with the client.
pub(crate) struct Subscriptions {
    listeners: Rc<RefCell<HashMap<Key, Listeners>>>,
    pub(crate) client: u64,
    writer: StreamWriter<TcpStream>,
    keys: BTreeSet<Key>,
    /// What the client calls itself.
    pub(crate) name: Option<Vec<u8>>,
}

impl Subscriptions {
    pub(crate) fn new(channels: &Channels, writer: StreamWriter<TcpStream>) -> Self {
        channels.clients.set(channels.clients.get() + 1);
        Subscriptions {
            listeners: channels.listeners.clone(),
            client: channels.clients.get(),
            writer,
            keys: BTreeSet::new(),
            name: None,
        }
    }

    /// Whether it listens to anything.
    pub(crate) fn any(&self) -> bool {
        !self.keys.is_empty()
    }

    pub(crate) fn subscribe(&mut self, by: By, name: &[u8], replies: &mut Replies) {
        let key = (by, name.to_vec());
        let mut listeners = self.listeners.borrow_mut();
        listeners.entry(key.clone()).or_default().insert(self.client, self.writer.clone());
        self.keys.insert(key);
        let what = if by == By::Name { "subscribe" } else { "psubscribe" };
        told(replies, what, Some(name), self.keys.len());
    }

    /// From these, or from all of that kind.
    pub(crate) fn unsubscribe(&mut self, by: By, names: &[&[u8]], replies: &mut Replies) {
        let what = if by == By::Name { "unsubscribe" } else { "punsubscribe" };
        let all: Vec<Key> = match names {
            [] => self.keys.iter().filter(|key| key.0 == by).cloned().collect(),
            some => some.iter().map(|name| (by, name.to_vec())).collect(),
        };
        if all.is_empty() {
            told(replies, what, None, self.keys.len());
        }
        for key in all {
            self.leave(&key);
            told(replies, what, Some(&key.1), self.keys.len());
        }
    }

    fn leave(&mut self, key: &Key) {
        self.keys.remove(key);
        let mut all = self.listeners.borrow_mut();
        if let Some(listeners) = all.get_mut(key) {
            listeners.remove(&self.client);
            if listeners.is_empty() {
                all.remove(key);
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
        while let Some(key) = self.keys.first().cloned() {
            self.leave(&key);
        }
    }
}
