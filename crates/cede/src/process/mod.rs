//! Other programs, as `std::process` has them, on which a task cedes instead of blocking.
//!
//! ```
//! use cede::process::{Command, Stdio};
//! use std::io::{Read, Write};
//!
//! cede::run(cede::coroutine(|| -> std::io::Result<()> {
//!     let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
//!     child.stdin.take().unwrap().write_all(b"through and back")?; // dropped: its end is closed
//!     let mut text = String::new();
//!     child.stdout.as_mut().unwrap().read_to_string(&mut text)?; // cedes
//!     assert_eq!(text, "through and back");
//!     assert!(child.wait()?.success()); // cedes until it has ended
//!     Ok(())
//! }))??;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # No zombies
//!
//! A child that has ended is a zombie until somebody has asked for its status. Every [`Child`] is asked:
//! by [`wait`](Child::wait), or, once it is dropped, by a thread that waits for those nobody waits for and
//! ends with the last of them.
//!
//! # Time limits
//!
//! [`timeout`](crate::timeout) around `wait` ends the wait, not the program. Then [`kill`](Child::kill) it and
//! wait again; or make it with [`kill_on_drop`](Command::kill_on_drop) and let it go.

mod child;
mod command;
mod orphans;
mod pipe;

pub use child::Child;
pub use command::Command;
pub use pipe::{ChildStderr, ChildStdin, ChildStdout};
pub use std::process::{ExitStatus, Output, Stdio};
