//! Every value to each receiver, as long as it keeps up.
//!
//! The channel keeps a number of values. Sending never waits: where the channel is full, the oldest value
//! goes, and a receiver that had not seen it yet is told how many it has missed and goes on with the oldest
//! that is left.
//!
//! A receiver gets what was sent after it was made ([`Sender::subscribe`]).
//!
//! ```
//! use cede::{Awaitable, channel::broadcast};
//!
//! cede::run(cede::coroutine(|| -> cede::Result<()> {
//!     let (sender, receiver) = broadcast::channel(2);
//!     let late = sender.subscribe();
//!     sender.send("one")?;
//!     assert_eq!(receiver.recv().await_()?, "one");
//!     sender.send("two")?;
//!     sender.send("three")?; // "one" has to go
//!     assert_eq!(receiver.recv().await_()?, "two");
//!     assert_eq!(late.recv().await_().unwrap_err().missed(), Some(1));
//!     assert_eq!(late.recv().await_()?, "two");
//!     Ok(())
//! }))??;
//! # Ok::<(), cede::Error>(())
//! ```

mod error;
mod receiver;
mod sender;
mod shared;

use std::rc::Rc;

pub use error::{RecvError, SendError};
pub use receiver::{Receiver, Receiving};
pub use sender::Sender;

use shared::Shared;

/// A channel that keeps this many values.
///
/// # Panics
/// When that is none.
#[track_caller]
pub fn channel<T: Clone>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(capacity > 0, "broadcast::channel: the capacity must be > 0");
    let shared = Rc::new(Shared::new(capacity));
    (Sender::new(Rc::clone(&shared)), Receiver::new(shared))
}
