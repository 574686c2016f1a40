//! Signals as callbacks of a loop, and Ctrl-C as a cancellation.
//!
//! A signal may come on any thread, between any two instructions. The handler, which is `signal-hook`'s,
//! does four things that are allowed there, in this order:
//!
//! ```text
//!   default set? ── yes ─► what the signal did before us: ends the process, as a rule
//!        │ no
//!   arrived = true         which signal it was               ─┐
//!   rung    = true         the inbox's wake flag              ├─► the loop's next boundary: callbacks
//!   one byte into a pipe   ends the sleep of the loop         ─┘
//! ```
//!
//! `signal-hook` never takes its handler away again, and shares it with whoever else in the process uses
//! it. Giving a signal back therefore means setting `default`: from outside, it is as if nobody handled it.

mod before;
mod handlers;
mod interrupt;
mod registration;

pub(crate) use handlers::Signals;
pub(crate) use interrupt::{CtrlC, Pressed};
