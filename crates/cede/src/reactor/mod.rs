//! The reactor: where the loop sleeps, and is told which descriptors are ready.
//!
//! ```text
//!   a task reads         Source ──► not ready ──► Direction: the task parks          (source.rs, direction.rs)
//!   the loop sleeps      Reactor::sleep ──► Selector ──► the kernel                  (registry.rs, epoll.rs)
//!   the kernel answers   (key, what) ──► Direction of that key: the task is queued   (registry.rs)
//!   the task reads       now there is something
//! ```
//!
//! With io_uring (`uring/`, a feature) a task that would have to wait has the kernel read or write for it
//! instead; the rest is the same.
//!
//! Three rules:
//!
//! 1. **Wait first, then read.** A descriptor is registered once, edge-triggered, and what is known of it is
//!    kept: a read that would find nothing costs 311 ns and is not tried. A read that did not fill its buffer
//!    has emptied a TCP stream, so the next one waits at once.
//! 2. **Keys are generational.** An event names a place and a generation; one that comes after its
//!    descriptor has gone finds nothing, whoever has got the number since.
//! 3. **Nothing is allocated an operation.** What a task parks on is made with its descriptor and used again.

mod backend;
mod direction;
#[cfg_attr(not(feature = "faults"), path = "no_faults.rs")]
mod faults;
mod happened;
mod kept;
mod registry;
#[cfg(all(target_os = "linux", not(cede_portable)))]
#[path = "epoll.rs"]
mod selector;
#[cfg(any(not(target_os = "linux"), cede_portable))]
#[allow(unsafe_code)] // one of its rooms
#[path = "portable.rs"]
mod selector;
mod source;
#[cfg(all(feature = "io-uring", target_os = "linux", not(cede_portable)))]
#[allow(unsafe_code)] // one of its rooms
mod uring;
#[cfg(not(all(feature = "io-uring", target_os = "linux", not(cede_portable))))]
#[path = "no_uring.rs"]
mod uring;
mod watch;

pub use backend::Backend;
pub(crate) use faults::make;
pub(crate) use happened::Sleep;
pub(crate) use registry::Reactor;
pub(crate) use selector::Waker;
pub(crate) use source::{Source, Way, check_running, check_told};
