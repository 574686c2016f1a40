//! Every order of the steps that two or three threads can take through what they share, tried by loom.
//!
//! The structures are the library's own files, `threads/shared` and `foreign/ring.rs` in `crates/cede/src`,
//! compiled here with loom's locks and atomics: `shared/shim.rs` in this folder stands in for those beside them.
//! So this runs with `cargo test` like any other test. To look deeper than a commit should wait for:
//! `LOOM_MAX_PREEMPTIONS=4 cargo test --release -p cede-tests --test thread_models`.
#![forbid(unsafe_code)]
#![cfg(not(feature = "sanitizer"))] // loom has stacks of its own, and here is no unsafe code to look at
#![allow(unreachable_pub, dead_code)] // the files are `pub(crate)` at home, and a model uses a part of each

mod handover;
mod inbox;
mod job_queue;
mod oneshot;
mod parcel;
mod ring;
mod shared;
mod sleeper;

/// Tries every order with at most this many preemptions, which is where nearly all bugs show.
fn model(preemptions: usize, program: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(preemptions));
    builder.check(program);
}
