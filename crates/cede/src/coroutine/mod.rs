//! Coroutine objects: a body that runs when it is awaited, and not before.
//!
//! ```
//! use cede::Awaitable;
//!
//! fn special_fella(magic_number: u32) -> cede::Coroutine<impl FnOnce() -> u32> {
//!     cede::coroutine(move || {
//!         println!("my lucky number is: {magic_number}");
//!         magic_number + 1
//!     })
//! }
//!
//! let coroutine = special_fella(3); // runs nothing
//! assert_eq!(coroutine.await_(), 4); // a call, on this stack
//! ```
//!
//! Awaiting one is a function call: no stack, no switch, no loop. What makes it more than a function is
//! that it can be given to a task ([`create_task`](crate::create_task)) or be driven by hand
//! ([`Coroutine::start`]).

mod awaitable;
#[allow(clippy::module_inception)]
mod coroutine;
mod driven;

pub use awaitable::Awaitable;
pub use coroutine::{Body, Coroutine, coroutine};

pub(crate) use coroutine::Parts;
pub use driven::{Driven, Step, Yielded, yield_to_driver};

pub(crate) use crate::error::Interrupt;
pub(crate) use driven::{driver, is_driven, undriven};
