//! may with one worker thread, a coroutine a connection. Its sockets wait on a selector of each worker's.

use super::echo_all;
use may::net::{TcpListener, TcpStream};
use std::io;
use std::net::Ipv4Addr;

pub(super) fn echo(port: u16) -> anyhow::Result<()> {
    may::config().set_workers(1);
    let served = may::go!(move || -> io::Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        loop {
            let (stream, _) = listener.accept()?;
            may::go!(move || connection(stream));
        }
    });
    Ok(served.join().map_err(|_| anyhow::anyhow!("the coroutine panicked"))??)
}

fn connection(stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    echo_all(stream)
}
