//! Commands for hashes.

use std::collections::HashMap;

use super::commands::{Refused, float, integer};
use super::keys::{matches, pattern};
use super::protocol::Replies;
use super::sorted::text_of;
use super::store::{Store, Value};
use super::strings::plus;
use super::values::{change, look};

pub(crate) fn run(
    name: &[u8],
    arguments: &[&[u8]],
    store: &Store,
    replies: &mut Replies,
) -> Result<bool, Refused> {
    type Hash = HashMap<Vec<u8>, Vec<u8>>;
    match (name, arguments) {
        (b"HSET" | b"HMSET", [key, pairs @ ..]) if !pairs.is_empty() && pairs.len() % 2 == 0 => {
            let added = change!(store, key, Hash, |hash: &mut Hash| {
                let set = |pair: &&[&[u8]]| hash.insert(pair[0].to_vec(), pair[1].to_vec()).is_none();
                Ok((true, pairs.chunks(2).filter(set).count()))
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
                let removed = fields.iter().filter(|field| hash.remove(**field).is_some()).count();
                Ok((removed > 0, removed))
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
                Ok((true, sum))
            });
            replies.integer(sum);
        }
        (b"HINCRBYFLOAT", [key, field, by]) => {
            let by = float(by)?;
            let sum = change!(store, key, Hash, |hash: &mut Hash| {
                let sum = text_of(plus(hash.get(*field).map_or(b"0", |value| value), by)?);
                hash.insert(field.to_vec(), sum.clone());
                Ok((true, sum))
            });
            replies.bulk(&sum);
        }
        (b"HSETNX", [key, field, value]) => {
            let new = change!(store, key, Hash, |hash: &mut Hash| {
                let new = !hash.contains_key(*field);
                if new {
                    hash.insert(field.to_vec(), value.to_vec());
                }
                Ok((new, new))
            });
            replies.integer(i64::from(new));
        }
        (b"HSTRLEN", [key, field]) => {
            let length = look!(store, key, Hash, |hash: Option<&mut Hash>| {
                hash.and_then(|hash| hash.get(*field)).map_or(0, |value| value.len())
            });
            replies.integer(length as i64);
        }
        (b"HSCAN", [key, _, options @ ..]) => {
            let pattern = pattern(options)?;
            look!(store, key, Hash, |hash: Option<&mut Hash>| {
                let found = hash.into_iter().flatten().filter(|(field, _)| matches(pattern, field));
                let found: Vec<_> = found.flat_map(|(field, value)| [field.clone(), value.clone()]).collect();
                replies.array(2);
                replies.bulk(b"0");
                replies.bulks(&found);
            });
        }
        _ => return Ok(false),
    }
    Ok(true)
}
