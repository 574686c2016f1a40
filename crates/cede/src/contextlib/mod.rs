//! What surrounds a block of code: set-up, clean-up, and what becomes of an error in between.
//!
//! Destructors are Rust's way, and for most things the right one. But a destructor cannot await while a
//! panic leaves the stack, cannot fail, and does not learn how the block ended. These can:
//!
//! | | is | Python |
//! |---|---|---|
//! | [`finally`], [`try_finally`] | a block and the clean-up that runs whatever happens to it | `try: … finally: …` |
//! | [`context_manager`] | set-up and clean-up as one generator, with the block in the place of its yield | `@contextmanager`, `@asynccontextmanager` |
//! | [`with`] | a block inside a [`ContextManager`] | `with … as …:`, `async with` |
//! | [`ExitStack`] | any number of clean-ups, known only at run time | `ExitStack`, `AsyncExitStack` |
//!
//! Everything here may await, for no function is coloured: there is one of each where Python needs two.

mod chained;
mod exit_stack;
mod finally;
mod from_generator;
mod manager;

pub use chained::Chained;
pub use exit_stack::ExitStack;
pub use finally::{finally, try_finally};
pub use from_generator::{GeneratorContext, context_manager};
pub use manager::{BlockPanicked, ContextManager, Ends, with};
