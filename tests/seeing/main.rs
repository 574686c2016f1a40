//! Seeing who has control: the loop by steps, snapshots, pictures, reports.
#![forbid(unsafe_code)]

mod diagnosis;
mod exploring;
mod machine;
mod pictures;
mod spans;
