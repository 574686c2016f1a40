//! Sockets in the shape of `std::net` and `std::os::unix::net`, on which a task cedes instead of blocking.
//!
//! The same names and the same methods, and `Read` and `Write` on `T` and on `&T`. So code that was written
//! for blocking sockets (a protocol crate, say) cedes without knowing it: where a read would block its
//! thread, here the task parks, and the loop gives control to others.
//!
//! ```
//! use cede::net::{TcpListener, TcpStream};
//! use std::io::{Read, Write};
//!
//! cede::run(cede::coroutine(|| -> std::io::Result<()> {
//!     let listener = TcpListener::bind("127.0.0.1:0")?;
//!     let address = listener.local_addr()?;
//!     cede::create_task(cede::coroutine(move || -> std::io::Result<()> {
//!         let (mut stream, _) = listener.accept()?; // cedes until somebody connects
//!         let mut bytes = [0; 64];
//!         let count = stream.read(&mut bytes)?; // cedes until something comes
//!         stream.write_all(&bytes[..count])
//!     }));
//!     let mut stream = TcpStream::connect(address)?;
//!     stream.write_all(b"hello")?;
//!     let mut answer = String::new();
//!     stream.read_to_string(&mut answer)?;
//!     assert_eq!(answer, "hello");
//!     Ok(())
//! }))??;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Cancelling and time limits
//!
//! A task that is cancelled while it waits for a socket gets an `io::Error` that carries the
//! [`Cancelled`](crate::Cancelled): `?` takes it out, and the task ends cancelled. It is never
//! `ErrorKind::Interrupted`, on which std's helpers try again for ever. An operation that was cancelled has
//! done nothing; what helpers like `read_exact` had read before is lost with them, as with any error.
//!
//! There are no `set_read_timeout` and its like: [`timeout`](crate::timeout) sets a limit to any piece of
//! code.
//!
//! # Sharing
//!
//! One task may wait to read and another to write. Two that wait to read, or to write, the same socket are
//! an error for the second: which of them would get the bytes is chance. A socket belongs to the loop it was
//! made on and stays on its thread. To hand it to another loop, take it out with `into_std`, send that, and
//! take it in with `from_std`.
//!
//! # Clones
//!
//! Whether a socket blocks is not a descriptor's own: all that `try_clone` or `dup` has made, and other programs that
//! have inherited it, share it. It is non-blocking as long as this loop has an end of it, for one that blocked would keep
//! the whole loop waiting. So `into_std` gives a blocking socket only when no clone is left; before that whoever reads
//! from it is told `WouldBlock`. Of ends that another loop has taken in, or that were duplicated otherwise, this one does
//! not know, and they are for the program to see to: they block from then on.
//!
//! # What is ready does not wait
//!
//! An operation that need not wait does not cede, but now and then: after 64 in a row the task lets others
//! go first, so that one whose data never ends does not starve them.
//!
//! # Options, and what of std's methods is not here
//!
//! What is not a method here can be set through the descriptor: `socket2::SockRef::from(&stream)`. Left out are
//! `set_nonblocking`, `set_read_timeout` and its like, and `connect_timeout` ([`timeout`](crate::timeout) around
//! [`connect`](TcpStream::connect) is that); `From` and `Into` a descriptor, for they need a loop and can fail:
//! `from_std` and `into_std` lie between; and what std calls deprecated or has not made stable.

mod accept;
mod addr;
mod connect;
mod datagram;
mod listener;
mod options;
mod split;
mod stream;
mod tcp_listener;
mod tcp_stream;
mod udp_socket;
mod unix_datagram;
mod unix_listener;
mod unix_stream;

pub use addr::{ToSocketAddrs, lookup_host};
pub use split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
pub use stream::Stream;
pub(crate) use stream::descriptor;
pub use tcp_listener::{TcpIncoming, TcpListener};
pub use tcp_stream::TcpStream;
pub use udp_socket::UdpSocket;
pub use unix_datagram::UnixDatagram;
pub use unix_listener::{UnixIncoming, UnixListener};
pub use unix_stream::UnixStream;
