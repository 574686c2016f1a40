//! Seeing who has control: the event log, and what can be made of it.
//!
//! A [`Recorder`] is an [`Observer`](crate::Observer) that keeps the last events of a loop as plain data, a
//! [`Log`]. Everything else here reads logs.
//!
//! ```
//! use cede::trace::Recorder;
//!
//! #[cede::coroutine]
//! fn main() {
//!     cede::create_task(cede::coroutine(|| ()).named("child")).await.unwrap();
//! }
//!
//! let recorder = Recorder::new();
//! cede::Runner::new().observer(recorder.clone()).run(main())?;
//! let steps: Vec<_> = recorder.log().steps().collect();
//! assert_eq!(steps, ["main (Task-1)", "child (Task-2)", "main (Task-1)"]);
//! # Ok::<(), cede::Error>(())
//! ```

mod log;
mod record;
mod recorder;
mod snapshot;
#[cfg(test)]
mod tests;

pub use log::{Log, Object, ObjectKind};
pub use record::{Event, Id, Job, Record, Site, Why};
pub use recorder::Recorder;
pub use snapshot::{
    Entry, Listed, PromiseState, Snapshot, TaskState, TimerState, WaitState, Waited, Wants, What,
};
