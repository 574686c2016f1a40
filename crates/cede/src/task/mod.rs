//! Tasks: coroutines tied to a loop.
//!
//! The invariant everything rests on, from asyncio's `tasks.py`: a live task *either* has a step in the
//! ready queue, *or* waits for exactly one thing, *or* is running. The way of a task through the code:
//!
//! ```text
//!  create   handle.rs   Task::new: a cell, a place in the register, its first step in the queue
//!     │
//!  queue    ../schedule.rs ◄──────────────────────────────────────────────┐
//!     │                                                                   │
//!  step     step.rs     the loop pops the step and gives the task control │
//!     │      handoff.rs  … or a task that parks does, without the loop     │
//!     │                                                                   │
//!  await    park.rs     adds a callback to what it waits for, and cedes   │
//!     │                                                                   │
//!  wake     ../completion.rs   what it waited for ends: callbacks ────────┘
//!     │
//!  finish   step.rs     the body has returned: outcome, callbacks, out of the register
//! ```

pub(crate) mod backtrace;
mod blocks;
mod cancel;
mod cell;
mod core;
mod factory;
mod handle;
mod handoff;
mod join;
mod output;
mod park;
mod scope;
mod step;
mod usage;
mod waiting;
mod workers;

pub use factory::TaskFactory;
pub use handle::{AnyTask, Task};
pub use join::Flatten;
pub use scope::{Scope, ScopedTask, scope};
pub use usage::StackUsage;

pub(crate) use blocks::Blocks;
pub(crate) use cell::{TaskRef, TaskWeak};
pub(crate) use core::TaskCore;
pub(crate) use park::{bad_yield, park, park_on, yield_now};
pub(crate) use step::{step, tear_down};
pub(crate) use usage::StackUsages;
pub(crate) use workers::Workers;
