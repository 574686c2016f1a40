//! What two threads touch: each structure in a file of its own, small enough for every order of its steps
//! to be tried. `tests/models` compiles these very files with loom's locks and atomics in the place of
//! [`shim`], so they may use nothing else of the crate.
//!
//! ```text
//!   a plain thread                         the loop's thread                     a pool's thread
//!   ──────────────                         ─────────────────                     ───────────────
//!   Source ── post ─────► Inbox ──────────► runs the post
//!        ▲                  ▲                                  ┌── JobQueue ───► takes the job
//!        │                  └──── post ─────────────┐          │
//!   Parcel ── take ───────► receiver
//!   Oneshot ◄──── answer ── task's end              │   run_in_executor
//!                                                   └── Handover ◄────────────── result
//! ```

pub(crate) mod handover;
pub(crate) mod inbox;
pub(crate) mod job_queue;
pub(crate) mod oneshot;
pub(crate) mod parcel;
pub(crate) mod shim;
