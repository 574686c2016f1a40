//! monoio with each of its drivers, a task a connection. A read takes the buffer and gives it back.

use super::BUFFER;
use monoio::io::{AsyncReadRent as _, AsyncWriteRentExt as _};
use monoio::net::{TcpListener, TcpStream};
use std::io;

pub(super) fn on_uring(port: u16) -> anyhow::Result<()> {
    let mut runtime = monoio::RuntimeBuilder::<monoio::IoUringDriver>::new().build()?;
    Ok(runtime.block_on(serve(port))?)
}

pub(super) fn on_epoll(port: u16) -> anyhow::Result<()> {
    let mut runtime = monoio::RuntimeBuilder::<monoio::LegacyDriver>::new().build()?;
    Ok(runtime.block_on(serve(port))?)
}

async fn serve(port: u16) -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    loop {
        let (stream, _) = listener.accept().await?;
        monoio::spawn(connection(stream));
    }
}

async fn connection(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut bytes = Vec::with_capacity(BUFFER);
    loop {
        let (count, read) = stream.read(bytes).await;
        if count? == 0 {
            return Ok(());
        }
        // The vector is as long as what was read.
        let (sent, written) = stream.write_all(read).await;
        sent?;
        bytes = written;
    }
}
