//! cede's servers: the echo, and the library's own examples for Redis and HTTP, whose sources these are.

use super::BUFFER;
use anyhow::anyhow;
use cede::net::{TcpListener, TcpStream};
use std::io::{self, Read as _, Write as _};
use std::net::Ipv4Addr;

#[expect(dead_code, reason = "its own main reads a command line")]
#[path = "../../../crates/cede/examples/redis/main.rs"]
mod redis_example;

#[expect(dead_code, reason = "its own main reads a command line")]
#[path = "../../../crates/cede/examples/http.rs"]
mod http_example;

/// The variable that chooses what the loop sleeps on.
pub(super) const REACTOR: &str = "CEDE_REACTOR";

pub(super) fn echo(port: u16) -> anyhow::Result<()> {
    run(move || {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        loop {
            let (stream, _) = listener.accept()?;
            stream.set_nodelay(true)?;
            cede::create_task(cede::coroutine(move || connection(stream)));
        }
    })
}

fn connection(mut stream: TcpStream) -> io::Result<()> {
    let mut bytes = [0; BUFFER];
    loop {
        let count = stream.read(&mut bytes)?;
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&bytes[..count])?;
    }
}

pub(super) fn redis(port: u16) -> anyhow::Result<()> {
    run(move || redis_example::serve(&format!("127.0.0.1:{port}")))
}

pub(super) fn http(port: u16) -> anyhow::Result<()> {
    run(move || http_example::serve(&format!("127.0.0.1:{port}")))
}

fn run(serve: impl FnOnce() -> io::Result<()> + 'static) -> anyhow::Result<()> {
    Ok(cede::run(cede::coroutine(serve)).map_err(|error| anyhow!("{error}"))??)
}

/// The same where the loop sleeps on io_uring; else an error, for a fallback would be measured in its name.
pub(super) mod on_uring {
    use anyhow::bail;

    pub(in super::super) fn echo(_port: u16) -> anyhow::Result<()> {
        bail!("this build of cede has no io_uring")
    }

    pub(in super::super) fn redis(port: u16) -> anyhow::Result<()> {
        echo(port)
    }

    pub(in super::super) fn http(port: u16) -> anyhow::Result<()> {
        echo(port)
    }
}
