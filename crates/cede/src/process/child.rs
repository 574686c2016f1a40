use std::fmt;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::process::{self, ExitStatus, Output};
use std::time::Duration;

use super::orphans;
use super::pipe::{ChildStderr, ChildStdin, ChildStdout};
use crate::backoff::Backoff;
use crate::coroutine::{Awaitable, coroutine};
use crate::error::Error;
use crate::facade::create_task;
use crate::reactor::{Source, Way};
use crate::task::Task;

/// How long it is, at most, until the end is asked for again where the system cannot tell of it.
const LATER: Duration = Duration::from_millis(50);

/// A program that was started.
///
/// Dropped before it has ended, it runs on, unless it was made with
/// [`kill_on_drop`](super::Command::kill_on_drop); its end is waited for all the same, so that no zombie is
/// left.
///
/// asyncio counterpart: `asyncio.subprocess.Process`.
pub struct Child {
    /// `None` once it was given to whoever waits for orphans.
    inner: Option<process::Child>,
    end: End,
    kill_on_drop: bool,
    /// The writing end of its standard input, if that is a pipe. [`wait`](Self::wait) closes it.
    pub stdin: Option<ChildStdin>,
    /// The reading end of its standard output, if that is a pipe.
    pub stdout: Option<ChildStdout>,
    /// The reading end of its standard error, if that is a pipe.
    pub stderr: Option<ChildStderr>,
}

/// How its end is waited for.
enum End {
    /// A descriptor that becomes readable then (Linux).
    Told(Source<OwnedFd>),
    Asked,
}

impl Child {
    pub(super) fn new(mut inner: process::Child, kill_on_drop: bool) -> io::Result<Self> {
        const CALL: &str = "Command::spawn";
        let (stdin, stdout, stderr) = (inner.stdin.take(), inner.stdout.take(), inner.stderr.take());
        // From here on a failure leaves no zombie: this is dropped.
        let mut child = Child {
            end: End::Asked,
            inner: Some(inner),
            kill_on_drop: true,
            stdin: None,
            stdout: None,
            stderr: None,
        };
        child.end = end_of(child.id())?;
        child.stdin = stdin.map(|pipe| ChildStdin::ours(pipe.into(), CALL)).transpose()?;
        child.stdout = stdout.map(|pipe| ChildStdout::ours(pipe.into(), CALL)).transpose()?;
        child.stderr = stderr.map(|pipe| ChildStderr::ours(pipe.into(), CALL)).transpose()?;
        child.kill_on_drop = kill_on_drop;
        Ok(child)
    }

    fn inner(&mut self) -> &mut process::Child {
        self.inner.as_mut().expect("it is given away by the drop")
    }

    /// Its number. Once it has ended and was waited for, the number may be another's.
    pub fn id(&self) -> u32 {
        self.inner.as_ref().map_or(0, process::Child::id)
    }

    /// Waits for its end, after closing its standard input, which it may wait for. Cedes meanwhile. Asked
    /// again, it gives the same.
    ///
    /// # Errors
    /// The cancellation, if the task is cancelled meanwhile; the program runs on.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        const CALL: &str = "Child::wait";
        drop(self.stdin.take());
        if let Some(status) = self.try_wait()? {
            return Ok(status);
        }
        let inner = self.inner.as_mut().expect("it is given away by the drop");
        match &self.end {
            End::Told(source) => source.when(Way::Read, CALL, |_| match inner.try_wait()? {
                Some(status) => Ok(status),
                None => Err(io::ErrorKind::WouldBlock.into()),
            }),
            End::Asked => {
                let mut backoff = Backoff::new(CALL, LATER);
                loop {
                    backoff.wait()?;
                    if let Some(status) = inner.try_wait()? {
                        return Ok(status);
                    }
                }
            }
        }
    }

    /// Its status, if it has ended. Does not cede.
    ///
    /// # Errors
    /// Of the system.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.inner().try_wait()
    }

    /// Kills it (SIGKILL); [`wait`](Self::wait) still has to be called for its status. Does nothing if it has
    /// ended.
    ///
    /// # Errors
    /// Of the system.
    pub fn kill(&mut self) -> io::Result<()> {
        self.inner().kill()
    }

    /// Sends it a signal (`libc::SIGTERM`, say).
    ///
    /// asyncio counterpart: `send_signal`.
    ///
    /// # Errors
    /// When it has ended; when there is no such signal.
    pub fn signal(&mut self, signal: i32) -> io::Result<()> {
        if self.try_wait()?.is_some() {
            let text = format!("Child::signal: the process {} has ended", self.id());
            return Err(io::Error::new(io::ErrorKind::NotFound, text));
        }
        // It has not been waited for, so its number is still its own.
        let pid = i32::try_from(self.id()).ok().and_then(rustix::process::Pid::from_raw);
        let signal = rustix::process::Signal::from_named_raw(signal);
        let (Some(pid), Some(signal)) = (pid, signal) else {
            return Err(Error::misuse("Child::signal: there is no such signal").into());
        };
        Ok(rustix::process::kill_process(pid, signal)?)
    }

    /// Waits for its end and all that it writes to pipes, after closing its standard input. Cedes meanwhile.
    ///
    /// # Errors
    /// As [`communicate`](Self::communicate).
    pub fn wait_with_output(self) -> io::Result<Output> {
        self.communicate(&[])
    }

    /// Writes this to its standard input and closes it, while all is read that it writes; then waits for its
    /// end. Cedes meanwhile. A program that ends before it has read all of the input is no error.
    ///
    /// asyncio counterpart: `communicate`.
    ///
    /// # Errors
    /// Of the system. The cancellation, if the task is cancelled meanwhile; what was read is lost then, and
    /// the program dropped.
    pub fn communicate(mut self, input: &[u8]) -> io::Result<Output> {
        let outputs = Readers([read_all(self.stdout.take()), read_all(self.stderr.take())]);
        if let Some(mut stdin) = self.stdin.take() {
            match stdin.write_all(input) {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
                _ => {}
            }
        }
        let [stdout, stderr] = &outputs.0;
        let [stdout, stderr] = [wait_for(stdout)?, wait_for(stderr)?];
        Ok(Output { status: self.wait()?, stdout, stderr })
    }
}

/// A task that reads all of a pipe.
fn read_all(pipe: Option<impl Read + 'static>) -> Option<Task<Result<Vec<u8>, Error>>> {
    let mut pipe = pipe?;
    let read = move || {
        let mut all = Vec::new();
        pipe.read_to_end(&mut all)?;
        Ok(all)
    };
    Some(create_task(coroutine(read).fallible().named("read of a child's output")))
}

fn wait_for(reader: &Option<Task<Result<Vec<u8>, Error>>>) -> io::Result<Vec<u8>> {
    match reader {
        Some(task) => Ok(task.await_().map_err(Error::from)??),
        None => Ok(Vec::new()),
    }
}

/// The tasks that read a child's outputs. They end with whoever waits for them.
struct Readers([Option<Task<Result<Vec<u8>, Error>>>; 2]);

impl Drop for Readers {
    fn drop(&mut self) {
        for task in self.0.iter().flatten() {
            task.cancel();
        }
    }
}

#[cfg(target_os = "linux")]
fn end_of(id: u32) -> io::Result<End> {
    use crate::reactor::make;
    use rustix::process::{Pid, PidfdFlags, pidfd_open};
    let pid = i32::try_from(id).ok().and_then(Pid::from_raw);
    // An old kernel cannot, nor can one that has no descriptor for it.
    match pid.map(|pid| make(|| Ok(pidfd_open(pid, PidfdFlags::NONBLOCK)?))) {
        Some(Ok(fd)) => Ok(End::Told(Source::new(fd, "Command::spawn")?)),
        _ => Ok(End::Asked),
    }
}

#[cfg(not(target_os = "linux"))]
fn end_of(_id: u32) -> io::Result<End> {
    Ok(End::Asked)
}

impl Drop for Child {
    fn drop(&mut self) {
        let Some(mut inner) = self.inner.take() else { return };
        if let Ok(None) = inner.try_wait() {
            if self.kill_on_drop {
                let _ = inner.kill();
            }
            orphans::adopt(inner);
        }
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child").field("id", &self.id()).finish_non_exhaustive()
    }
}
