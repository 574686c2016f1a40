//! One value, once.
//!
//! [`channel`] connects two tasks. [`from_thread`] has a sender that may be moved to another thread: the
//! way to wait for what a thread computes.
//!
//! A receiver is awaited itself: by value, or by reference if it is to be kept where the wait is cancelled.
//!
//! ```
//! use cede::{Awaitable, channel::oneshot};
//!
//! cede::run(cede::coroutine(|| -> cede::Result<()> {
//!     let (sender, receiver) = oneshot::channel();
//!     cede::create_task(cede::coroutine(move || sender.send(42)));
//!     assert_eq!(receiver.await_()?, 42);
//!
//!     let (sender, receiver) = oneshot::from_thread();
//!     std::thread::spawn(move || sender.send(6 * 7).expect("the loop is there"));
//!     assert_eq!(receiver.await_()?, 42);
//!     Ok(())
//! }))??;
//! # Ok::<(), cede::Error>(())
//! ```

mod error;
mod receiver;
mod sender;
mod shared;
mod thread;

use std::rc::Rc;

pub use error::RecvError;
pub use receiver::Receiver;
pub use sender::Sender;
pub use thread::{ThreadSender, from_thread};

use shared::Shared;

/// A channel for one value.
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let shared = Rc::new(Shared::new());
    (Sender::new(Rc::clone(&shared)), Receiver::new(shared))
}
