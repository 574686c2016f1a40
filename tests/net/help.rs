//! What these tests share.

use std::io;

use cede::net::{TcpListener, TcpStream};

/// Runs a program on the system's clock: sockets keep to no other.
#[track_caller]
pub(crate) fn run<T: 'static>(main: impl FnOnce() -> T + 'static) -> T {
    cede::run(cede::coroutine(main)).expect("the program has a result")
}

/// Both ends of a connection over the loopback.
pub(crate) fn tcp_pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    Ok((client, server))
}

/// A task of a closure.
#[track_caller]
pub(crate) fn spawn<T: 'static>(body: impl FnOnce() -> T + 'static) -> cede::Task<T> {
    cede::create_task(cede::coroutine(body))
}
