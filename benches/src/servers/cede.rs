//! cede's servers: the echo, and the library's own examples for Redis and HTTP, whose sources these are.

use super::echo_all;
use anyhow::anyhow;
use cede::Backend;
use cede::net::TcpListener;
use std::io;
use std::net::Ipv4Addr;

#[expect(dead_code, reason = "its own main reads a command line")]
#[path = "../../../crates/cede/examples/redis/main.rs"]
mod redis_example;

#[expect(dead_code, reason = "its own main reads a command line")]
#[path = "../../../crates/cede/examples/http.rs"]
mod http_example;

/// The variable that chooses how the kernel reads and writes for a loop.
pub(super) const REACTOR: &str = "CEDE_REACTOR";

pub(super) fn echo(port: u16) -> anyhow::Result<()> {
    run(move || {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        loop {
            let (stream, _) = listener.accept()?;
            stream.set_nodelay(true)?;
            cede::create_task(cede::coroutine(move || echo_all(stream)));
        }
    })
}

pub(super) fn redis(port: u16) -> anyhow::Result<()> {
    run(move || redis_example::serve(&format!("127.0.0.1:{port}")))
}

pub(super) fn http(port: u16) -> anyhow::Result<()> {
    run(move || http_example::serve(&format!("127.0.0.1:{port}")))
}

/// Serves on a loop that reads and writes as [`REACTOR`] says, and not otherwise: what the loop falls back to must
/// not be measured in the ring's name.
fn run(serve: impl FnOnce() -> io::Result<()> + 'static) -> anyhow::Result<()> {
    let serve = || -> io::Result<()> {
        let event_loop = cede::running_loop()?;
        let backend = event_loop.backend();
        event_loop.backend_refused().map_or(Ok(()), Err)?;
        let asked = std::env::var(REACTOR).is_ok_and(|word| word == "uring");
        assert_eq!(backend == Backend::IoUring, asked, "the loop has what was asked for");
        serve()
    };
    Ok(cede::run(cede::coroutine(serve)).map_err(|error| anyhow!("{error}"))??)
}
