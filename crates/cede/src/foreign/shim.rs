//! Atomics. The models have a file of the same name with loom's.

pub(crate) use std::sync::atomic::{AtomicBool, Ordering};
