//! Doing several things at once and waiting for them: what asyncio has in `tasks.py`, `timeouts.py` and
//! `taskgroups.py`, in the same turns.
//!
//! | file | its one idea |
//! |---|---|
//! | `waitable.rs` | a handle on something that ends |
//! | `joinable.rs` | what can be a child, and how its result is read |
//! | `gather/` | all values, or the first failure |
//! | `wait.rs` | which have ended |
//! | `as_completed.rs` | one after another, as they end |
//! | `shield.rs` | a wait that takes nothing along when it is cancelled |
//! | `timeout.rs` | a time limit for a closure |
//! | `wait_for.rs` | a time limit for an await |
//! | `task_group.rs`, `group_error.rs` | tasks that end together, and their errors |

mod as_completed;
mod gather;
mod group_error;
mod joinable;
mod shield;
mod task_group;
mod timeout;
mod wait;
mod wait_for;
mod waitable;

pub use as_completed::{AsCompleted, NextCompleted, NextIndexed, as_completed};
pub use gather::{Children, Gather, gather, gather_results, join};
pub use group_error::GroupError;
pub use joinable::Joinable;
pub use shield::{Shield, shield};
pub use task_group::{TaskGroup, task_group};
pub use timeout::{Timeout, timeout, timeout_at};
pub use wait::{ReturnWhen, Wait, Waited, wait};
pub use wait_for::{Limited, WaitFor, wait_for};
pub use waitable::Waitable;
