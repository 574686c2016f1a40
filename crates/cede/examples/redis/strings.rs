//! Commands for strings and counters.

use std::time::Instant;

use super::commands::{Refused, integer};
use super::protocol::Replies;
use super::store::{Store, Value, after};
use super::values::{Done, change, look};

pub(crate) fn run(
    name: &[u8],
    arguments: &[&[u8]],
    store: &Store,
    replies: &mut Replies,
) -> Result<bool, Refused> {
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
