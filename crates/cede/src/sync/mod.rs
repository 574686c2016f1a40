//! What tasks of one loop share and wait for: events, locks, conditions, semaphores, barriers, queues.
//!
//! | here | what waits | asyncio |
//! |---|---|---|
//! | [`Event`] | everybody, until somebody sets it | `Event` |
//! | [`Lock<T>`](Lock) | whoever wants the value, one after another | `Lock` |
//! | [`Condition`] | whoever needs a locked value to change | `Condition` |
//! | [`Semaphore`], [`BoundedSemaphore`] | all but *n* | `Semaphore`, `BoundedSemaphore` |
//! | [`Barrier`] | *n*, for each other | `Barrier` |
//! | [`Queue`], [`PriorityQueue`], [`LifoQueue`] | getters for items, putters for room | `Queue`, … |
//!
//! Channels with two ends, as Rust users know them, are in [`channel`](crate::channel).
//!
//! # How they are used
//!
//! They belong to one thread and are shared by reference or [`Rc`](std::rc::Rc); making one costs no
//! allocation and needs no loop. What must be awaited gives an object that does nothing until it is; a
//! guard gives back what it holds when it is dropped, however its scope is left.
//!
//! ```
//! use cede::{Awaitable, sync::Lock};
//! use std::rc::Rc;
//!
//! let total = cede::run(cede::coroutine(|| -> cede::Result<u32> {
//!     let purse = Rc::new(Lock::new(0));
//!     let earn = |coins| {
//!         let purse = Rc::clone(&purse);
//!         cede::create_task(cede::coroutine(move || -> cede::Result<()> {
//!             let mut purse = purse.lock().await_()?; // cedes while another task has it
//!             let before = *purse;
//!             cede::yield_now().await_()?; // the others run, but none gets at the purse
//!             *purse = before + coins;
//!             Ok(())
//!         }))
//!     };
//!     let (one, two) = (earn(1), earn(2));
//!     one.flatten().await_()?;
//!     two.flatten().await_()?;
//!     Ok(*purse.lock().await_()?)
//! }))??;
//! assert_eq!(total, 3);
//! # Ok::<(), cede::Error>(())
//! ```
//!
//! They stay on their thread; a loop on another one is reached through a [`LoopProxy`](crate::LoopProxy),
//! or a [`channel::oneshot::from_thread`](crate::channel::oneshot::from_thread):
//!
//! ```compile_fail
//! fn send<T: Send>(_: T) {}
//! send(cede::sync::Event::new()); // E0277: `Rc<…>` cannot be sent between threads safely
//! ```
//!
//! # Order
//!
//! Who waits first is woken first, and nobody who comes later goes before a waiter that is already
//! woken. When a waiter is cancelled after it was woken, the wake goes to the next. The algorithms are
//! CPython 3.13's, so every wake comes in the turn in which asyncio's would; only their cost is not: adding,
//! waking and cancelling a waiter is O(1), with one waiter or 100,000.
//!
//! # What goes wrong
//!
//! A cancelled wait gives [`Cancelled`](crate::Cancelled); `?` carries it. Waiting where nobody could cede
//! (outside a loop, in a callback, on a second loop) is a mistake of the program and panics, naming the
//! call, as [`sleep`](crate::sleep) does. While a stack is being unwound it cannot pause: there a wait
//! gives [`Cancelled`](crate::Cancelled) and one line is reported. What need not wait works anywhere.

mod barrier;
mod bounded_semaphore;
mod condition;
mod event;
mod gate;
mod lock;
mod permits;
mod queue;
mod semaphore;
mod wait_list;
mod wait_queue;

pub use barrier::{Barrier, BarrierAbort, BarrierError, BarrierReset, BarrierWait};
pub use bounded_semaphore::BoundedSemaphore;
pub use condition::{Condition, ConditionWait, ConditionWaitWhile};
pub use event::{Event, EventWait};
pub use lock::{Lock, LockAcquire, LockGuard};
pub use permits::{SemaphoreAcquire, SemaphorePermit};
pub use queue::{
    Fifo, GetError, Heap, Lifo, LifoQueue, PriorityQueue, PutError, Queue, QueueGet, QueueJoin, QueuePut,
    QueueStore,
};
pub use semaphore::{OwnedSemaphoreAcquire, OwnedSemaphorePermit, Semaphore};

pub(crate) use permits::Permits;
pub(crate) use wait_queue::{Left, WaitQueue};
