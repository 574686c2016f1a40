//! The data: values by their keys, some of them only until a time.

use std::cell::{Cell, Ref, RefCell};
use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;
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
}

impl Entry {
    fn has_expired(&self) -> bool {
        self.until.is_some_and(|until| until <= Instant::now())
    }
}

/// A key that somebody watches, and how many changes of it were seen.
pub(crate) struct Watch {
    key: Bytes,
    changes: Rc<Cell<u64>>,
    seen: u64,
}

/// No borrow of it is held while anybody cedes: commands do not.
#[derive(Default)]
pub(crate) struct Store {
    entries: RefCell<HashMap<Bytes, Entry>>,
    /// How often the keys that somebody watches have been changed; what nobody watches any more is swept away. Here and
    /// not in the entries, for a removal is a change.
    watched: RefCell<HashMap<Bytes, Rc<Cell<u64>>>>,
}

impl Store {
    /// All there is now: what has expired goes before.
    pub(crate) fn all(&self) -> Ref<'_, HashMap<Bytes, Entry>> {
        self.sweep();
        self.entries.borrow()
    }

    /// Looks at an entry, unless it has expired.
    pub(crate) fn with<R>(&self, key: &[u8], look: impl FnOnce(Option<&mut Entry>) -> R) -> R {
        let mut entries = self.entries.borrow_mut();
        if entries.get(key).is_some_and(Entry::has_expired) {
            entries.remove(key);
            self.changed(key);
        }
        look(entries.get_mut(key))
    }

    /// Counts the changes of a key, until what it gives is dropped.
    pub(crate) fn watch(&self, key: &[u8]) -> Watch {
        self.with(key, |_| ()); // what has expired already is no change later
        let changes = self.watched.borrow_mut().entry(key.to_vec()).or_default().clone();
        Watch { key: key.to_vec(), seen: changes.get(), changes }
    }

    /// Whether it has been changed since, or has expired.
    pub(crate) fn has_changed(&self, watch: &Watch) -> bool {
        self.with(&watch.key, |_| ());
        watch.changes.get() != watch.seen
    }

    /// Whatever changes what is here, or until when it is, says so.
    fn changed(&self, key: &[u8]) {
        let watched = self.watched.borrow();
        // Most of the time nobody watches anything, and no key need be hashed.
        if !watched.is_empty()
            && let Some(changes) = watched.get(key)
        {
            changes.set(changes.get() + 1);
        }
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
            if entry.value.is_empty() {
                entries.remove(key);
            }
            if changed {
                self.changed(key);
            }
            return Ok(said);
        }
        let mut value = make();
        let (changed, said) = change(&mut value)?;
        if changed {
            entries.insert(key.to_vec(), Entry { value, until: None });
            self.changed(key);
        }
        Ok(said)
    }

    pub(crate) fn set(&self, key: &[u8], value: Bytes, until: Option<Instant>) {
        self.put(key, Entry { value: Value::String(value), until });
    }

    /// Has it until then, or for ever; until when it was before, if it is there.
    pub(crate) fn keep_until(&self, key: &[u8], until: Option<Instant>) -> Option<Option<Instant>> {
        let before = self.with(key, |entry| Some(std::mem::replace(&mut entry?.until, until)))?;
        if before != until {
            self.changed(key);
        }
        Some(before)
    }

    /// In place of what is there.
    pub(crate) fn put(&self, key: &[u8], entry: Entry) {
        let mut entries = self.entries.borrow_mut();
        match entries.get_mut(key) {
            Some(before) => *before = entry,
            None => drop(entries.insert(key.to_vec(), entry)),
        }
        self.changed(key);
    }

    /// What was there.
    pub(crate) fn remove(&self, key: &[u8]) -> Option<Entry> {
        let removed = self.entries.borrow_mut().remove(key)?;
        self.changed(key);
        Some(removed).filter(|entry| !entry.has_expired())
    }

    pub(crate) fn clear(&self) {
        let mut entries = self.entries.borrow_mut();
        entries.keys().for_each(|key| self.changed(key));
        entries.clear();
    }

    /// Removes all that has expired, and forgets what nobody watches any more.
    pub(crate) fn sweep(&self) {
        self.watched.borrow_mut().retain(|_, changes| Rc::strong_count(changes) > 1);
        self.entries.borrow_mut().retain(|key, entry| {
            let gone = entry.has_expired();
            if gone {
                self.changed(key);
            }
            !gone
        });
    }
}

/// So far from now: now, if that is over already; as far as can be, if that is too far.
pub(crate) fn after(millis: i64) -> Instant {
    let now = Instant::now();
    let left = Duration::from_millis(u64::try_from(millis).unwrap_or(0));
    now.checked_add(left).unwrap_or(now + Duration::from_secs(1 << 32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_has_come_and_gone_has_changed() {
        let store = Store::default();
        let (watch, other) = (store.watch(b"key"), store.watch(b"other"));
        assert!(!store.has_changed(&watch) && store.remove(b"key").is_none() && !store.has_changed(&watch));
        store.set(b"key", vec![], Some(after(0)));
        store.sweep();
        let later = store.watch(b"key");
        assert_eq!([&watch, &other, &later].map(|watch| store.has_changed(watch)), [true, false, false]);
    }

    #[test]
    fn changes_are_counted_only_while_somebody_watches() {
        let store = Store::default();
        let (one, same, other) = (store.watch(b"key"), store.watch(b"key"), store.watch(b"other"));
        let left = || {
            store.sweep();
            store.watched.borrow().len()
        };
        assert_eq!(left(), 2);
        drop((same, other));
        assert_eq!(left(), 1);
        drop(one);
        assert_eq!(left(), 0);
    }

    #[test]
    fn a_change_that_is_none_makes_nothing() {
        let store = Store::default();
        let watch = store.watch(b"key");
        let make = || Value::String(vec![]);
        assert!(store.change(b"key", make, |_| Ok((false, ()))).is_ok());
        assert!(store.change(b"key", make, |_| Err::<(bool, ()), _>(Refused::Integer)).is_err());
        assert!(store.all().is_empty() && !store.has_changed(&watch));
        assert!(store.change(b"key", make, |_| Ok((true, ()))).is_ok());
        assert!(store.all().len() == 1 && store.has_changed(&watch));
    }
}
