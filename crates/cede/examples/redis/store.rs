//! The data: values by their keys, some of them only until a time.

use std::cell::{Cell, RefCell, RefMut};
use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use super::commands::Refused;
use super::sorted::Sorted;

pub(crate) type Bytes = Vec<u8>;

#[derive(Debug)]
pub(crate) enum Value {
    String(Bytes),
    List(VecDeque<Bytes>),
    Set(HashSet<Bytes>),
    Hash(HashMap<Bytes, Bytes>),
    Sorted(Sorted),
}

impl Value {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::String(_) => "string",
            Value::List(_) => "list",
            Value::Set(_) => "set",
            Value::Hash(_) => "hash",
            Value::Sorted(_) => "zset",
        }
    }

    /// What is empty goes away, as in Redis.
    fn is_empty(&self) -> bool {
        match self {
            Value::String(_) => false,
            Value::List(list) => list.is_empty(),
            Value::Set(set) => set.is_empty(),
            Value::Hash(hash) => hash.is_empty(),
            Value::Sorted(sorted) => sorted.len() == 0,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) value: Value,
    pub(crate) until: Option<Instant>,
    /// When it was changed last, as a number that only grows.
    pub(crate) version: u64,
}

impl Entry {
    fn has_expired(&self) -> bool {
        self.until.is_some_and(|until| until <= Instant::now())
    }
}

/// No borrow of it is held while anybody cedes: commands do not.
#[derive(Default)]
pub(crate) struct Store {
    entries: RefCell<HashMap<Bytes, Entry>>,
    versions: Cell<u64>,
}

impl Store {
    /// All there is; what has expired is looked over by whoever asks for a key.
    pub(crate) fn all(&self) -> RefMut<'_, HashMap<Bytes, Entry>> {
        self.entries.borrow_mut()
    }

    /// Looks at an entry, unless it has expired.
    pub(crate) fn with<R>(&self, key: &[u8], look: impl FnOnce(Option<&mut Entry>) -> R) -> R {
        let mut entries = self.entries.borrow_mut();
        if entries.get(key).is_some_and(Entry::has_expired) {
            entries.remove(key);
        }
        look(entries.get_mut(key))
    }

    /// The version of what is there now; 0 if nothing is.
    pub(crate) fn version(&self, key: &[u8]) -> u64 {
        self.with(key, |entry| entry.map_or(0, |entry| entry.version))
    }

    /// A version of its own for whoever changes something.
    pub(crate) fn next_version(&self) -> u64 {
        self.versions.set(self.versions.get() + 1);
        self.versions.get()
    }

    /// Changes an entry, which is made if there is none, and removed if nothing is left of it. `change` says first
    /// whether it has changed something; where nothing was, and it has not, or is refused, nothing is made.
    pub(crate) fn change<R>(
        &self,
        key: &[u8],
        make: fn() -> Value,
        change: impl FnOnce(&mut Value) -> Result<(bool, R), Refused>,
    ) -> Result<R, Refused> {
        let mut entries = self.entries.borrow_mut();
        if let Some(entry) = entries.get_mut(key)
            && !entry.has_expired()
        {
            let (changed, said) = change(&mut entry.value)?;
            if changed {
                entry.version = self.next_version();
            }
            if entry.value.is_empty() {
                entries.remove(key);
            }
            return Ok(said);
        }
        let mut value = make();
        let (changed, said) = change(&mut value)?;
        if changed {
            entries.insert(key.to_vec(), Entry { value, until: None, version: self.next_version() });
        }
        Ok(said)
    }

    pub(crate) fn set(&self, key: &[u8], value: Bytes, until: Option<Instant>) {
        let entry = Entry { value: Value::String(value), until, version: self.next_version() };
        let mut entries = self.entries.borrow_mut();
        match entries.get_mut(key) {
            Some(before) => *before = entry,
            None => drop(entries.insert(key.to_vec(), entry)),
        }
    }

    pub(crate) fn remove(&self, key: &[u8]) -> bool {
        let removed = self.entries.borrow_mut().remove(key);
        removed.is_some_and(|entry| !entry.has_expired())
    }

    /// Removes all that has expired.
    pub(crate) fn sweep(&self) {
        self.entries.borrow_mut().retain(|_, entry| !entry.has_expired());
    }
}

/// So far from now; as far as can be, if that is too far.
pub(crate) fn after(millis: u64) -> Instant {
    let now = Instant::now();
    now.checked_add(Duration::from_millis(millis)).unwrap_or(now + Duration::from_secs(1 << 32))
}
