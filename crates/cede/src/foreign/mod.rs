//! Waiting for a future of std's: what the task is parked on, and what wakers ring.
//!
//! ```text
//!   the task's stack             the loop's thread              any thread
//!   ┌────────────────────┐      ┌──────────────────────┐      ┌────────────────┐
//!   │ pin!(future)       │      │ Wait    what is      │      │ Waker, cloned  │
//!   │  poll(cx) ─────────┼──────┼─►       parked on    │      │ at will        │
//!   │  Pending: park ────┼─────►│   │                  │      │      │         │
//!   └────────────────────┘      │   └── Arc<Bell> ◄────┼──────┼──────┘         │
//!                               └──────────────────────┘      └────────────────┘
//! ```
//!
//! A wait and its bell are used again for the next future, if nobody has kept a waker: so awaiting a future
//! allocates nothing, and a waker that comes too late rings a bell that nobody hears.

mod bell;
mod ring;
mod shim;
mod wait;

pub(crate) use bell::{Home, answer};
pub(crate) use wait::{Loan, Waits};
