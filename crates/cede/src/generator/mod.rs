//! Generators: functions that pause at each `yield_` and go on when resumed.
//!
//! ```
//! use cede::{Generator, GeneratorState};
//!
//! let numbers = Generator::new(|co| {
//!     println!("Hi");
//!     co.yield_(1);
//!     println!("Howdy");
//!     co.yield_(7);
//! });
//! // Nothing has run yet.
//! assert_eq!(numbers.collect::<Vec<i32>>(), [1, 7]);
//!
//! // Values go both ways:
//! let sum = Generator::<u32, u32, u32>::new(|co| {
//!     let mut total = 0;
//!     while total < 100 {
//!         total += co.yield_(total);
//!     }
//!     total
//! });
//! assert_eq!(sum.start()?, GeneratorState::Yielded(0));
//! assert_eq!(sum.resume(60)?, GeneratorState::Yielded(60));
//! assert_eq!(sum.resume(50)?, GeneratorState::Complete(110));
//! # Ok::<(), cede::ResumeError>(())
//! ```
//!
//! A generator's body runs on a stack of its own, so it may yield from any depth of plain calls. It needs
//! no event loop. Inside a task, a generator's body may also await: the whole task parks, generator and
//! all.

#![allow(unsafe_code)] // this is the room for stack switching; see docs/architecture.md

mod co;
mod error;
#[allow(clippy::module_inception)]
mod generator;
mod lent;

pub use co::{Co, Thrown};
pub use error::{BoxError, GeneratorExit, ResumeError};
pub use generator::{Generator, GeneratorState, GeneratorStatus};
