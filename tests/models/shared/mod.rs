//! What two threads touch: the library's files, with another shim.

#[path = "../../../crates/cede/src/threads/shared/handover.rs"]
pub(crate) mod handover;
#[path = "../../../crates/cede/src/threads/shared/inbox.rs"]
pub(crate) mod inbox;
#[path = "../../../crates/cede/src/threads/shared/job_queue.rs"]
pub(crate) mod job_queue;
#[path = "../../../crates/cede/src/threads/shared/oneshot.rs"]
pub(crate) mod oneshot;
#[path = "../../../crates/cede/src/threads/shared/parcel.rs"]
pub(crate) mod parcel;
#[path = "../../../crates/cede/src/foreign/ring.rs"]
pub(crate) mod ring;
pub(crate) mod shim;
