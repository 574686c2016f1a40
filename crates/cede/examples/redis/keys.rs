//! Commands for keys, whatever their values: existence, removal, expiry.

use std::time::Instant;

use super::commands::{Refused, integer};
use super::protocol::Replies;
use super::store::{Store, after};

pub(crate) fn run(
    name: &[u8],
    arguments: &[&[u8]],
    store: &Store,
    replies: &mut Replies,
) -> Option<Result<(), Refused>> {
    Some(match (name, arguments) {
        (b"DEL" | b"UNLINK", keys @ [_, ..]) => {
            replies.integer(keys.iter().filter(|key| store.remove(key)).count() as i64);
            Ok(())
        }
        (b"EXISTS", keys @ [_, ..]) => {
            let exists = |key: &&&[u8]| store.with(key, |entry| entry.is_some());
            replies.integer(keys.iter().filter(exists).count() as i64);
            Ok(())
        }
        (b"TYPE", [key]) => {
            replies.simple(store.with(key, |entry| entry.map_or("none", |entry| entry.value.kind())));
            Ok(())
        }
        (b"FLUSHALL" | b"FLUSHDB", _) => {
            store.all().clear();
            replies.ok();
            Ok(())
        }
        (b"DBSIZE", []) => {
            store.sweep();
            replies.integer(store.all().len() as i64);
            Ok(())
        }
        (b"KEYS", [pattern]) => {
            store.sweep();
            let all = store.all();
            let found: Vec<_> = all.keys().filter(|key| matches(pattern, key)).collect();
            replies.array(found.len());
            found.iter().for_each(|key| replies.bulk(key));
            Ok(())
        }
        (b"EXPIRE", [key, time]) => integer(time).map(|time| expire(store, key, time, 1000, replies)),
        (b"PEXPIRE", [key, time]) => integer(time).map(|time| expire(store, key, time, 1, replies)),
        (b"TTL", [key]) => left(store, key, 1000, replies),
        (b"PTTL", [key]) => left(store, key, 1, replies),
        (b"PERSIST", [key]) => {
            let persists = store.with(key, |entry| entry.is_some_and(|entry| entry.until.take().is_some()));
            replies.integer(i64::from(persists));
            Ok(())
        }
        (
            b"DEL" | b"UNLINK" | b"EXISTS" | b"TYPE" | b"KEYS" | b"EXPIRE" | b"PEXPIRE" | b"TTL" | b"PTTL"
            | b"PERSIST",
            _,
        ) => Err(Refused::Arguments),
        _ => return None,
    })
}

fn expire(store: &Store, key: &[u8], time: i64, unit: u64, replies: &mut Replies) {
    let there = store.with(key, |entry| match entry {
        Some(entry) => {
            let time = u64::try_from(time).unwrap_or(0); // in the past: now
            entry.until = Some(after(time.saturating_mul(unit)));
            true
        }
        None => false,
    });
    replies.integer(i64::from(there));
}

/// How long it is still there: -1 for ever, -2 if it is not.
fn left(store: &Store, key: &[u8], unit: u128, replies: &mut Replies) -> Result<(), Refused> {
    let left = store.with(key, |entry| match entry.map(|entry| entry.until) {
        None => -2,
        Some(None) => -1,
        Some(Some(until)) => {
            let millis = until.saturating_duration_since(Instant::now()).as_millis();
            i64::try_from(millis.div_ceil(unit)).unwrap_or(i64::MAX)
        }
    });
    replies.integer(left);
    Ok(())
}

/// Whether a pattern with `*` and `?` fits.
fn matches(pattern: &[u8], key: &[u8]) -> bool {
    match (pattern.split_first(), key.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => (0..=key.len()).any(|skipped| matches(rest, &key[skipped..])),
        (Some((b'?', rest)), Some((_, key))) => matches(rest, key),
        (Some((one, rest)), Some((other, key))) if one == other => matches(rest, key),
        _ => false,
    }
}
