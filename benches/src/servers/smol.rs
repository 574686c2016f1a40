//! smol's parts: a task a connection on `LocalExecutor`, sockets by async-io, driven as `smol::block_on` does.

use super::BUFFER;
use async_executor::LocalExecutor;
use async_io::Async;
use futures_lite::{AsyncReadExt as _, AsyncWriteExt as _};
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};

pub(super) fn echo(port: u16) -> anyhow::Result<()> {
    let executor = LocalExecutor::new();
    let listener = Async::<TcpListener>::bind((Ipv4Addr::LOCALHOST, port))?;
    async_io::block_on(executor.run(async {
        loop {
            let (stream, _) = listener.accept().await?;
            executor.spawn(connection(stream)).detach();
        }
    }))
}

async fn connection(mut stream: Async<TcpStream>) -> io::Result<()> {
    stream.get_ref().set_nodelay(true)?;
    let mut bytes = [0; BUFFER];
    loop {
        let count = stream.read(&mut bytes).await?;
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&bytes[..count]).await?;
    }
}
