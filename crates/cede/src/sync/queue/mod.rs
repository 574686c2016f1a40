//! Queues between tasks: asyncio's `Queue`, line by line, over what decides the order of the items.

mod error;
mod heap;
mod orders;
#[allow(clippy::module_inception)]
mod queue;
mod waits;

pub use error::{GetError, PutError};
pub use heap::Heap;
pub use orders::{Fifo, Lifo, LifoQueue, PriorityQueue, QueueStore};
pub use queue::Queue;
pub use waits::{QueueGet, QueueJoin, QueuePut};
