//! The latest value, for whoever looks.
//!
//! [`Receiver::borrow`] gives the value as it is now, [`Receiver::changed`] waits until there is one that
//! this receiver has not seen. Values in between may be missed.
//!
//! What is borrowed is an [`Rc`] of the value, so it may be kept across awaits while others send; a value
//! lives as long as somebody looks at it.
//!
//! ```
//! use cede::{Awaitable, channel::watch};
//!
//! cede::run(cede::coroutine(|| -> cede::Result<()> {
//!     let (sender, receiver) = watch::channel("sunny");
//!     let hiker = cede::create_task(cede::coroutine(move || -> cede::Result<String> {
//!         let mut log = receiver.borrow_and_update().to_string();
//!         while receiver.changed().await_().is_ok() {
//!             log += " → ";
//!             log += *receiver.borrow_and_update();
//!         }
//!         Ok(log) // the sender is gone
//!     }));
//!     cede::yield_now().await_()?;
//!     sender.send("cloudy")?;
//!     sender.send("rain")?;
//!     drop(sender);
//!     assert_eq!(hiker.flatten().await_()?, "sunny → rain"); // it was not cloudy for long
//!     Ok(())
//! }))??;
//! # Ok::<(), cede::Error>(())
//! ```

mod error;
mod receiver;
mod sender;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

pub use error::{RecvError, SendError};
pub use receiver::{Changed, Receiver, WaitFor};
pub use sender::Sender;

use crate::sync::{Event, WaitQueue};

/// A channel that holds this value to begin with; the receiver counts it as seen.
pub fn channel<T>(value: T) -> (Sender<T>, Receiver<T>) {
    let shared = Rc::new(Shared {
        value: RefCell::new(Rc::new(value)),
        version: Cell::new(0),
        senders: Cell::new(0),
        receivers: Cell::new(0),
        unwatched: Event::new(),
        waiters: WaitQueue::new(),
    });
    (Sender::new(Rc::clone(&shared)), Receiver::new(shared))
}

/// What all ends share.
struct Shared<T> {
    value: RefCell<Rc<T>>,
    /// How many values have been sent.
    version: Cell<u64>,
    senders: Cell<usize>,
    receivers: Cell<usize>,
    /// Set while there are no receivers.
    unwatched: Event,
    waiters: WaitQueue,
}

impl<T> Shared<T> {
    fn borrow(&self) -> Rc<T> {
        Rc::clone(&self.value.borrow())
    }

    fn replace(&self, value: T) -> Rc<T> {
        let before = self.value.replace(Rc::new(value));
        self.version.set(self.version.get() + 1);
        self.waiters.wake_all();
        before
    }
}
