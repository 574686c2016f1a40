//! TLS over any [`Stream`], by `rustls`; with the feature `tls`.
//!
//! A [`TlsStream`] is a stream like others: `Read` and `Write` that cede, and what
//! [`streams`](crate::streams) makes of them. Keys, certificates and whom to trust are for `rustls` itself,
//! which is here as [`rustls`], with the provider `ring`.
//!
//! The handshake is made by whoever reads or writes first. So accepting does not wait for slow clients: it is
//! their own task that does.

mod listener;
mod session;
mod stream;

pub use listener::TlsListener;
pub use rustls;
pub use stream::TlsStream;

#[cfg(doc)]
use crate::net::Stream;
