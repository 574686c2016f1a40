//! The commands, by their names.

use std::rc::Rc;
use std::time::Duration;

use super::Shared;
use super::blocked::Wanted;
use super::channels::{By, Subscriptions};
use super::keys;
use super::lists::End;
use super::protocol::Replies;
use super::transaction::Transaction;
use super::values;

/// What comes after a command.
pub(crate) enum After {
    Next,
    /// The client wants no more.
    Quit,
    /// There is nothing yet of what it wants.
    Wait(Rc<Wanted>),
}

/// Why a command did nothing, as Redis says it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refused {
    Syntax,
    Arguments,
    Type,
    Integer,
    Float,
    Infinite,
    Overflow,
    /// Of a time to wait.
    Time,
    NegativeTime,
    /// Of a time until which something is kept.
    Expiry,
    Negative,
    NoKey,
    Range,
    Unknown,
}

/// What one client has of its own.
pub(crate) struct Client {
    pub(crate) subscriptions: Subscriptions,
    pub(crate) transaction: Transaction,
}

/// Runs a command, or keeps it for later. It has one word at least.
pub(crate) fn run(words: &[&[u8]], shared: &Shared, client: &mut Client, replies: &mut Replies) -> After {
    let transaction = &mut client.transaction;
    match (&*words[0].to_ascii_uppercase(), &words[1..]) {
        (b"QUIT", _) => {
            replies.ok();
            return After::Quit;
        }
        (b"MULTI", []) if transaction.open() => replies.ok(),
        (b"MULTI", []) => replies.error("ERR MULTI calls can not be nested"),
        (b"DISCARD" | b"EXEC", []) if !transaction.is_open() => {
            replies.error(&format!("ERR {} without MULTI", String::from_utf8_lossy(words[0]).to_uppercase()));
        }
        (b"DISCARD", []) => {
            transaction.end();
            replies.ok();
        }
        (b"WATCH", _) if transaction.is_open() => replies.error("ERR WATCH inside MULTI is not allowed"),
        (b"WATCH", keys @ [_, ..]) => {
            keys.iter().for_each(|key| transaction.watch(shared.store.watch(key)));
            replies.ok();
        }
        (b"UNWATCH", []) if !transaction.is_open() => {
            transaction.end();
            replies.ok();
        }
        (b"EXEC", []) => {
            let changed = transaction.watched().iter().any(|key| shared.store.has_changed(key));
            match transaction.end() {
                None => replies.error("EXECABORT Transaction discarded because of previous errors."),
                Some(_) if changed => replies.null_array(),
                Some(kept) => {
                    replies.array(kept.len());
                    for words in &kept {
                        let words: Vec<&[u8]> = words.iter().map(|word| &**word).collect();
                        if let After::Wait(wanted) = perform(&words, shared, client, replies) {
                            wanted.reply(None, replies); // nobody waits in a transaction
                        }
                    }
                    shared.blocked.serve(&shared.store);
                }
            }
        }
        // A wrong number of arguments shows when it is run.
        (name, _) if transaction.is_open() && knows(name) => {
            transaction.keep(words);
            replies.simple("QUEUED");
        }
        (_, _) if transaction.is_open() => {
            transaction.breaks();
            refuse(Refused::Unknown, words[0], replies);
        }
        _ => {
            let after = perform(words, shared, client, replies);
            shared.blocked.serve(&shared.store);
            return after;
        }
    }
    After::Next
}

/// Whether there is a command of this name.
fn knows(name: &[u8]) -> bool {
    const NAMES: [&str; 19] = [
        "BLPOP",
        "BRPOP",
        "BLMOVE",
        "BRPOPLPUSH",
        "UNWATCH",
        "PUBSUB",
        "SUBSCRIBE",
        "UNSUBSCRIBE",
        "PSUBSCRIBE",
        "PUNSUBSCRIBE",
        "PUBLISH",
        "PING",
        "ECHO",
        "SELECT",
        "CLIENT",
        "CONFIG",
        "COMMAND",
        "HELLO",
        "INFO",
    ];
    NAMES.iter().any(|known| known.as_bytes() == name) || keys::knows(name) || values::find(name).is_some()
}

fn perform(words: &[&[u8]], shared: &Shared, client: &mut Client, replies: &mut Replies) -> After {
    let name = words[0].to_ascii_uppercase();
    let begun = replies.bytes.len();
    let subscriptions = &mut client.subscriptions;
    let mut after = After::Next;
    let done = match (&*name, &words[1..]) {
        (b"BLPOP" | b"BRPOP" | b"BLMOVE" | b"BRPOPLPUSH", arguments) => {
            wanted(&name, arguments).and_then(|wanted| {
                match wanted.take(&shared.store)? {
                    None => after = After::Wait(Rc::new(wanted)),
                    given => wanted.reply(given, replies),
                }
                Ok(())
            })
        }
        (b"WATCH", _) => Err(Refused::Arguments),
        // In a transaction; outside one, it has been done already.
        (b"UNWATCH", []) => {
            replies.ok();
            Ok(())
        }
        (b"PUBSUB", arguments) => shared.channels.tell_about(arguments, replies),
        (b"SUBSCRIBE", channels @ [_, ..]) => {
            channels.iter().for_each(|channel| subscriptions.subscribe(By::Name, channel, replies));
            Ok(())
        }
        (b"PSUBSCRIBE", patterns @ [_, ..]) => {
            patterns.iter().for_each(|pattern| subscriptions.subscribe(By::Pattern, pattern, replies));
            Ok(())
        }
        (b"UNSUBSCRIBE", channels) => {
            subscriptions.unsubscribe(By::Name, channels, replies);
            Ok(())
        }
        (b"PUNSUBSCRIBE", patterns) => {
            subscriptions.unsubscribe(By::Pattern, patterns, replies);
            Ok(())
        }
        (b"PUBLISH", [channel, message]) => {
            replies.integer(shared.channels.publish(channel, message) as i64);
            Ok(())
        }
        (name, arguments) => of_server(name, arguments, subscriptions, replies)
            .or_else(|| keys::run(name, arguments, &shared.store, replies))
            .or_else(|| values::run(name, arguments, &shared.store, replies))
            .unwrap_or(Err(Refused::Unknown)),
    };
    if let Err(refused) = done {
        replies.bytes.truncate(begun);
        refuse(refused, words[0], replies);
    }
    after
}

/// What a command waits for, if need be.
fn wanted(name: &[u8], arguments: &[&[u8]]) -> Result<Wanted, Refused> {
    let (keys, time, end, to) = match (name, arguments) {
        (b"BLPOP", [keys @ .., time]) if !keys.is_empty() => (keys, time, End::Left, None),
        (b"BRPOP", [keys @ .., time]) if !keys.is_empty() => (keys, time, End::Right, None),
        (b"BRPOPLPUSH", [from, to, time]) => (&[*from][..], time, End::Right, Some((to.to_vec(), End::Left))),
        (b"BLMOVE", [from, to, out, into, time]) => {
            (&[*from][..], time, End::named(out)?, Some((to.to_vec(), End::named(into)?)))
        }
        _ => return Err(Refused::Arguments),
    };
    let seconds = float(time).map_err(|_| Refused::Time)?;
    if seconds < 0.0 {
        return Err(Refused::NegativeTime);
    }
    let limit = Duration::try_from_secs_f64(seconds).map_err(|_| Refused::Time)?;
    let keys = keys.iter().map(|key| key.to_vec()).collect();
    Ok(Wanted { keys, end, to, limit: Some(limit).filter(|limit| !limit.is_zero()) })
}

pub(crate) fn refuse(refused: Refused, name: &[u8], replies: &mut Replies) {
    let name = String::from_utf8_lossy(name).to_lowercase();
    replies.error(&match refused {
        Refused::Syntax => "ERR syntax error".to_owned(),
        Refused::Arguments => format!("ERR wrong number of arguments for '{name}' command"),
        Refused::Type => "WRONGTYPE Operation against a key holding the wrong kind of value".to_owned(),
        Refused::Integer => "ERR value is not an integer or out of range".to_owned(),
        Refused::Float => "ERR value is not a valid float".to_owned(),
        Refused::Infinite => "ERR increment would produce NaN or Infinity".to_owned(),
        Refused::Overflow => "ERR increment or decrement would overflow".to_owned(),
        Refused::Time => "ERR timeout is not a float or out of range".to_owned(),
        Refused::NegativeTime => "ERR timeout is negative".to_owned(),
        Refused::Expiry => format!("ERR invalid expire time in '{name}' command"),
        Refused::Negative => "ERR value is out of range, must be positive".to_owned(),
        Refused::Range => "ERR offset is out of range".to_owned(),
        Refused::NoKey => "ERR no such key".to_owned(),
        Refused::Unknown => format!("ERR unknown command '{name}'"),
    });
}

/// What clients ask before they begin.
fn of_server(
    name: &[u8],
    arguments: &[&[u8]],
    subscriptions: &mut Subscriptions,
    replies: &mut Replies,
) -> Option<Result<(), Refused>> {
    match (name, arguments) {
        // Who listens is told everything in this form.
        (b"PING", text @ ([] | [_])) if subscriptions.any() => {
            replies.array(2);
            replies.bulk(b"pong");
            replies.bulk(text.first().unwrap_or(&&b""[..]));
        }
        (b"CLIENT", [what]) if what.eq_ignore_ascii_case(b"ID") => {
            replies.integer(subscriptions.client as i64)
        }
        (b"CLIENT", [what]) if what.eq_ignore_ascii_case(b"GETNAME") => {
            replies.bulk_or_null(subscriptions.name.as_deref());
        }
        (b"CLIENT", [what, name]) if what.eq_ignore_ascii_case(b"SETNAME") => {
            subscriptions.name = Some(name.to_vec()).filter(|name| !name.is_empty());
            replies.ok();
        }
        (b"PING", []) => replies.simple("PONG"),
        (b"PING" | b"ECHO", [text]) => replies.bulk(text),
        (b"SELECT" | b"CLIENT" | b"AUTH", [_, ..]) => replies.ok(),
        (b"CONFIG" | b"COMMAND", _) => replies.array(0),
        (b"HELLO", [] | [b"2", ..]) => {
            replies.array(4);
            for word in ["server", "redis", "version", "7.0.0"] {
                replies.bulk(word.as_bytes());
            }
        }
        (b"HELLO", _) => replies.error("NOPROTO unsupported protocol version"),
        (b"INFO", _) => replies.bulk(b"# Server\r\nredis_version:7.0.0\r\nredis_mode:standalone\r\n"),
        _ => return None,
    }
    Some(Ok(()))
}

/// A number as an argument.
pub(crate) fn integer(word: &[u8]) -> Result<i64, Refused> {
    std::str::from_utf8(word).ok().and_then(|text| text.parse().ok()).ok_or(Refused::Integer)
}

/// How many, as an argument.
pub(crate) fn count(word: &[u8]) -> Result<usize, Refused> {
    integer(word).ok().and_then(|count| count.try_into().ok()).ok_or(Refused::Negative)
}

/// A number with a point as an argument.
pub(crate) fn float(word: &[u8]) -> Result<f64, Refused> {
    let number = std::str::from_utf8(word).ok().and_then(|text| text.parse().ok());
    number.filter(|number: &f64| !number.is_nan()).ok_or(Refused::Float)
}
