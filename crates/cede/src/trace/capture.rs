//! Standard output, caught at the descriptor.

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Catches what the process writes to standard output, by whatever way, until it is dropped.
///
/// With [`Recorder::with_output`](super::Recorder::with_output) what a program prints stands in the log in
/// its place in time.
///
/// ```no_run
/// use cede::trace::{Capture, Recorder};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let output = Capture::start()?;
/// let recorder = Recorder::new().with_output(output.reader());
/// cede::Runner::new().observer(recorder.clone()).run(cede::coroutine(|| println!("planted")))?;
/// drop(output); // prints go out again
/// println!("{}", recorder.log().narration());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Capture {
    caught: Rc<RefCell<File>>,
    /// Where it went before.
    before: OwnedFd,
    /// The same of standard error, if that is caught too.
    errors_before: Option<OwnedFd>,
}

impl Capture {
    /// Catches from now on.
    ///
    /// # Errors
    /// When there is no file to catch it in, or the descriptor cannot be replaced.
    pub fn start() -> io::Result<Self> {
        Self::of(false)
    }

    /// Catches standard error too, among the output.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn with_errors() -> io::Result<Self> {
        Self::of(true)
    }

    fn of(errors: bool) -> io::Result<Self> {
        static MADE: AtomicU64 = AtomicU64::new(0);
        io::stdout().flush()?;
        // A file and not a pipe, which would be full at some point; its name goes at once.
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("cede-output-{}-{number}", std::process::id()));
        let into = OpenOptions::new().create_new(true).append(true).open(&path)?;
        let caught = File::open(&path);
        fs::remove_file(&path)?;
        let before = rustix::io::dup(io::stdout())?;
        rustix::stdio::dup2_stdout(&into)?;
        let mut capture = Capture { caught: Rc::new(RefCell::new(caught?)), before, errors_before: None };
        if errors {
            capture.errors_before = Some(rustix::io::dup(io::stderr())?);
            rustix::stdio::dup2_stderr(&into)?;
        }
        Ok(capture)
    }

    /// What was written since the last look.
    pub fn take(&self) -> String {
        self.reader()()
    }

    /// A function that does the same, for a recorder.
    pub fn reader(&self) -> impl Fn() -> String + 'static {
        let caught = self.caught.clone();
        move || {
            let mut bytes = Vec::new();
            let _ = io::stdout().flush();
            let _ = caught.borrow_mut().read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        }
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        let _ = io::stdout().flush();
        let _ = rustix::stdio::dup2_stdout(&self.before);
        if let Some(before) = &self.errors_before {
            let _ = rustix::stdio::dup2_stderr(before);
        }
    }
}
