//! What every stack has above its first frame: who runs there, and the worker whose stack it is, if it is one's.
//!
//! ```text
//!   top  ►┌────────────────┐
//!         │ colour         │  nothing: see `reservation.rs`
//!         ├────────────────┤
//!         │ label          │  `label.rs`
//!         │ worker's root  │  `worker.rs`; a generator's stack has none
//!   base ►├────────────────┤
//!         │ first frame    │  begins with the link to whoever has resumed this stack
//! ```
//!
//! So what a resumption needs lies together, and in a page that the stack has anyway.

use super::label::Label;
use super::worker::Root;

/// Frames are aligned to this, and so is all in the head.
const ALIGNMENT: usize = 16;
/// So far above the base the label lies.
const LABEL: usize = size_of::<Root>().next_multiple_of(ALIGNMENT);
/// So many bytes are kept free above the base of each stack: a multiple of a cache line.
pub(super) const SIZE: usize = (LABEL + size_of::<Label>()).next_multiple_of(64);

const _: () = assert!(align_of::<Label>() <= ALIGNMENT && align_of::<Root>() <= ALIGNMENT);

/// The place of the label of the stack with this base.
#[inline]
pub(super) fn label_at(base: usize) -> *mut Label {
    (base + LABEL) as *mut Label
}

/// The place of the root of a worker on the stack with this base.
#[inline]
pub(super) fn root_at(base: usize) -> *mut Root {
    base as *mut Root
}
