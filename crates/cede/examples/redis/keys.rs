//! Commands for keys, whatever their values: existence, removal, expiry.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use super::commands::{Refused, integer};
use super::protocol::Replies;
use super::store::{Entry, Store, Value, after};

pub(crate) fn run(
    name: &[u8],
    arguments: &[&[u8]],
    store: &Store,
    replies: &mut Replies,
) -> Option<Result<(), Refused>> {
    Some(match (name, arguments) {
        (b"DEL" | b"UNLINK", keys @ [_, ..]) => {
            replies.integer(keys.iter().filter(|key| store.remove(key).is_some()).count() as i64);
            Ok(())
        }
        (b"EXISTS" | b"TOUCH", keys @ [_, ..]) => {
            let exists = |key: &&&[u8]| store.with(key, |entry| entry.is_some());
            replies.integer(keys.iter().filter(exists).count() as i64);
            Ok(())
        }
        (b"TYPE", [key]) => {
            replies.simple(store.with(key, |entry| entry.map_or("none", |entry| entry.value.kind())));
            Ok(())
        }
        (b"FLUSHALL" | b"FLUSHDB", _) => {
            store.clear();
            replies.ok();
            Ok(())
        }
        (b"DBSIZE", []) => {
            replies.integer(store.all().len() as i64);
            Ok(())
        }
        (b"KEYS", [pattern]) => {
            let all = store.all();
            let found: Vec<_> = all.keys().filter(|key| matches(pattern, key)).collect();
            replies.array(found.len());
            found.iter().for_each(|key| replies.bulk(key));
            Ok(())
        }
        (b"SCAN", [_, options @ ..]) => scan(options, store, replies),
        (b"RENAME" | b"RENAMENX", [from, to]) => rename(name, from, to, store, replies),
        (b"EXPIRE" | b"PEXPIRE" | b"EXPIREAT" | b"PEXPIREAT", [key, time]) => {
            expire(name, key, time, store, replies)
        }
        (b"TTL", [key]) => left(store, key, 1000, replies),
        (b"PTTL", [key]) => left(store, key, 1, replies),
        (b"PERSIST", [key]) => {
            replies.integer(i64::from(store.keep_until(key, None).flatten().is_some()));
            Ok(())
        }
        (name, _) if knows(name) => Err(Refused::Arguments),
        _ => return None,
    })
}

pub(crate) fn knows(name: &[u8]) -> bool {
    const NAMES: [&str; 19] = [
        "DEL",
        "UNLINK",
        "EXISTS",
        "TOUCH",
        "TYPE",
        "FLUSHALL",
        "FLUSHDB",
        "DBSIZE",
        "KEYS",
        "SCAN",
        "RENAME",
        "RENAMENX",
        "EXPIRE",
        "PEXPIRE",
        "EXPIREAT",
        "PEXPIREAT",
        "TTL",
        "PTTL",
        "PERSIST",
    ];
    NAMES.iter().any(|known| known.as_bytes() == name)
}

/// All keys, of a pattern or a type, in one piece: a cursor is for servers that could not tell them all at once.
fn scan(options: &[&[u8]], store: &Store, replies: &mut Replies) -> Result<(), Refused> {
    let (pattern, kind) = scanned(options)?;
    let all = store.all();
    let of_kind = |value: &Value| kind.is_none_or(|kind| kind.eq_ignore_ascii_case(value.kind().as_bytes()));
    let fits = |(key, entry): &(&Vec<u8>, &Entry)| matches(pattern, key) && of_kind(&entry.value);
    let found: Vec<_> = all.iter().filter(fits).map(|(key, _)| key.clone()).collect();
    replies.array(2);
    replies.bulk(b"0");
    replies.bulks(&found);
    Ok(())
}

/// The pattern of `HSCAN` and its like, which tell all in one piece too; they know no types.
pub(crate) fn pattern<'a>(options: &[&'a [u8]]) -> Result<&'a [u8], Refused> {
    match scanned(options)? {
        (pattern, None) => Ok(pattern),
        _ => Err(Refused::Syntax),
    }
}

/// The pattern and the type that are asked for. How many at a time is as the client likes: it gets all.
fn scanned<'a>(options: &[&'a [u8]]) -> Result<(&'a [u8], Option<&'a [u8]>), Refused> {
    let (mut pattern, mut kind) = (&b"*"[..], None);
    for option in options.chunks(2) {
        match (&*option[0].to_ascii_uppercase(), option.get(1)) {
            (b"MATCH", Some(word)) => pattern = word,
            (b"TYPE", Some(word)) => kind = Some(*word),
            (b"COUNT", Some(_)) => {}
            _ => return Err(Refused::Syntax),
        }
    }
    Ok((pattern, kind))
}

fn rename(name: &[u8], from: &[u8], to: &[u8], store: &Store, replies: &mut Replies) -> Result<(), Refused> {
    let free = store.with(to, |entry| entry.is_none());
    store.with(from, |entry| entry.map(drop)).ok_or(Refused::NoKey)?;
    if (name == b"RENAME" || free)
        && from != to
        && let Some(entry) = store.remove(from)
    {
        store.put(to, entry);
    }
    if name == b"RENAME" {
        replies.ok()
    } else {
        replies.integer(i64::from(free))
    }
    Ok(())
}

/// How long it is, in milliseconds, until so many since 1970.
pub(crate) fn from_now(millis: i64) -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    millis.saturating_sub(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn expire(name: &[u8], key: &[u8], time: &[u8], store: &Store, replies: &mut Replies) -> Result<(), Refused> {
    let factor = if name[0] == b'P' { 1 } else { 1000 };
    let millis = integer(time)?.checked_mul(factor).ok_or(Refused::Expiry)?;
    let millis = if name.ends_with(b"AT") { from_now(millis) } else { millis };
    let before = store.keep_until(key, Some(after(millis)));
    replies.integer(i64::from(before.is_some()));
    Ok(())
}

/// How long it is still there: -1 for ever, -2 if it is not.
fn left(store: &Store, key: &[u8], unit: u128, replies: &mut Replies) -> Result<(), Refused> {
    let left = store.with(key, |entry| match entry.map(|entry| entry.until) {
        None => -2,
        Some(None) => -1,
        Some(Some(until)) => {
            let millis = until.saturating_duration_since(Instant::now()).as_millis();
            i64::try_from((millis + unit / 2) / unit).unwrap_or(i64::MAX) // the nearest
        }
    });
    replies.integer(left);
    Ok(())
}

/// Whether a pattern with `*`, `?` and `[a-z]` fits, and `\\` before what stands for itself. It remembers the last `*` alone: one
/// before it need not take more than it has.
pub(crate) fn matches(pattern: &[u8], key: &[u8]) -> bool {
    let (mut at, mut seen) = (0, 0);
    let mut star = None; // where the pattern goes on behind it, and how much of the key comes before that
    while seen < key.len() {
        let fits = match pattern.get(at..).unwrap_or_default() {
            [b'*', ..] => {
                star = Some((at + 1, seen));
                at += 1;
                continue;
            }
            [b'?', ..] => 1,
            [b'[', class @ ..] => one_of(class, key[seen]).map_or(0, |length| length + 1),
            [b'\\', byte, ..] if *byte == key[seen] => 2,
            [byte, ..] if *byte == key[seen] && *byte != b'\\' => 1,
            _ => 0,
        };
        match star {
            _ if fits > 0 => (at, seen) = (at + fits, seen + 1),
            Some((behind, before)) => {
                star = Some((behind, before + 1));
                (at, seen) = (behind, before + 1);
            }
            None => return false,
        }
    }
    pattern.get(at..).is_none_or(|rest| rest.iter().all(|byte| *byte == b'*'))
}

/// Whether a byte is of the class that begins here, behind its bracket: how long that is, then.
fn one_of(class: &[u8], byte: u8) -> Option<usize> {
    let negated = class.first() == Some(&b'^');
    let (mut at, mut is) = (usize::from(negated), false);
    while at < class.len() && class[at] != b']' {
        let (first, last, length) = match &class[at..] {
            [b'\\', escaped, ..] => (*escaped, *escaped, 2),
            [first, b'-', last, ..] => (*first.min(last), *first.max(last), 3),
            [one, ..] => (*one, *one, 1),
            [] => break,
        };
        is |= (first..=last).contains(&byte);
        at += length;
    }
    (is != negated).then_some(at + 1) // an end without its bracket is one, as in Redis
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn classes_fit_as_in_redis() {
        let fit = ["h[ae]llo", "h[a-f]llo", "h[f-a]llo", "h[^x]llo", "*[lo]", "h[\\e]llo", "hell[o"];
        assert!(fit.iter().all(|pattern| matches(pattern.as_bytes(), b"hello")));
        let others = ["h[ai]llo", "h[^e]llo", "h[f-z]llo", "[]hello", "hello[", "hell[^o"];
        assert!(others.iter().all(|pattern| !matches(pattern.as_bytes(), b"hello")));
        assert!(matches(b"[\\]]", b"]") && matches(b"*[0-9]", b"key:7"));
    }

    #[test]
    fn patterns_fit_as_in_redis() {
        let fit = ["*", "h?llo", "h*o", "*l*o*", "hello**", "h\\ello", "*\\o"];
        assert!(fit.iter().all(|pattern| matches(pattern.as_bytes(), b"hello")));
        let others = ["", "h?lo", "*x*", "hell", "hello?", "h\\*o", "ello"];
        assert!(others.iter().all(|pattern| !matches(pattern.as_bytes(), b"hello")));
        assert!(matches(b"", b"") && matches(b"**", b"") && matches(b"a\\*", b"a*"));
    }

    /// Neither deep nor long.
    #[test]
    fn a_pattern_of_stars_takes_no_stack() {
        let pattern = [&vec![b'*'; 1 << 20][..], b"x"].concat();
        assert!(!matches(&pattern, &[b'a'; 100]));
        assert!(!matches(&b"*a".repeat(50), &[b'a'; 49]) && matches(&b"*a".repeat(50), &[b'a'; 60]));
    }
}
