//! A server that speaks Redis's protocol: strings, counters, lists, sets, sorted sets, hashes, expiry,
//! transactions, publish and subscribe, pipelining. Enough for `redis-benchmark`, `redis-cli` and common clients.
//!
//! ```text
//! cargo run --release --example redis [ADDRESS]
//! redis-benchmark -p 6399
//! ```
//!
//! One loop, a task for each client, and so no lock around the data: a command runs from its beginning to its
//! end without ceding. One that waits for something (`BLPOP`) looks first, and cedes after.

mod blocked;
mod channels;
mod commands;
mod connection;
mod hashes;
mod keys;
mod lists;
mod protocol;
mod sets;
mod sorted;
mod store;
mod strings;
mod transaction;
mod values;

use std::io;
use std::rc::Rc;
use std::time::Duration;

use cede::Awaitable;
use cede::net::TcpListener;

use blocked::Blocked;
use channels::Channels;
use store::Store;

/// How often what has expired, and nobody asks for, is removed.
const SWEEP: Duration = Duration::from_secs(1);

/// What all clients share.
#[derive(Default)]
struct Shared {
    store: Store,
    channels: Channels,
    blocked: Blocked,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:6399".to_owned());
    cede::run(cede::coroutine(move || serve(&address)))??;
    Ok(())
}

pub(crate) fn serve(address: &str) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    println!("redis: {}", listener.local_addr()?);
    let shared = Rc::new(Shared::default());
    let swept = shared.clone();
    cede::create_task(cede::coroutine(move || -> Result<(), cede::Cancelled> {
        loop {
            cede::sleep(SWEEP).await_()?;
            swept.store.sweep();
        }
    }));
    loop {
        let (stream, _) = listener.accept()?;
        let shared = shared.clone();
        cede::create_task(cede::coroutine(move || connection::serve(stream, &shared)));
    }
}
