//! Stacks: where coroutines keep their frames.
//!
//! All stacks of the process lie in one reservation of address space, in regions of one size class each;
//! a stack is an odd number of pages away from its neighbour, so that the tops of many stacks do not fall
//! into the same cache set.
//!
//! ```text
//!  reservation (mmap NORESERVE, 256 GiB by default, halved while the system refuses)
//!  ├── region 0: 64 KiB stacks ──┬── region 1: 256 KiB stacks ──┬── region 2: unused ──
//!  │                             │
//!  │ slot 0        slot 1        │            one slot, addresses growing upwards
//!  └┬─────────────┬─────────────┬┘            ┌───────┬──────────────────────────────┬───────┐
//!   │guard│ stack │guard│ stack │             │ guard │          … ◄── frames        │ head  │
//!   └─────┴───────┴─────┴───────┘             └───────┴──────────────────────────────┴───────┘
//!                                             limit    the stack grows down ◄──── base       top
//! ```
//!
//! The *guard* faults when touched; the handler in `overflow.rs` finds the slot from the address, reads the
//! *label* in its head (`head.rs`) and says whose stack it was. A stack that is given back keeps its pages and is
//! handed out again first (last in, first out), for its pages are the warm ones.
//!
//! Asking for a stack never aborts: at every limit the caller gets a [`StackError`].

#![allow(unsafe_code)] // this is the room for memory and stack switching; see docs/architecture.md

mod advice;
#[cfg(test)]
mod after_fork;
mod ahead;
mod altstack;
mod at_fork;
mod counts;
pub(crate) mod current;
#[cfg(test)]
mod foreign_thread;
#[cfg(test)]
mod fork;
mod guard;
mod head;
mod here;
mod label;
mod overflow;
mod pool;
mod reservation;
#[cfg(all(feature = "watchdog", target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(crate) mod sample;
mod settings;
mod trim;
mod usage;
mod worker;

pub use counts::{Counts, counts};
pub use guard::GuardMode;
pub use pool::{Pooled, pooled};
pub use settings::{StackError, StackSettings};
pub use trim::trim;

pub(crate) use ahead::{Place, fetch_lines};
pub(crate) use counts::{count_stack, count_switch};
pub(crate) use here::here;
pub(crate) use label::{Kind, Label};
pub(crate) use pool::{PooledStack, take};
pub(crate) use settings::{class_of, default_size, size_of_class};
pub(crate) use trim::trim_allocator;
pub(crate) use usage::{begin as begin_usage, end as end_usage};
pub(crate) use worker::{Below, Job, PATIENCE, Refused, Teardown, Worker, WorkerStatus, below, suspendable};

pub use altstack::protect_this_thread;
