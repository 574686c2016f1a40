//! Sorted sets, and commands for them.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use super::commands::{Refused, count, float, integer};
use super::keys::{matches, pattern};
use super::lists::range;
use super::protocol::Replies;
use super::store::{Bytes, Store, Value};
use super::values::{change, look};

/// Members by their scores, equal ones by their names.
#[derive(Debug, Default)]
pub(crate) struct Sorted {
    scores: HashMap<Bytes, f64>,
    order: BTreeSet<(Score, Bytes)>,
}

/// Never NaN: that is no number for a client.
#[derive(Clone, Copy, Debug)]
struct Score(f64);

impl Ord for Score {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.0 + 0.0).total_cmp(&(other.0 + 0.0)) // -0 is 0
    }
}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Score {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Score {}

impl Sorted {
    pub(crate) fn len(&self) -> usize {
        self.scores.len()
    }

    /// Whether it is new.
    fn set(&mut self, member: &[u8], score: f64) -> bool {
        let before = self.remove(member);
        self.scores.insert(member.to_vec(), score);
        self.order.insert((Score(score), member.to_vec()));
        before.is_none()
    }

    fn remove(&mut self, member: &[u8]) -> Option<f64> {
        let (member, score) = self.scores.remove_entry(member)?;
        self.order.remove(&(Score(score), member));
        Some(score)
    }

    fn pop(&mut self, least: bool) -> Option<(Bytes, f64)> {
        let (Score(score), member) = if least { self.order.pop_first() } else { self.order.pop_last() }?;
        self.scores.remove(&member);
        Some((member, score))
    }

    /// A range of places, from the least score on or from the greatest.
    fn range(&self, from: usize, count: usize, backwards: bool) -> Vec<(Bytes, f64)> {
        let found = |(Score(score), member): &(Score, Bytes)| (member.clone(), *score);
        match backwards {
            false => self.order.iter().skip(from).take(count).map(found).collect(),
            true => self.order.iter().rev().skip(from).take(count).map(found).collect(),
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
        (b"ZADD", [key, rest @ ..]) => return add(key, rest, store, replies),
        (b"ZINCRBY", [key, by, member]) => {
            let by = float(by)?;
            let sum = change!(store, key, Sorted, |sorted: &mut Sorted| {
                let before = sorted.scores.get(*member).copied();
                let sum = before.unwrap_or(0.0) + by;
                if sum.is_nan() {
                    return Err(Refused::Float);
                }
                sorted.set(member, sum);
                Ok((before != Some(sum), sum))
            });
            replies.bulk(&text_of(sum));
        }
        (b"ZREM", [key, members @ ..]) if !members.is_empty() => {
            let removed = change!(store, key, Sorted, |sorted: &mut Sorted| {
                let removed = members.iter().filter(|member| sorted.remove(member).is_some()).count();
                Ok((removed > 0, removed))
            });
            replies.integer(removed as i64);
        }
        (b"ZSCORE", [key, member]) => look!(store, key, Sorted, |sorted: Option<&mut Sorted>| {
            let score = sorted.and_then(|sorted| sorted.scores.get(*member));
            replies.bulk_or_null(score.map(|score| text_of(*score)).as_deref());
        }),
        (b"ZCARD", [key]) => {
            let count = look!(store, key, Sorted, |sorted: Option<&mut Sorted>| sorted
                .map_or(0, |sorted| sorted.len()));
            replies.integer(count as i64);
        }
        (b"ZRANK", [key, member]) => look!(store, key, Sorted, |sorted: Option<&mut Sorted>| {
            let place = sorted.and_then(|sorted| sorted.order.iter().position(|(_, other)| other == member));
            match place {
                Some(place) => replies.integer(place as i64),
                None => replies.null(),
            }
        }),
        (b"ZRANGE", [key, from, to, options @ ..]) => {
            let (from, to) = (integer(from)?, integer(to)?);
            let (mut scores, mut backwards) = (false, false);
            for option in options {
                match &*option.to_ascii_uppercase() {
                    b"WITHSCORES" => scores = true,
                    b"REV" => backwards = true,
                    _ => return Err(Refused::Syntax),
                }
            }
            look!(store, key, Sorted, |sorted: Option<&mut Sorted>| {
                let found = sorted.map_or_else(Vec::new, |sorted| {
                    let (from, count) = range(from, to, sorted.len());
                    sorted.range(from, count, backwards)
                });
                tell(&found, scores, replies);
            });
        }
        (b"ZSCAN", [key, _, options @ ..]) => {
            let pattern = pattern(options)?;
            look!(store, key, Sorted, |sorted: Option<&mut Sorted>| {
                let mut found = sorted.map_or_else(Vec::new, |sorted| sorted.range(0, usize::MAX, false));
                found.retain(|(member, _)| matches(pattern, member));
                replies.array(2);
                replies.bulk(b"0");
                tell(&found, true, replies);
            });
        }
        (b"ZPOPMIN" | b"ZPOPMAX", [key, most @ ..]) if most.len() <= 1 => {
            let most = most.first().map_or(Ok(1), |most| count(most))?;
            let popped = change!(store, key, Sorted, |sorted: &mut Sorted| {
                let popped: Vec<_> =
                    std::iter::from_fn(|| sorted.pop(name == b"ZPOPMIN")).take(most).collect();
                Ok((!popped.is_empty(), popped))
            });
            tell(&popped, true, replies);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// `[NX | XX] [CH] SCORE MEMBER …`
fn add(key: &[u8], rest: &[&[u8]], store: &Store, replies: &mut Replies) -> Result<bool, Refused> {
    let (mut only, mut changed_too, mut pairs) = (None, false, rest);
    while let [option, after @ ..] = pairs {
        match &*option.to_ascii_uppercase() {
            b"NX" => only = Some(false),
            b"XX" => only = Some(true),
            b"CH" => changed_too = true,
            _ => break,
        }
        pairs = after;
    }
    if pairs.is_empty() || pairs.len() % 2 != 0 {
        return Ok(false);
    }
    let pairs: Vec<(f64, &[u8])> =
        pairs.chunks(2).map(|pair| Ok((float(pair[0])?, pair[1]))).collect::<Result<_, Refused>>()?;
    let count = change!(store, key, Sorted, |sorted: &mut Sorted| {
        let (mut added, mut changed) = (0, 0);
        for (score, member) in pairs {
            let before = sorted.scores.get(member).copied();
            if only.is_some_and(|there| there != before.is_some()) || before == Some(score) {
                continue;
            }
            added += i64::from(sorted.set(member, score));
            changed += 1;
        }
        Ok((changed > 0, if changed_too { changed } else { added }))
    });
    replies.integer(count);
    Ok(true)
}

fn tell(found: &[(Bytes, f64)], scores: bool, replies: &mut Replies) {
    replies.array(found.len() * if scores { 2 } else { 1 });
    for (member, score) in found {
        replies.bulk(member);
        if scores {
            replies.bulk(&text_of(*score));
        }
    }
}

/// As Redis writes it: a whole number without a point, the infinite as `inf`.
pub(crate) fn text_of(score: f64) -> Vec<u8> {
    score.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_in_the_order_of_their_scores_and_then_of_their_names() {
        let mut sorted = Sorted::default();
        for (score, member) in [(2.0, "b"), (-0.0, "z"), (0.0, "a"), (f64::INFINITY, "y"), (2.0, "a2")] {
            assert!(sorted.set(member.as_bytes(), score));
        }
        assert!(!sorted.set(b"b", 1.5));
        let names =
            |found: Vec<(Bytes, f64)>| found.into_iter().map(|(member, _)| member).collect::<Vec<_>>();
        assert_eq!(names(sorted.range(0, 9, false)), [&b"a"[..], b"z", b"b", b"a2", b"y"]);
        assert_eq!(names(sorted.range(0, 2, true)), [&b"y"[..], b"a2"]);
        assert_eq!(sorted.pop(true), Some((b"a".to_vec(), 0.0)));
        assert_eq!((sorted.remove(b"y"), sorted.len()), (Some(f64::INFINITY), 3));
        assert_eq!([text_of(3.0), text_of(1.5), text_of(f64::NEG_INFINITY)], [&b"3"[..], b"1.5", b"-inf"]);
    }
}
