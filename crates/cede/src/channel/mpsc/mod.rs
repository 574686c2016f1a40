//! Many senders, one receiver, every value in order.
//!
//! [`channel`] has room for a number of values, and a sender waits while it is full; [`unbounded`] has room
//! for any number, and sending never waits. Senders get room strictly in the order in which they asked.
//!
//! The channel closes when the last sender is dropped, and when the receiver is dropped or
//! [closes](Receiver::close) it. What was sent before can still be received.
//!
//! ```
//! use cede::{Awaitable, channel::mpsc};
//!
//! cede::run(cede::coroutine(|| -> cede::Result<()> {
//!     let (sender, receiver) = mpsc::unbounded();
//!     sender.send("hello")?;
//!     assert_eq!(receiver.recv().await_()?, Some("hello"));
//!     drop(receiver);
//!     let refused = sender.send("anybody there?").unwrap_err();
//!     assert_eq!(refused.to_string(), "mpsc: the channel is closed");
//!     assert_eq!(refused.into_value(), "anybody there?");
//!     Ok(())
//! }))??;
//! # Ok::<(), cede::Error>(())
//! ```

mod error;
mod receiver;
mod sender;
mod shared;

use std::rc::Rc;

pub use error::{SendError, TryRecvError};
pub use receiver::{Receiver, Receiving};
pub use sender::{Sender, Sending, UnboundedSender};

use sender::Link;
use shared::Shared;

/// A channel with room for this many values.
///
/// # Panics
/// When that is none: a value is always in the channel between being sent and being received.
#[track_caller]
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(capacity > 0, "mpsc::channel: the capacity must be > 0");
    let shared = Rc::new(Shared::new(Some(capacity)));
    (Sender::new(Link::new(&shared)), Receiver::new(shared))
}

/// A channel with room for any number of values. What is sent faster than it is received fills the memory.
pub fn unbounded<T>() -> (UnboundedSender<T>, Receiver<T>) {
    let shared = Rc::new(Shared::new(None));
    (UnboundedSender::new(Link::new(&shared)), Receiver::new(shared))
}
