//! The event loop: takes one callback after another from its queue and gives it control.
//!
//! ```text
//!   turn.rs   ┌─► wake what is due: inbox, timers ─► run exactly the callbacks that were ready ─┐
//!             └───────────── nothing ready? sleep in the kernel (reactor/) ◄─────────────────────┘
//! ```
//!
//! ```
//! use cede::EventLoop;
//!
//! let event_loop = EventLoop::new()?;
//! let handle = cede::LoopHandle::clone(&event_loop);
//! event_loop.call_soon(move || {
//!     println!("control is mine, for a moment");
//!     handle.stop();
//! });
//! event_loop.run_forever()?;
//! # Ok::<(), cede::Error>(())
//! ```

mod ages;
mod clock;
mod close;
mod core;
mod deadlock;
mod handle;
mod heap;
mod loop_handle;
mod memory;
mod proxy;
mod run;
mod runner;
mod shuffle;
mod step;
mod timers;
mod turn;

pub use clock::{Clock, VirtualClock};
pub use core::running_loop;
pub(crate) use core::{LoopCore, find_running};
pub use handle::{Handle, TimerHandle};
pub use loop_handle::{EventLoop, LoopHandle};
pub use proxy::LoopProxy;
pub use run::IntoTask;
pub use runner::{Runner, run};
pub use step::Stepped;
