//! Standard input and output, on threads of their own, so that the loop goes on while they block.
//!
//! A terminal or a pipe that is shared with other programs must not be made non-blocking, for it would be so
//! for them too. So a thread reads and another writes, each started with the first use, and shared by all
//! loops of the process.
//!
//! The child of a fork has none of its parent's threads, and begins afresh. It also has a copy of std's lock of the
//! stream, which the parent's thread holds while it waits, and which nobody lets go there. So where a parent has read
//! or written, the child's thread does without std, on the descriptor itself.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::sync::Arc;

use parking_lot::Mutex;
use rustix::io::Errno;

use crate::coroutine::Awaitable;
use crate::error::Error;
use crate::event_loop::find_running;
use crate::this_process::{Line, Own};
use crate::threads::ThreadPool;

const CHUNK: usize = 8 * 1_024;

/// Standard input. Reading cedes until there is something.
///
/// Cancelled, a read has lost nothing: what its thread reads after all is kept for the next. While one is
/// under way, the program can end all the same.
///
/// ```no_run
/// use std::io::{BufRead, BufReader};
///
/// cede::run(cede::coroutine(|| -> std::io::Result<()> {
///     for line in BufReader::new(cede::stdio::stdin()).lines() {
///         println!("you said {}", line?);
///     }
///     Ok(())
/// }))??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn stdin() -> Stdin {
    Stdin { _private: () }
}

/// Standard output. Writing cedes until the system has taken it; [`flush`](Write::flush) does nothing more.
///
/// What is written here and what `println!` writes come in the order of the calls if the former is flushed,
/// and standard output's own buffer was.
pub fn stdout() -> Stdout {
    Stdout { _private: () }
}

/// See [`stdin`].
#[derive(Debug)]
pub struct Stdin {
    _private: (),
}

/// See [`stdout`].
#[derive(Debug)]
pub struct Stdout {
    _private: (),
}

/// What was read and nobody has taken yet.
#[derive(Default)]
struct Kept {
    bytes: Mutex<VecDeque<u8>>,
}

/// A thread, and for the input what it has read.
struct Desk {
    pool: ThreadPool,
    kept: Arc<Kept>,
    line: Line,
}

impl Desk {
    fn of(cell: &'static Own<Desk>, name: &str) -> &'static Desk {
        cell.get(|line| {
            let pool = ThreadPool::new(1).expect("a pool may have one thread").named(name);
            Desk { pool, kept: Arc::default(), line }
        })
    }

    fn run<T: Send + 'static>(
        &self,
        call: &'static str,
        job: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let event_loop = find_running().ok_or_else(|| Error::no_running_loop(call))?;
        event_loop.run_in_executor(&self.pool, job)?.await_()?
    }
}

impl Read for Stdin {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        static DESK: Own<Desk> = Own::new();
        let desk = Desk::of(&DESK, "cede-stdin");
        loop {
            let count = desk.kept.bytes.lock().read(bytes)?;
            if count > 0 || bytes.is_empty() {
                return Ok(count);
            }
            let (kept, line) = (desk.kept.clone(), desk.line);
            let ended = desk.run("Stdin::read", move || {
                if !kept.bytes.lock().is_empty() {
                    return Ok(false); // of a read that was cancelled
                }
                let mut chunk = [0; CHUNK];
                let count = read(line, &mut chunk)?;
                kept.bytes.lock().extend(&chunk[..count]);
                Ok(count == 0)
            })?;
            if ended {
                return Ok(0);
            }
        }
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        static DESK: Own<Desk> = Own::new();
        let desk = Desk::of(&DESK, "cede-stdout");
        let chunk = bytes[..bytes.len().min(CHUNK * 8)].to_vec();
        let line = desk.line;
        desk.run("Stdout::write", move || {
            write_all(line, &chunk)?;
            Ok(chunk.len())
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Blocks until there is something on standard input.
fn read(line: Line, bytes: &mut [u8]) -> io::Result<usize> {
    match line {
        Line::First => io::stdin().lock().read(bytes),
        Line::Inherited => loop {
            match rustix::io::read(io::stdin(), &mut *bytes) {
                Err(Errno::INTR) => {}
                Err(Errno::BADF) => return Ok(0), // closed: as std has it
                read => return Ok(read?),
            }
        },
    }
}

/// Blocks until standard output has taken it.
fn write_all(line: Line, bytes: &[u8]) -> io::Result<()> {
    match line {
        Line::First => {
            let mut out = io::stdout().lock();
            out.write_all(bytes)?;
            out.flush()
        }
        Line::Inherited => {
            let mut left = bytes;
            while !left.is_empty() {
                match rustix::io::write(io::stdout(), left) {
                    Err(Errno::INTR) => {}
                    Err(Errno::BADF) => return Ok(()), // as above
                    Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                    written => left = &left[written?..],
                }
            }
            Ok(())
        }
    }
}
