//! The commands, by their names.

use super::Shared;
use super::channels::Subscriptions;
use super::keys;
use super::protocol::Replies;
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
    Overflow,
    Unknown,
}

/// Runs a command. It has one word at least.
pub(crate) fn run(
    words: &[&[u8]],
    shared: &Shared,
    subscriptions: &mut Subscriptions,
    replies: &mut Replies,
) -> After {
    let name = words[0].to_ascii_uppercase();
    let begun = replies.bytes.len();
    let done = match (&*name, &words[1..]) {
        (b"QUIT", _) => {
            replies.ok();
            return After::Quit;
        }
        (b"SUBSCRIBE", channels @ [_, ..]) => {
            channels.iter().for_each(|channel| subscriptions.subscribe(channel, replies));
            Ok(())
        }
        (b"UNSUBSCRIBE", channels) => {
            subscriptions.unsubscribe(channels, replies);
            Ok(())
        }
        (b"PUBLISH", [channel, message]) => {
            replies.integer(shared.channels.publish(channel, message) as i64);
            Ok(())
        }
        (name, arguments) => of_server(name, arguments, replies)
            .or_else(|| keys::run(name, arguments, &shared.store, replies))
            .or_else(|| values::run(name, arguments, &shared.store, replies))
            .unwrap_or(Err(Refused::Unknown)),
    };
    if let Err(refused) = done {
        replies.bytes.truncate(begun);
        replies.error(&text_of(&refused, words[0]));
    }
    After::Next
}

fn text_of(refused: &Refused, name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name).to_lowercase();
    match refused {
        Refused::Syntax => "ERR syntax error".to_owned(),
        Refused::Arguments => format!("ERR wrong number of arguments for '{name}' command"),
        Refused::Type => "WRONGTYPE Operation against a key holding the wrong kind of value".to_owned(),
        Refused::Integer => "ERR value is not an integer or out of range".to_owned(),
        Refused::Overflow => "ERR increment or decrement would overflow".to_owned(),
        Refused::Unknown => format!("ERR unknown command '{name}'"),
    }
}

/// What clients ask before they begin.
fn of_server(name: &[u8], arguments: &[&[u8]], replies: &mut Replies) -> Option<Result<(), Refused>> {
    match (name, arguments) {
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
