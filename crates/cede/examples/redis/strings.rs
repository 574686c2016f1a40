//! Commands for strings and counters.

use std::time::Instant;

use super::commands::{Refused, float, integer};
use super::keys::from_now;
use super::lists::range;
use super::protocol::{LONGEST, Replies};
use super::sorted::text_of;
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
            let unit = if name == b"SETEX" { b"EX" } else { b"PX" };
            store.set(key, value.to_vec(), until(unit, time)?);
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
                Ok((true, value.len()))
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
        (b"INCRBYFLOAT", [key, by]) => {
            let by = float(by)?;
            let sum = change!(store, key, String, b"0".to_vec(), |value: &mut Vec<u8>| {
                *value = text_of(plus(value, by)?);
                Ok((true, value.clone()))
            });
            replies.bulk(&sum);
        }
        (b"MSETNX", pairs @ [_, _, ..]) if pairs.len() % 2 == 0 => {
            let free = pairs.chunks(2).all(|pair| store.with(pair[0], |entry| entry.is_none()));
            if free {
                pairs.chunks(2).for_each(|pair| store.set(pair[0], pair[1].to_vec(), None));
            }
            replies.integer(i64::from(free));
        }
        (b"GETEX", [key, options @ ..]) => {
            let until = match options {
                [] => None,
                [word] if word.eq_ignore_ascii_case(b"PERSIST") => Some(None),
                [unit, time] => Some(Some(until(unit, time)?.ok_or(Refused::Syntax)?)),
                _ => return Err(Refused::Syntax),
            };
            look!(store, key, String, |value: Option<&mut Vec<u8>>| replies
                .bulk_or_null(value.map(|value| &**value)));
            if let Some(until) = until {
                store.keep_until(key, until);
            }
        }
        (b"GETRANGE" | b"SUBSTR", [key, from, to]) => {
            let (from, to) = (integer(from)?, integer(to)?);
            look!(store, key, String, |value: Option<&mut Vec<u8>>| {
                let value = value.map_or(&b""[..], |value| value);
                let (from, count) = range(from, to, value.len());
                replies.bulk(&value[from..from + count]);
            });
        }
        (b"SETRANGE", [key, at, bytes]) => {
            let at = usize::try_from(integer(at)?).map_err(|_| Refused::Range)?;
            let end = at.checked_add(bytes.len()).filter(|end| *end <= LONGEST).ok_or(Refused::Range)?;
            let length = change!(store, key, String, |value: &mut Vec<u8>| {
                if !bytes.is_empty() {
                    value.resize(value.len().max(end), 0);
                    value[at..end].copy_from_slice(bytes);
                }
                Ok((!bytes.is_empty(), value.len()))
            });
            replies.integer(length as i64);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// The sum with what is there, if it is a number.
pub(crate) fn plus(value: &[u8], by: f64) -> Result<f64, Refused> {
    let sum = float(value)? + by;
    if sum.is_finite() { Ok(sum) } else { Err(Refused::Infinite) }
}

/// A time by its unit (`EX`, `PX`: from now; `EXAT`, `PXAT`: since 1970), if it is one.
fn until(unit: &[u8], time: &[u8]) -> Result<Option<Instant>, Refused> {
    let (factor, since_now) = match &*unit.to_ascii_uppercase() {
        b"EX" => (1000, true),
        b"PX" => (1, true),
        b"EXAT" => (1000, false),
        b"PXAT" => (1, false),
        _ => return Ok(None),
    };
    let millis = integer(time)?.checked_mul(factor).filter(|millis| *millis > 0).ok_or(Refused::Expiry)?;
    Ok(Some(after(if since_now { millis } else { from_now(millis) })))
}

fn add(key: &[u8], by: i64, store: &Store, replies: &mut Replies) -> Done {
    let sum = change!(store, key, String, b"0".to_vec(), |value: &mut Vec<u8>| {
        let sum = integer(value)?.checked_add(by).ok_or(Refused::Overflow)?;
        *value = sum.to_string().into_bytes();
        Ok((true, sum))
    });
    replies.integer(sum);
    Ok(())
}

fn set(key: &[u8], value: &[u8], options: &[&[u8]], store: &Store, replies: &mut Replies) -> Done {
    let (mut end, mut keep, mut only, mut get) = (None, false, None, false);
    let mut options = options.iter();
    while let Some(option) = options.next() {
        match &*option.to_ascii_uppercase() {
            b"EX" | b"PX" | b"EXAT" | b"PXAT" if end.is_none() && !keep => {
                end = until(option, options.next().ok_or(Refused::Syntax)?)?;
            }
            b"KEEPTTL" if end.is_none() => keep = true,
            b"NX" if only != Some(true) => only = Some(false),
            b"XX" if only != Some(false) => only = Some(true),
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
        let end = if keep { before.and_then(|(until, _)| until) } else { end };
        store.set(key, value.to_vec(), end);
    }
    match (get, allowed) {
        (true, _) => {}
        (false, true) => replies.ok(),
        (false, false) => replies.null(),
    }
    Ok(())
}
