//! Commands for lists.

use std::collections::VecDeque;

use super::commands::{Refused, count, integer};
use super::protocol::Replies;
use super::store::{Bytes, Store, Value};
use super::values::{change, look};

type List = VecDeque<Bytes>;

/// Which end of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Left,
    Right,
}

impl End {
    /// As the first letter of a command has it.
    fn of(name: &[u8]) -> Self {
        if name[0] == b'L' { End::Left } else { End::Right }
    }

    /// As an argument.
    pub(crate) fn named(word: &[u8]) -> Result<Self, Refused> {
        match &*word.to_ascii_uppercase() {
            b"LEFT" => Ok(End::Left),
            b"RIGHT" => Ok(End::Right),
            _ => Err(Refused::Syntax),
        }
    }

    fn put(self, list: &mut List, value: Bytes) {
        match self {
            End::Left => list.push_front(value),
            End::Right => list.push_back(value),
        }
    }

    fn take(self, list: &mut List) -> Option<Bytes> {
        match self {
            End::Left => list.pop_front(),
            End::Right => list.pop_back(),
        }
    }
}

pub(crate) fn run(
    name: &[u8],
    arguments: &[&[u8]],
    store: &Store,
    replies: &mut Replies,
) -> Result<bool, Refused> {
    match (name, arguments) {
        (b"LPUSH" | b"RPUSH" | b"LPUSHX" | b"RPUSHX", [key, values @ ..]) if !values.is_empty() => {
            let only_there = name.ends_with(b"X");
            let mut length = 0;
            if !only_there || look!(store, key, List, |list: Option<&mut List>| list.is_some()) {
                for value in values {
                    length = push(End::of(name), key, value, store)?;
                }
            }
            replies.integer(length as i64);
        }
        (b"LPOP" | b"RPOP", [key]) => {
            replies.bulk_or_null(pop(End::of(name), key, 1, store)?.first().map(|value| &**value));
        }
        (b"RPOPLPUSH", [from, to]) => {
            replies.bulk_or_null(shift((from, End::Right), (to, End::Left), store)?.as_deref());
        }
        (b"LMOVE", [from, to, out, into]) => {
            let (out, into) = (End::named(out)?, End::named(into)?);
            replies.bulk_or_null(shift((from, out), (to, into), store)?.as_deref());
        }
        (b"LINSERT", [key, side, pivot, value]) => {
            let behind = match &*side.to_ascii_uppercase() {
                b"BEFORE" => 0,
                b"AFTER" => 1,
                _ => return Err(Refused::Syntax),
            };
            let length = change!(store, key, List, |list: &mut List| {
                Ok(match list.iter().position(|other| other == pivot) {
                    _ if list.is_empty() => (false, 0),
                    None => (false, -1),
                    Some(at) => {
                        list.insert(at + behind, value.to_vec());
                        (true, list.len() as i64)
                    }
                })
            });
            replies.integer(length);
        }
        (b"LPOP" | b"RPOP", [key, most]) => {
            let most = count(most)?;
            let there = look!(store, key, List, |list: Option<&mut List>| list.is_some());
            let popped = pop(End::of(name), key, most, store)?;
            if there { replies.bulks(&popped) } else { replies.null_array() }
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
                let (from, count) = range(from, to, list.len());
                replies.array(count);
                list.range(from..from + count).for_each(|value| replies.bulk(value));
            });
        }
        (b"LTRIM", [key, from, to]) => {
            let (from, to) = (integer(from)?, integer(to)?);
            change!(store, key, List, |list: &mut List| {
                let (before, (from, count)) = (list.len(), range(from, to, list.len()));
                list.truncate(from + count);
                list.drain(..from);
                Ok((list.len() < before, ()))
            });
            replies.ok();
        }
        (b"LSET", [key, at, value]) => {
            let at = integer(at)?;
            let set = change!(store, key, List, |list: &mut List| {
                if list.is_empty() {
                    return Err(Refused::NoKey);
                }
                let found = place(at, list.len()).and_then(|at| list.get_mut(at));
                let set = found.map(|found| *found = value.to_vec()).is_some();
                Ok((set, set))
            });
            if set { replies.ok() } else { replies.error("ERR index out of range") }
        }
        (b"LREM", [key, count, value]) => {
            let count = integer(count)?;
            let removed = change!(store, key, List, |list: &mut List| {
                let removed = remove(list, count, value);
                Ok((removed > 0, removed))
            });
            replies.integer(removed as i64);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// Whether it is there, and a list: one that has something.
pub(crate) fn is_list(key: &[u8], store: &Store) -> bool {
    store.with(key, |entry| entry.is_some_and(|entry| matches!(entry.value, Value::List(_))))
}

/// How long it is then.
pub(crate) fn push(end: End, key: &[u8], value: &[u8], store: &Store) -> Result<usize, Refused> {
    Ok(change!(store, key, List, |list: &mut List| {
        end.put(list, value.to_vec());
        Ok((true, list.len()))
    }))
}

pub(crate) fn pop(end: End, key: &[u8], count: usize, store: &Store) -> Result<Vec<Bytes>, Refused> {
    Ok(change!(store, key, List, |list: &mut List| {
        let popped: Vec<_> = std::iter::from_fn(|| end.take(list)).take(count).collect();
        Ok((!popped.is_empty(), popped))
    }))
}

/// From one list to another, which may be the same: what.
pub(crate) fn shift(
    (from, out): (&[u8], End),
    (to, into): (&[u8], End),
    store: &Store,
) -> Result<Option<Bytes>, Refused> {
    if !look!(store, from, List, |list: Option<&mut List>| list.is_some()) {
        return Ok(None);
    }
    if from == to {
        // In one change: a list of which nothing is left goes away, and its time with it.
        return Ok(change!(store, from, List, |list: &mut List| {
            let taken = out.take(list);
            taken.iter().for_each(|value| into.put(list, value.clone()));
            Ok((taken.is_some(), taken))
        }));
    }
    look!(store, to, List, |_: Option<&mut List>| ()); // nothing is taken that cannot be put there
    let taken = pop(out, from, 1, store)?.pop();
    if let Some(value) = &taken {
        push(into, to, value, store)?;
    }
    Ok(taken)
}

/// So many that are like this, from the beginning, or, if negative, from the end; all, if 0. How many there were.
fn remove(list: &mut List, count: i64, value: &[u8]) -> usize {
    let like: Vec<usize> = (0..list.len()).filter(|at| list[*at] == value).collect();
    let most = if count == 0 { like.len() } else { like.len().min(count.unsigned_abs() as usize) };
    let gone = if count < 0 { &like[like.len() - most..] } else { &like[..most] };
    let mut at = 0;
    list.retain(|_| {
        at += 1;
        gone.binary_search(&(at - 1)).is_err()
    });
    most
}

/// Where a range begins, and how many it has of so many; its ends count from the end if they are negative.
pub(crate) fn range(from: i64, to: i64, length: usize) -> (usize, usize) {
    let length = length as i64;
    let from = if from < 0 { (from + length).max(0) } else { from.min(length) };
    let to = if to < 0 { (to + length).max(-1) } else { to.min(length - 1) };
    (from as usize, (to + 1 - from).max(0) as usize)
}

/// From the beginning, or, if negative, from the end.
fn place(at: i64, length: usize) -> Option<usize> {
    usize::try_from(if at < 0 { at + length as i64 } else { at }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_ends_where_the_list_does() {
        assert_eq!(range(0, -1, 3), (0, 3));
        assert_eq!(range(-2, 1, 3), (1, 1));
        assert_eq!(range(2, 1, 3), (2, 0));
        assert_eq!(range(i64::MIN, i64::MAX, 3), (0, 3));
        assert_eq!(range(i64::MAX, i64::MIN, 3), (3, 0));
    }

    #[test]
    fn those_that_are_like_a_value_go_from_the_end_that_the_sign_says() {
        let list = || VecDeque::from([b"a", b"b", b"a", b"c", b"a"].map(|value| value.to_vec()));
        let left = |count| {
            let mut list = list();
            remove(&mut list, count, b"a");
            Vec::from(list).concat()
        };
        assert_eq!([left(1), left(-2), left(0), left(9)], [&b"baca"[..], b"abc", b"bc", b"bc"]);
    }
}
