use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::Path;
use std::process::{self, ExitStatus, Output, Stdio};

use super::child::Child;
use crate::reactor::make;

/// A program to be run: as `std::process::Command`, but what it starts is waited for by ceding.
///
/// asyncio counterpart: `create_subprocess_exec`.
///
/// ```
/// use cede::process::Command;
///
/// cede::run(cede::coroutine(|| -> std::io::Result<()> {
///     let output = Command::new("echo").arg("hello").output()?; // cedes until it has ended
///     assert_eq!(output.stdout, b"hello\n");
///     Ok(())
/// }))??;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Command {
    inner: process::Command,
    kill_on_drop: bool,
}

impl Command {
    /// A program by its path, or by its name, which is looked for in `PATH`.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        process::Command::new(program).into()
    }

    /// Adds an argument.
    pub fn arg(&mut self, argument: impl AsRef<OsStr>) -> &mut Self {
        self.inner.arg(argument);
        self
    }

    /// Adds arguments.
    pub fn args<I: IntoIterator<Item: AsRef<OsStr>>>(&mut self, arguments: I) -> &mut Self {
        self.inner.args(arguments);
        self
    }

    /// Sets a variable of its environment.
    pub fn env(&mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Self {
        self.inner.env(key, value);
        self
    }

    /// Takes a variable out of its environment.
    pub fn env_remove(&mut self, key: impl AsRef<OsStr>) -> &mut Self {
        self.inner.env_remove(key);
        self
    }

    /// Begins with an empty environment.
    pub fn env_clear(&mut self) -> &mut Self {
        self.inner.env_clear();
        self
    }

    /// Sets the folder it runs in.
    pub fn current_dir(&mut self, folder: impl AsRef<Path>) -> &mut Self {
        self.inner.current_dir(folder);
        self
    }

    /// Sets its standard input. [`spawn`](Self::spawn) and [`status`](Self::status) inherit ours unless told
    /// otherwise.
    pub fn stdin(&mut self, from: impl Into<Stdio>) -> &mut Self {
        self.inner.stdin(from);
        self
    }

    /// Sets its standard output.
    pub fn stdout(&mut self, to: impl Into<Stdio>) -> &mut Self {
        self.inner.stdout(to);
        self
    }

    /// Sets its standard error.
    pub fn stderr(&mut self, to: impl Into<Stdio>) -> &mut Self {
        self.inner.stderr(to);
        self
    }

    /// Whether a [`Child`] that is dropped before it has ended is killed. It is not, unless this says so.
    pub fn kill_on_drop(&mut self, kill: bool) -> &mut Self {
        self.kill_on_drop = kill;
        self
    }

    /// The command of std, for what has no method here.
    pub fn as_std_mut(&mut self) -> &mut process::Command {
        &mut self.inner
    }

    /// Starts it. Does not cede.
    ///
    /// # Errors
    /// When there is no such program, naming it; when the system gives no descriptors or no process. When no
    /// loop runs here.
    pub fn spawn(&mut self) -> io::Result<Child> {
        let child = make(|| self.inner.spawn()).map_err(|error| {
            let program = self.inner.get_program().to_string_lossy().into_owned();
            io::Error::new(error.kind(), format!("Command::spawn: '{program}': {error}"))
        })?;
        Child::new(child, self.kill_on_drop)
    }

    /// Starts it and waits for its end. Cedes meanwhile.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn) and [`Child::wait`].
    pub fn status(&mut self) -> io::Result<ExitStatus> {
        self.spawn()?.wait()
    }

    /// Starts it without input, and waits for its end and all that it writes, whatever was set for its
    /// standard streams. Cedes meanwhile.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn) and [`Child::wait_with_output`].
    pub fn output(&mut self) -> io::Result<Output> {
        self.inner.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        self.spawn()?.wait_with_output()
    }
}

impl From<process::Command> for Command {
    fn from(inner: process::Command) -> Self {
        Command { inner, kill_on_drop: false }
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
