//! Commands for values: strings and counters, lists, sets, hashes.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Instant;

use super::commands::{Refused, integer};
use super::protocol::Replies;
use super::store::{Store, Value, after};

type Done = Result<(), Refused>;

/// Looks at a value of one kind, if there is one.
macro_rules! look {
    ($store:expr, $key:expr, $kind:ident, $look:expr) => {
        $store.with($key, |entry| match entry.map(|entry| &mut entry.value) {
            None => Ok($look(None)),
            Some(Value::$kind(value)) => Ok($look(Some(value))),
            Some(_) => Err(Refused::Type),
        })?
    };
}

/// Changes a value of one kind, which is made if there is none.
macro_rules! change {
    ($store:expr, $key:expr, $kind:ident, $change:expr) => {
        $store.change(
            $key,
            || Value::$kind(Default::default()),
            |value| match value {
                Value::$kind(value) => Ok($change(value)),
                _ => Err(Refused::Type),
            },
        )?
    };
}

pub(crate) fn run(name: &[u8], arguments: &[&[u8]], store: &Store, replies: &mut Replies) -> Option<Done> {
    let known: fn(&[u8], &[&[u8]], &Store, &mut Replies) -> Result<bool, Refused> = match name {
        b"GET" | b"SET" | b"SETNX" | b"SETEX" | b"PSETEX" | b"GETSET" | b"GETDEL" | b"MGET" | b"MSET"
        | b"APPEND" | b"STRLEN" | b"INCR" | b"DECR" | b"INCRBY" | b"DECRBY" => strings,
        b"LPUSH" | b"RPUSH" | b"LPOP" | b"RPOP" | b"LLEN" | b"LRANGE" | b"LINDEX" => lists,
        b"SADD" | b"SREM" | b"SISMEMBER" | b"SMEMBERS" | b"SCARD" | b"SPOP" => sets,
        b"HSET" | b"HMSET" | b"HGET" | b"HMGET" | b"HDEL" | b"HGETALL" | b"HLEN" | b"HEXISTS" | b"HKEYS"
        | b"HVALS" | b"HINCRBY" => hashes,
        _ => return None,
    };
    // What is known by name, but not with these arguments, has too few or too many.
    Some(known(name, arguments, store, replies).and_then(|fits| fits.then_some(()).ok_or(Refused::Arguments)))
}

fn strings(name: &[u8], arguments: &[&[u8]], store: &Store, replies: &mut Replies) -> Result<bool, Refused> {
    match (name, arguments) {
        (b"GET", [key]) => {
            look!(store, key, String, |value: Option<&mut Vec<u8>>| replies
                .bulk_or_null(value.map(|v| &**v)));
        }
        (b"SET", [key, value, options @ ..]) => set(key, value, options, store, replies)?,
        (b"SETNX", [key, value]) => {
            let free = store.with(key, |entry| entry.is_none());
            if free {
                store.set(key, value.to_vec(), None);
            }
            replies.integer(i64::from(free));
        }
        (b"SETEX" | b"PSETEX", [key, time, value]) => {
            let unit = if name == b"SETEX" { 1000 } else { 1 };
            let time = u64::try_from(integer(time)?).map_err(|_| Refused::Integer)?;
            store.set(key, value.to_vec(), Some(after(time.saturating_mul(unit))));
            replies.ok();
        }
        (b"GETSET", [key, value]) => {
            look!(store, key, String, |old: Option<&mut Vec<u8>>| replies.bulk_or_null(old.map(|v| &**v)));
            store.set(key, value.to_vec(), None);
        }
        (b"GETDEL", [key]) => {
            look!(store, key, String, |old: Option<&mut Vec<u8>>| replies.bulk_or_null(old.map(|v| &**v)));
            store.remove(key);
        }
        (b"MGET", keys @ [_, ..]) => {
            replies.array(keys.len());
            for key in keys {
                store.with(key, |entry| match entry.map(|entry| &entry.value) {
                    Some(Value::String(value)) => replies.bulk(value),
                    _ => replies.null(),
                });
            }
        }
        (b"MSET", pairs @ [_, _, ..]) if pairs.len() % 2 == 0 => {
            pairs.chunks(2).for_each(|pair| store.set(pair[0], pair[1].to_vec(), None));
            replies.ok();
        }
        (b"APPEND", [key, more]) => {
            let length = change!(store, key, String, |value: &mut Vec<u8>| {
                value.extend_from_slice(more);
                value.len()
            });
            replies.integer(length as i64);
        }
        (b"STRLEN", [key]) => {
            let length =
                look!(store, key, String, |value: Option<&mut Vec<u8>>| value.map_or(0, |v| v.len()));
            replies.integer(length as i64);
        }
        (b"INCR", [key]) => add(key, 1, store, replies)?,
        (b"DECR", [key]) => add(key, -1, store, replies)?,
        (b"INCRBY", [key, by]) => add(key, integer(by)?, store, replies)?,
        (b"DECRBY", [key, by]) => {
            add(key, integer(by)?.checked_neg().ok_or(Refused::Overflow)?, store, replies)?;
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn add(key: &[u8], by: i64, store: &Store, replies: &mut Replies) -> Done {
    let sum = change!(store, key, String, |value: &mut Vec<u8>| {
        let before = if value.is_empty() { 0 } else { integer(value)? };
        let sum = before.checked_add(by).ok_or(Refused::Overflow)?;
        *value = sum.to_string().into_bytes();
        Ok(sum)
    })?;
    replies.integer(sum);
    Ok(())
}

fn set(key: &[u8], value: &[u8], options: &[&[u8]], store: &Store, replies: &mut Replies) -> Done {
    let (mut until, mut keep, mut only, mut get) = (None, false, None, false);
    let mut options = options.iter();
    while let Some(option) = options.next() {
        match &*option.to_ascii_uppercase() {
            unit @ (b"EX" | b"PX") => {
                let time = integer(options.next().ok_or(Refused::Syntax)?)?;
                let time = u64::try_from(time).map_err(|_| Refused::Integer)?;
                until = Some(after(time.saturating_mul(if unit == b"EX" { 1000 } else { 1 })));
            }
            b"KEEPTTL" => keep = true,
            b"NX" => only = Some(false),
            b"XX" => only = Some(true),
            b"GET" => get = true,
            _ => return Err(Refused::Syntax),
        }
    }
    let before: Option<(Option<Instant>, bool)> = store.with(key, |entry| {
        if get {
            match entry.as_ref().map(|entry| &entry.value) {
                Some(Value::String(value)) => replies.bulk(value),
                Some(_) => return Err(Refused::Type),
                None => replies.null(),
            }
        }
        Ok(entry.map(|entry| (entry.until, true)))
    })?;
    let allowed = only.is_none_or(|there| there == before.is_some());
    if allowed {
        let until = if keep { before.and_then(|(until, _)| until) } else { until };
        store.set(key, value.to_vec(), until);
    }
    match (get, allowed) {
        (true, _) => {}
        (false, true) => replies.ok(),
        (false, false) => replies.null(),
    }
    Ok(())
}

fn lists(name: &[u8], arguments: &[&[u8]], store: &Store, replies: &mut Replies) -> Result<bool, Refused> {
    type List = VecDeque<Vec<u8>>;
    match (name, arguments) {
        (b"LPUSH" | b"RPUSH", [key, values @ ..]) if !values.is_empty() => {
            let length = change!(store, key, List, |list: &mut List| {
                for value in values {
                    if name == b"LPUSH" {
                        list.push_front(value.to_vec())
                    } else {
                        list.push_back(value.to_vec())
                    }
                }
                list.len()
            });
            replies.integer(length as i64);
        }
        (b"LPOP" | b"RPOP", [key]) => {
            let popped = change!(store, key, List, |list: &mut List| {
                if name == b"LPOP" { list.pop_front() } else { list.pop_back() }
            });
            replies.bulk_or_null(popped.as_deref());
        }
        (b"LLEN", [key]) => {
            let length = look!(store, key, List, |list: Option<&mut List>| list.map_or(0, |list| list.len()));
            replies.integer(length as i64);
        }
        (b"LINDEX", [key, at]) => {
            let at = integer(at)?;
            look!(store, key, List, |list: Option<&mut List>| {
                let found = list.and_then(|list| list.get(place(at, list.len())?));
                replies.bulk_or_null(found.map(|value| &**value));
            });
        }
        (b"LRANGE", [key, from, to]) => {
            let (from, to) = (integer(from)?, integer(to)?);
            look!(store, key, List, |list: Option<&mut List>| {
                let Some(list) = list else { return replies.array(0) };
                let length = list.len() as i64;
                let from = if from < 0 { (from + length).max(0) } else { from };
                let to = if to < 0 { to + length } else { to.min(length - 1) };
                let count = (to + 1 - from).max(0) as usize;
                replies.array(count);
                list.iter().skip(from as usize).take(count).for_each(|value| replies.bulk(value));
            });
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// From the beginning, or, if negative, from the end.
fn place(at: i64, length: usize) -> Option<usize> {
    usize::try_from(if at < 0 { at + length as i64 } else { at }).ok()
}

fn sets(name: &[u8], arguments: &[&[u8]], store: &Store, replies: &mut Replies) -> Result<bool, Refused> {
    type Set = HashSet<Vec<u8>>;
    match (name, arguments) {
        (b"SADD", [key, members @ ..]) if !members.is_empty() => {
            let added = change!(store, key, Set, |set: &mut Set| {
                members.iter().filter(|member| set.insert(member.to_vec())).count()
            });
            replies.integer(added as i64);
        }
        (b"SREM", [key, members @ ..]) if !members.is_empty() => {
            let removed = change!(store, key, Set, |set: &mut Set| {
                members.iter().filter(|member| set.remove(**member)).count()
            });
            replies.integer(removed as i64);
        }
        (b"SISMEMBER", [key, member]) => {
            let is =
                look!(store, key, Set, |set: Option<&mut Set>| set.is_some_and(|set| set.contains(*member)));
            replies.integer(i64::from(is));
        }
        (b"SMEMBERS", [key]) => look!(store, key, Set, |set: Option<&mut Set>| {
            replies.array(set.as_ref().map_or(0, |set| set.len()));
            set.iter().flat_map(|set| set.iter()).for_each(|member| replies.bulk(member));
        }),
        (b"SCARD", [key]) => {
            let count = look!(store, key, Set, |set: Option<&mut Set>| set.map_or(0, |set| set.len()));
            replies.integer(count as i64);
        }
        (b"SPOP", [key]) => {
            let popped = change!(store, key, Set, |set: &mut Set| {
                let member = set.iter().next().cloned();
                member.and_then(|member| set.take(&member))
            });
            replies.bulk_or_null(popped.as_deref());
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn hashes(name: &[u8], arguments: &[&[u8]], store: &Store, replies: &mut Replies) -> Result<bool, Refused> {
    type Hash = HashMap<Vec<u8>, Vec<u8>>;
    match (name, arguments) {
        (b"HSET" | b"HMSET", [key, pairs @ ..]) if !pairs.is_empty() && pairs.len() % 2 == 0 => {
            let added = change!(store, key, Hash, |hash: &mut Hash| {
                let set = |pair: &&[&[u8]]| hash.insert(pair[0].to_vec(), pair[1].to_vec()).is_none();
                pairs.chunks(2).filter(set).count()
            });
            if name == b"HSET" { replies.integer(added as i64) } else { replies.ok() }
        }
        (b"HGET", [key, field]) => look!(store, key, Hash, |hash: Option<&mut Hash>| {
            replies.bulk_or_null(hash.and_then(|hash| hash.get(*field)).map(|value| &**value));
        }),
        (b"HMGET", [key, fields @ ..]) if !fields.is_empty() => {
            look!(store, key, Hash, |hash: Option<&mut Hash>| {
                replies.array(fields.len());
                for field in fields {
                    let found = hash.as_ref().and_then(|hash| hash.get(*field));
                    replies.bulk_or_null(found.map(|value| &**value));
                }
            });
        }
        (b"HDEL", [key, fields @ ..]) if !fields.is_empty() => {
            let removed = change!(store, key, Hash, |hash: &mut Hash| {
                fields.iter().filter(|field| hash.remove(**field).is_some()).count()
            });
            replies.integer(removed as i64);
        }
        (b"HGETALL" | b"HKEYS" | b"HVALS", [key]) => look!(store, key, Hash, |hash: Option<&mut Hash>| {
            let (fields, values) = (name != b"HVALS", name != b"HKEYS");
            let each = usize::from(fields) + usize::from(values);
            replies.array(hash.as_ref().map_or(0, |hash| hash.len() * each));
            for (field, value) in hash.into_iter().flatten() {
                if fields {
                    replies.bulk(field);
                }
                if values {
                    replies.bulk(value);
                }
            }
        }),
        (b"HLEN", [key]) => {
            let count = look!(store, key, Hash, |hash: Option<&mut Hash>| hash.map_or(0, |hash| hash.len()));
            replies.integer(count as i64);
        }
        (b"HEXISTS", [key, field]) => {
            let is = look!(store, key, Hash, |hash: Option<&mut Hash>| {
                hash.is_some_and(|hash| hash.contains_key(*field))
            });
            replies.integer(i64::from(is));
        }
        (b"HINCRBY", [key, field, by]) => {
            let by = integer(by)?;
            let sum = change!(store, key, Hash, |hash: &mut Hash| {
                let before = hash.get(*field).map_or(Ok(0), |value| integer(value))?;
                let sum = before.checked_add(by).ok_or(Refused::Overflow)?;
                hash.insert(field.to_vec(), sum.to_string().into_bytes());
                Ok(sum)
            })?;
            replies.integer(sum);
        }
        _ => return Ok(false),
    }
    Ok(true)
}
