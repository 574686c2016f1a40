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
/// Cancelled, a read has lost nothing: what its thread reads after all is kept for the next, and so is an end (Ctrl-D)
/// or an error that it meets. While one is under way, the program can end all the same.
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

/// What was read and nobody has taken yet. Every read goes through here, so that none is lost whose task is gone.
#[derive(Default)]
struct Kept {
    bytes: VecDeque<u8>,
    /// What the last read met instead: the end, or an error. There are no bytes then.
    met: Option<io::Result<()>>,
}

impl Kept {
    /// Takes what there is, once.
    fn take(&mut self, bytes: &mut [u8]) -> Option<io::Result<usize>> {
        if bytes.is_empty() {
            return Some(Ok(0));
        }
        if self.bytes.is_empty() {
            return self.met.take().map(|met| met.map(|()| 0));
        }
        Some(self.bytes.read(bytes))
    }

    fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.met.is_none()
    }

    fn put(&mut self, read: io::Result<&[u8]>) {
        match read {
            Ok([]) => self.met = Some(Ok(())),
            Ok(bytes) => self.bytes.extend(bytes),
            Err(error) => self.met = Some(Err(error)),
        }
    }
}

/// A thread, and for the input what it has read.
struct Desk {
    pool: ThreadPool,
    kept: Arc<Mutex<Kept>>,
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
            if let Some(taken) = desk.kept.lock().take(bytes) {
                return taken;
            }
            let (kept, line) = (desk.kept.clone(), desk.line);
            desk.run("Stdin::read", move || {
                // Else what a read has left that was cancelled comes first.
                if kept.lock().is_empty() {
                    let mut chunk = [0; CHUNK];
                    let read = read(line, &mut chunk);
                    kept.lock().put(read.map(|count| &chunk[..count]));
                }
                Ok(())
            })?;
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
