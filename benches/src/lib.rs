//! cede's benchmarks: a harness that runs each workload for cede and for every peer it can find.
//!
//! ```text
//! cargo run --release -p cede-benches -- [ID …] [--quick] [--rounds COUNT] [--json FILE] [--html FILE]
//! ```
//!
//! [`workloads`] says what is done; [`peers`] has one file a system; [`runner`] interleaves the rounds, each in
//! a process of its own; [`servers`] and [`served`] are those whose load comes from outside; [`stats`] sums them
//! up; [`report`] shows them. The questions that need no peer are
//! criterion benches in `benches/`, one file each.

#![deny(unsafe_code)]

pub mod inside;
pub mod machine;
pub mod meter;
pub mod peers;
pub mod plan;
mod process;
pub mod report;
pub mod runner;
pub mod served;
pub mod servers;
pub mod stats;
pub mod versions;
pub mod workloads;
