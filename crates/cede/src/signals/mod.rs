//! Signals as callbacks of a loop, and Ctrl-C as a cancellation.
//!
//! A signal may come on any thread, between any two instructions. The handler, which is `signal-hook`'s,
//! does four things that are allowed there, in this order:
//!
//! ```text
//!   heard here? ─── no ──► what the signal did before us: ends the process, as a rule
//!        │ yes
//!   arrived = true         which signal it was               ─┐
//!   rung    = true         the inbox's wake flag              ├─► the loop's next boundary: callbacks
//!   one byte into a pipe   ends the sleep of the loop         ─┘
//! ```
//!
//! `signal-hook` never takes its handler away again, and shares it with whoever else in the process uses
//! it. Giving a signal back therefore means that it is heard no more: from outside, it is as if nobody handled it.
//!
//! *Here* is the process. The child of a fork has a copy of the handler and of all that it looks at, the pipe included,
//! whose other end is the parent's: there the parent's loops hear nothing, and the child's own may have every signal.

#[allow(unsafe_code)] // one of its rooms
mod action;
mod before;
mod handlers;
mod interrupt;
mod known;
mod registration;

pub(crate) use handlers::Signals;
pub(crate) use interrupt::{CtrlC, Pressed};
