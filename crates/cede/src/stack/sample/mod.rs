//! What a thread is doing: its registers and the end of its stack, copied by a signal handler; and the frames
//! that these are, worked out by whoever asked.
//!
//! ```text
//!   who asks                                 the thread that is asked
//!   ────────                                 ────────────────────────
//!   asked = its number
//!   the signal, to it alone ───────────────► handler, on the signal stack:
//!                                              registers, and the words from the stack pointer upwards
//!   waits until done      ◄───────────────── done; goes on where it was
//!   frames from the copy, then their names
//! ```
//!
//! The handler copies and does nothing else: it follows no frame, so what it interrupts may be anything, the
//! allocator, the dynamic linker, a switch of stacks. Walking and naming allocate, lock and read files; they
//! happen on the other thread, from the copy, where an address that leads astray leads to an error.
//!
//! | file | its one idea |
//! |---|---|
//! | `copy.rs` | asking, the handler, the copy |
//! | `modules.rs` | how frames are laid out, from the program and its libraries |
//! | `frames.rs` | from a copy to frames with names |

mod copy;
mod frames;
mod modules;

pub(crate) use copy::{Asked, check, sample};
pub(crate) use frames::{Frame, frames};
