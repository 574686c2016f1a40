//! A oneshot whose sender may be on another thread.
//!
//! Nothing of the loop is shared between the threads. The sender puts the value into a box of its own and
//! posts a function to the loop; on the loop's thread that function finds the receiver by its key and moves
//! the value over:
//!
//! ```text
//!   another thread                        the loop's thread
//!   ThreadSender ── value ──► parcel      WAITING: key ─► (weak) Shared ◄── Receiver
//!        │                      ▲                            ▲
//!        └── post(key, parcel) ─┼─► inbox ─► callback ───────┘ value moved, task woken
//!                               └ taken back if the loop is closed
//! ```

use std::any::Any;
use std::cell::RefCell;
use std::fmt;
use std::rc::{Rc, Weak};
use std::sync::Arc;

use slotmap::{SlotMap, new_key_type};

use super::receiver::Receiver;
use super::shared::Shared;
use crate::error::Error;
use crate::event_loop::{LoopProxy, running_loop};
use crate::threads::shared::parcel::Parcel;

new_key_type! {
    /// A receiver of this thread as other threads know it. Stale, it finds nothing.
    struct ReceiverKey;
}

thread_local! {
    /// The receivers of this thread that wait for another one. Weak: a thread-local must own nothing that a
    /// task uses.
    static WAITING: RefCell<SlotMap<ReceiverKey, Weak<dyn Any>>> = RefCell::default();
}

/// A oneshot for a value that another thread sends to a task of the running loop.
///
/// While the sender lives, a loop that has nothing to do waits for it instead of reporting a deadlock.
///
/// # Panics
/// When no event loop runs on this thread.
#[track_caller]
pub fn from_thread<T: Send + 'static>() -> (ThreadSender<T>, Receiver<T>) {
    let Ok(event_loop) = running_loop() else {
        panic!("{}", Error::no_running_loop("oneshot::from_thread"));
    };
    let shared: Rc<Shared<T>> = Rc::new(Shared::new());
    let weak = Rc::downgrade(&shared);
    let key = WAITING.with_borrow_mut(|waiting| waiting.insert(weak));
    let parcel = Arc::new(Parcel::new());
    shared.keep(Box::new(Entry { key, parcel: parcel.clone() }));
    let sender = ThreadSender { proxy: event_loop.proxy(), key, sent: false, parcel };
    (sender, Receiver::new(shared))
}

/// The receiver's place in the register; goes with the receiver.
struct Entry<T> {
    key: ReceiverKey,
    parcel: Arc<Parcel<T>>,
}

impl<T> Drop for Entry<T> {
    fn drop(&mut self) {
        drop(self.parcel.refuse());
        // On a thread that is ending, the register may be gone already.
        let _ = WAITING.try_with(|waiting| waiting.borrow_mut().remove(self.key));
    }
}

/// The receiver, if it is still there.
fn find<T: 'static>(key: ReceiverKey) -> Option<Rc<Shared<T>>> {
    let shared = WAITING.with_borrow(|waiting| waiting.get(key)?.upgrade())?;
    shared.downcast().ok()
}

/// The sending end of [`from_thread`]: may be moved to another thread, and is consumed by the one value it
/// sends. Dropped without sending, it leaves the receiver with an error.
#[must_use = "dropped at once, it closes the channel at once"]
pub struct ThreadSender<T: Send + 'static> {
    proxy: LoopProxy,
    key: ReceiverKey,
    sent: bool,
    parcel: Arc<Parcel<T>>,
}

impl<T: Send + 'static> ThreadSender<T> {
    /// Sends the value: the receiver's task is woken on its own thread. Never waits.
    ///
    /// # Errors
    /// When the receiver is gone or its loop is closed: the value. A receiver that goes while the value is
    /// on its way takes it along.
    pub fn send(mut self, value: T) -> Result<(), T> {
        self.parcel.send(value)?;
        let (key, parcel) = (self.key, Arc::clone(&self.parcel));
        let posted = self.proxy.call_soon_threadsafe(move || {
            if let (Some(shared), Some(value)) = (find::<T>(key), parcel.take()) {
                drop(shared.send(value)); // closed meanwhile: nobody wants it
            }
        });
        self.sent = posted.is_ok();
        match posted {
            Ok(()) => Ok(()),
            Err(_closed) => self.parcel.take().map_or(Ok(()), Err),
        }
    }

    /// Whether the receiver is gone.
    pub fn is_closed(&self) -> bool {
        self.parcel.refused()
    }
}

impl<T: Send + 'static> Drop for ThreadSender<T> {
    fn drop(&mut self) {
        if !self.sent && !self.is_closed() {
            let key = self.key;
            // Refused, the loop is closed and its tasks are gone.
            let _ = self.proxy.call_soon_threadsafe(move || {
                if let Some(shared) = find::<T>(key) {
                    shared.end();
                }
            });
        }
    }
}

impl<T: Send + 'static> fmt::Debug for ThreadSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<oneshot::ThreadSender>")
    }
}
