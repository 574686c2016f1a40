//! The commands, by their names.

use super::Shared;
use super::channels::{By, Subscriptions};
use super::keys;
use super::protocol::Replies;
use super::transaction::Transaction;
use super::values;

/// What comes after a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    Next,
    /// The client wants no more.
    Quit,
}

/// Why a command did nothing, as Redis says it.
pub(crate) enum Refused {
    Syntax,
    Arguments,
    Type,
    Integer,
    Float,
    Overflow,
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
        (b"EXEC", []) => match transaction.end() {
            None => replies.error("EXECABORT Transaction discarded because of previous errors."),
            Some(kept) => {
                replies.array(kept.len());
                for words in &kept {
                    let words: Vec<&[u8]> = words.iter().map(|word| &**word).collect();
                    perform(&words, shared, client, replies);
                }
            }
        },
        // A wrong number of arguments shows when it is run.
        (name, _) if transaction.is_open() && knows(name) => {
            transaction.keep(words);
            replies.simple("QUEUED");
        }
        (_, _) if transaction.is_open() => {
            transaction.breaks();
            replies.error(&text_of(&Refused::Unknown, words[0]));
        }
        _ => perform(words, shared, client, replies),
    }
    After::Next
}

/// Whether there is a command of this name.
fn knows(name: &[u8]) -> bool {
    const NAMES: [&str; 13] = [
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

fn perform(words: &[&[u8]], shared: &Shared, client: &mut Client, replies: &mut Replies) {
    let name = words[0].to_ascii_uppercase();
    let begun = replies.bytes.len();
    let subscriptions = &mut client.subscriptions;
    let done = match (&*name, &words[1..]) {
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
        replies.error(&text_of(&refused, words[0]));
    }
}

fn text_of(refused: &Refused, name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name).to_lowercase();
    match refused {
        Refused::Syntax => "ERR syntax error".to_owned(),
        Refused::Arguments => format!("ERR wrong number of arguments for '{name}' command"),
        Refused::Type => "WRONGTYPE Operation against a key holding the wrong kind of value".to_owned(),
        Refused::Integer => "ERR value is not an integer or out of range".to_owned(),
        Refused::Float => "ERR value is not a valid float".to_owned(),
        Refused::Overflow => "ERR increment or decrement would overflow".to_owned(),
        Refused::Unknown => format!("ERR unknown command '{name}'"),
    }
}

/// What clients ask before they begin.
fn of_server(
    name: &[u8],
    arguments: &[&[u8]],
    subscriptions: &Subscriptions,
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
        (b"CLIENT", [what]) if what.eq_ignore_ascii_case(b"GETNAME") => replies.null(),
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
