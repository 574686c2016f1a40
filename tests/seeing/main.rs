//! Seeing who has control: the loop by steps, snapshots, pictures, reports.
#![forbid(unsafe_code)]

mod diagnosis;
mod machine;
mod pictures;
