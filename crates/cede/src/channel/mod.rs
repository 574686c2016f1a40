//! Channels between tasks of one loop, in the shapes Rust users reach for.
//!
//! | module | from | to | what arrives |
//! |---|---|---|---|
//! | [`mpsc`] | many senders | one receiver | every value, in order; senders may have to wait for room |
//! | [`oneshot`] | one | one | one value; [`from_thread`](oneshot::from_thread) takes it from another thread |
//! | [`watch`] | many | many | the latest value |
//! | [`broadcast`] | many | many | every value to each, unless it lags too far behind |
//!
//! Dropping an end closes it: receivers get what is still there and then learn that nothing more comes,
//! senders learn that nobody listens. A value that is not taken comes back in the error.
//!
//! They follow tokio's channels of the same names, so far as one thread allows: nothing is `Send`, nothing
//! locks, and a receiver needs no `&mut`. Waits are FIFO, and are refused, cancelled and cleaned up as in
//! [`sync`](crate::sync#what-goes-wrong). asyncio has no channels; its [`Queue`](crate::sync::Queue) is in
//! [`sync`](crate::sync).
//!
//! ```
//! use cede::{Awaitable, channel::mpsc};
//!
//! cede::run(cede::coroutine(|| -> cede::Result<()> {
//!     let (sender, receiver) = mpsc::channel(2);
//!     for name in ["oak", "birch"] {
//!         let sender = sender.clone();
//!         cede::create_task(cede::coroutine(move || sender.send(name).await_()));
//!     }
//!     drop(sender); // the tasks have theirs; with the last one the channel closes
//!     let mut trees = Vec::new();
//!     while let Some(tree) = receiver.recv().await_()? {
//!         trees.push(tree);
//!     }
//!     assert_eq!(trees, ["oak", "birch"]);
//!     Ok(())
//! }))??;
//! # Ok::<(), cede::Error>(())
//! ```

pub mod broadcast;
pub mod mpsc;
pub mod oneshot;
pub mod watch;

mod closed;

pub use closed::Closed;
