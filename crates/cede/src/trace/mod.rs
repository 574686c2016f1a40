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
//! let log = recorder.log();
//! let steps: Vec<_> = log.steps().collect();
//! assert_eq!(steps, ["main (Task-1)", "child (Task-2)", "main (Task-1)"]);
//! # Ok::<(), cede::Error>(())
//! ```

#[cfg(feature = "trace")]
mod capture;
#[cfg(feature = "trace")]
mod html;
mod log;
mod narration;
#[cfg(feature = "trace")]
mod perfetto;
mod record;
mod recorder;
mod replay;
mod snapshot;
#[cfg(feature = "tracing")]
mod spans;
#[cfg(test)]
mod tests;
mod things;
mod timeline;
mod tree;
mod walk;
#[cfg(feature = "watchdog")]
mod watchdog;
mod words;

#[cfg(feature = "trace")]
pub use capture::Capture;
#[cfg(feature = "trace")]
pub use html::Page;
pub use log::{Log, Object, ObjectKind};
pub use record::{Event, Id, Job, Record, Site, Why};
pub use recorder::Recorder;
pub use replay::{Control, Doing, OnList, State, TaskNow};
pub use snapshot::{
    Entry, Held, Listed, PromiseState, Snapshot, TaskState, TimerState, WaitState, Waited, Wants, What,
};
#[cfg(feature = "tracing")]
pub use spans::Spans;
pub use walk::Place;
#[cfg(feature = "watchdog")]
pub use watchdog::Watchdog;
pub use words::Sentence;
