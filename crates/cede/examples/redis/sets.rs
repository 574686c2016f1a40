//! Commands for sets.

use std::collections::HashSet;

use super::commands::{Refused, integer};
use super::protocol::Replies;
use super::store::{Store, Value};
use super::values::{change, look};

pub(crate) fn run(
    name: &[u8],
    arguments: &[&[u8]],
    store: &Store,
    replies: &mut Replies,
) -> Result<bool, Refused> {
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
        (b"SPOP", [key]) => replies.bulk_or_null(pop(key, 1, store)?.first().map(|member| &**member)),
        (b"SPOP", [key, count]) => {
            let count = usize::try_from(integer(count)?).map_err(|_| Refused::Integer)?;
            replies.bulks(&pop(key, count, store)?);
        }
        (b"SINTER" | b"SUNION" | b"SDIFF", [first, others @ ..]) => {
            let of = |key: &[u8]| -> Result<Set, Refused> {
                Ok(look!(store, key, Set, |set: Option<&mut Set>| set
                    .map_or_else(Set::new, |set| set.clone())))
            };
            let mut found = of(first)?;
            for key in others {
                let other = of(key)?;
                match name {
                    b"SUNION" => found.extend(other),
                    b"SINTER" => found.retain(|member| other.contains(member)),
                    _ => found.retain(|member| !other.contains(member)),
                }
            }
            replies.bulks(&Vec::from_iter(found));
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn pop(key: &[u8], count: usize, store: &Store) -> Result<Vec<Vec<u8>>, Refused> {
    Ok(change!(store, key, Set, |set: &mut HashSet<Vec<u8>>| {
        let popped: Vec<_> = set.iter().take(count).cloned().collect();
        popped.iter().for_each(|member| {
            set.remove(member);
        });
        popped
    }))
}
