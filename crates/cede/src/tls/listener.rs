use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::ServerConfig;

use super::stream::TlsStream;
use crate::streams::Accept;

/// A listener whose streams are encrypted: for [`serve`](crate::streams::serve).
///
/// It does not wait for handshakes: each connection makes its own, in its task.
pub struct TlsListener<L> {
    listener: L,
    config: Arc<ServerConfig>,
}

impl<L: Accept> TlsListener<L> {
    /// Encrypts what this accepts.
    pub fn new(listener: L, config: Arc<ServerConfig>) -> Self {
        TlsListener { listener, config }
    }
}

impl<L: Accept> Accept for TlsListener<L> {
    type Stream = TlsStream<L::Stream>;

    fn accept_stream(&self) -> io::Result<Self::Stream> {
        TlsStream::accept(self.config.clone(), self.listener.accept_stream()?)
    }

    fn address(&self) -> Option<SocketAddr> {
        self.listener.address()
    }
}

impl<L: fmt::Debug> fmt::Debug for TlsListener<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsListener").field("listener", &self.listener).finish_non_exhaustive()
    }
}
