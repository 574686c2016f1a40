//! What a server can listen with.

use std::io;
use std::net::SocketAddr;

use crate::net::{Stream, TcpListener, TcpStream, UnixListener, UnixStream};

/// Something that accepts streams: a listener, or one that does more with what it accepts, as TLS does.
pub trait Accept {
    /// What it accepts.
    type Stream: Stream + 'static;

    /// Accepts the next connection. Cedes until there is one.
    ///
    /// # Errors
    /// One that ends the server; the cancellation.
    fn accept_stream(&self) -> io::Result<Self::Stream>;

    /// Where it listens, if that is an address.
    fn address(&self) -> Option<SocketAddr> {
        None
    }
}

impl Accept for TcpListener {
    type Stream = TcpStream;

    fn accept_stream(&self) -> io::Result<TcpStream> {
        let (stream, _) = self.accept()?;
        let _ = stream.set_nodelay(true); // as asyncio; one that has gone already reads its end
        Ok(stream)
    }

    fn address(&self) -> Option<SocketAddr> {
        self.local_addr().ok()
    }
}

impl Accept for UnixListener {
    type Stream = UnixStream;

    fn accept_stream(&self) -> io::Result<UnixStream> {
        Ok(self.accept()?.0)
    }
}
