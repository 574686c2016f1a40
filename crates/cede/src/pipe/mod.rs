//! Pipes, as `std::io` has them, on which a task cedes instead of blocking: new ones, those at a path (FIFOs), and
//! whatever else is read or written like one and was opened elsewhere: an inherited descriptor, a terminal.
//!
//! ```
//! use cede::pipe::pipe;
//! use std::io::{Read, Write};
//!
//! cede::run(cede::coroutine(|| -> std::io::Result<()> {
//!     let (mut reader, mut writer) = pipe()?;
//!     cede::create_task(cede::coroutine(move || {
//!         writer.write_all(b"through the pipe") // cedes while it is full
//!     })); // dropped: the end is told
//!     let mut text = String::new();
//!     reader.read_to_string(&mut text)?; // cedes until something comes
//!     assert_eq!(text, "through the pipe");
//!     Ok(())
//! }))??;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A [`StreamReader`](crate::streams::StreamReader) around a [`PipeReader`] reads lines from it.
//!
//! # Non-blocking, for all who have it open
//!
//! Whether an open pipe blocks is not a descriptor's own: whoever shares it, by `dup` or because it was inherited,
//! finds it non-blocking as long as an end here has it, and blocking once `into_fd` has taken that end out. For standard
//! input and output, which are shared as a rule, there is [`stdio`](crate::stdio).
//!
//! # Cancelling
//!
//! A read or write that is cancelled has done nothing. As with [sockets](crate::net#cancelling-and-time-limits), what
//! helpers like `read_exact` and `write_all` had done before stays done.

mod ends;
mod reader;
mod writer;

pub(crate) use ends::{end, reading_end, take_in, writing_end};
pub use reader::PipeReader;
pub use writer::PipeWriter;

use std::io;

use crate::reactor::make;

/// A new pipe: what is written to the one end is read from the other. Does not cede.
///
/// asyncio counterpart: `os.pipe` with `connect_read_pipe` and `connect_write_pipe`.
///
/// # Errors
/// When the system gives no descriptors. When no loop runs here.
pub fn pipe() -> io::Result<(PipeReader, PipeWriter)> {
    let (reader, writer) =
        make(io::pipe).map_err(|error| io::Error::new(error.kind(), format!("pipe: {error}")))?;
    Ok((PipeReader::ours(reader.into(), "pipe")?, PipeWriter::ours(writer.into(), "pipe")?))
}
