//! Commands for sets.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hasher};

use super::commands::{Refused, count, integer};
use super::keys::{matches, pattern};
use super::protocol::{MOST, Replies};
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
                let added = members.iter().filter(|member| set.insert(member.to_vec())).count();
                Ok((added > 0, added))
            });
            replies.integer(added as i64);
        }
        (b"SREM", [key, members @ ..]) if !members.is_empty() => {
            let removed = change!(store, key, Set, |set: &mut Set| {
                let removed = members.iter().filter(|member| set.remove(**member)).count();
                Ok((removed > 0, removed))
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
        (b"SPOP", [key, most]) => replies.bulks(&pop(key, count(most)?, store)?),
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
        (b"SMISMEMBER", [key, members @ ..]) if !members.is_empty() => {
            look!(store, key, Set, |set: Option<&mut Set>| {
                replies.array(members.len());
                for member in members {
                    replies.integer(i64::from(set.as_ref().is_some_and(|set| set.contains(*member))));
                }
            });
        }
        (b"SRANDMEMBER", [key]) => look!(store, key, Set, |set: Option<&mut Set>| {
            let some = set.and_then(|set| set.iter().nth(any(set.len())));
            replies.bulk_or_null(some.map(|member| &**member));
        }),
        (b"SRANDMEMBER", [key, count]) => {
            let count = integer(count)?;
            let most = usize::try_from(count.unsigned_abs()).map_err(|_| Refused::Integer)?;
            if count < 0 && most > MOST {
                return Err(Refused::Integer); // it would be told for ever, and nobody else anything
            }
            look!(store, key, Set, |set: Option<&mut Set>| {
                let mut all: Vec<_> = set.map_or_else(Vec::new, |set| set.iter().cloned().collect());
                if count < 0 {
                    let count = if all.is_empty() { 0 } else { most }; // one may come several times
                    replies.array(count);
                    (0..count).for_each(|_| replies.bulk(&all[any(all.len())]));
                } else {
                    let count = most.min(all.len());
                    let length = all.len();
                    (0..count).for_each(|at| all.swap(at, at + any(length - at)));
                    replies.bulks(&all[..count]);
                }
            });
        }
        (b"SMOVE", [from, to, member]) => {
            let there = look!(store, from, Set, |set: Option<&mut Set>| set.map(|set| set.contains(*member)));
            if there.is_some() {
                look!(store, to, Set, |_: Option<&mut Set>| ()); // nothing is taken that cannot be put there
            }
            let moved = there == Some(true);
            if moved && from != to {
                change!(store, from, Set, |set: &mut Set| Ok((set.remove(*member), ())));
                change!(store, to, Set, |set: &mut Set| Ok((set.insert(member.to_vec()), ())));
            }
            replies.integer(i64::from(moved));
        }
        (b"SSCAN", [key, _, options @ ..]) => {
            let pattern = pattern(options)?;
            look!(store, key, Set, |set: Option<&mut Set>| {
                let found = set.iter().flat_map(|set| set.iter()).filter(|member| matches(pattern, member));
                replies.array(2);
                replies.bulk(b"0");
                replies.bulks(&found.cloned().collect::<Vec<_>>());
            });
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
        Ok((!popped.is_empty(), popped))
    }))
}

/// A number below this, by chance; 0 below 0. std's hashers are seeded anew each time.
fn any(below: usize) -> usize {
    let chance = std::hash::RandomState::new().build_hasher().finish();
    (chance % below.max(1) as u64) as usize
}
