//! Commands for values, by the kind of value: each is in a file of its own.

use super::commands::Refused;
use super::protocol::Replies;
use super::store::Store;
use super::{hashes, lists, sets, sorted, strings};

pub(crate) type Done = Result<(), Refused>;

/// Runs a command for values of one kind: whether there is one of that name with so many arguments.
pub(crate) type Command = fn(&[u8], &[&[u8]], &Store, &mut Replies) -> Result<bool, Refused>;

/// Looks at a value of one kind, if there is one.
macro_rules! look {
    ($store:expr, $key:expr, $kind:ident, $look:expr) => {
        $store.with($key, |entry| match entry.map(|entry| &mut entry.value) {
            None => Ok($look(None)),
            Some(Value::$kind(value)) => Ok($look(Some(value))),
            Some(_) => Err(Refused::Type),
        })?
    };
}

/// Changes a value of one kind, which is made if there is none: empty, or as `$new` says. `$change` says first whether it
/// has changed something.
macro_rules! change {
    ($store:expr, $key:expr, $kind:ident, $change:expr) => {
        change!($store, $key, $kind, Default::default(), $change)
    };
    ($store:expr, $key:expr, $kind:ident, $new:expr, $change:expr) => {
        $store.change(
            $key,
            || Value::$kind($new),
            |value| match value {
                Value::$kind(value) => $change(value),
                _ => Err(Refused::Type),
            },
        )?
    };
}

pub(crate) use {change, look};

/// What runs the command of this name.
pub(crate) fn find(name: &[u8]) -> Option<Command> {
    Some(match name {
        b"GET" | b"SET" | b"SETNX" | b"SETEX" | b"PSETEX" | b"GETSET" | b"GETDEL" | b"MGET" | b"MSET"
        | b"MSETNX" | b"GETEX" | b"GETRANGE" | b"SUBSTR" | b"SETRANGE" | b"APPEND" | b"STRLEN" | b"INCR"
        | b"DECR" | b"INCRBY" | b"DECRBY" | b"INCRBYFLOAT" => strings::run,
        b"LPUSH" | b"RPUSH" | b"LPOP" | b"RPOP" | b"LLEN" | b"LRANGE" | b"LINDEX" | b"LSET" | b"LREM"
        | b"LTRIM" | b"LPUSHX" | b"RPUSHX" | b"RPOPLPUSH" | b"LMOVE" | b"LINSERT" => lists::run,
        b"SADD" | b"SREM" | b"SISMEMBER" | b"SMEMBERS" | b"SCARD" | b"SPOP" | b"SINTER" | b"SUNION"
        | b"SDIFF" | b"SMISMEMBER" | b"SRANDMEMBER" | b"SMOVE" | b"SSCAN" => sets::run,
        b"HSET" | b"HMSET" | b"HGET" | b"HMGET" | b"HDEL" | b"HGETALL" | b"HLEN" | b"HEXISTS" | b"HKEYS"
        | b"HVALS" | b"HINCRBY" | b"HINCRBYFLOAT" | b"HSETNX" | b"HSTRLEN" | b"HSCAN" => hashes::run,
        b"ZADD" | b"ZINCRBY" | b"ZREM" | b"ZSCORE" | b"ZCARD" | b"ZRANK" | b"ZRANGE" | b"ZPOPMIN"
        | b"ZPOPMAX" | b"ZSCAN" => sorted::run,
        _ => return None,
    })
}

pub(crate) fn run(name: &[u8], arguments: &[&[u8]], store: &Store, replies: &mut Replies) -> Option<Done> {
    let done = find(name)?(name, arguments, store, replies);
    // What is known by name, but not with these arguments, has too few or too many.
    Some(done.and_then(|fits| fits.then_some(()).ok_or(Refused::Arguments)))
}
