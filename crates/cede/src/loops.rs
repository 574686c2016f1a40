//! Several loops, a thread each.

use std::fmt;
use std::io;
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use crate::channel::oneshot::{ThreadSender, from_thread};
use crate::coroutine::{Awaitable, coroutine};
use crate::error::Error;
use crate::event_loop::run;
use crate::facade::create_task;
use crate::this_process;

/// Loops on threads of their own, started and stopped together: the way to use several cores.
///
/// Each runs `main` with its number. Nothing is shared between them but what `main` captures; a server's loops
/// share a port by [`TcpListener::bind_reuse_port`](crate::net::TcpListener::bind_reuse_port).
///
/// ```
/// use cede::{Awaitable, Loops};
/// use cede::net::TcpListener;
/// use std::io::{Read, Write};
///
/// // A port that is free.
/// let port = cede::run(cede::coroutine(|| TcpListener::bind_reuse_port("127.0.0.1:0")?.local_addr()))??;
/// let loops = Loops::start(2, move |number| -> std::io::Result<()> {
///     let listener = TcpListener::bind_reuse_port(port)?;
///     loop {
///         let (mut stream, _) = listener.accept()?;
///         cede::create_task(cede::coroutine(move || write!(stream, "loop {number}")));
///     }
/// })?;
/// let mut text = String::new();
/// while let Err(_) = std::net::TcpStream::connect(port).and_then(|mut s| s.read_to_string(&mut text)) {}
/// assert!(text.starts_with("loop "));
/// for ended in loops.stop() {
///     assert!(cede::Failure::is_cancelled(&ended?.unwrap_err()));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Loops<T> {
    threads: Vec<(ThreadSender<()>, JoinHandle<Result<T, Error>>)>,
    /// The process that started them.
    process: u32,
}

impl<T: Send + 'static> Loops<T> {
    /// Starts so many, and waits until they run.
    ///
    /// # Errors
    /// When the system gives no thread, or no descriptors for a loop; those that run already are stopped.
    pub fn start(count: usize, main: impl Fn(usize) -> T + Send + Sync + 'static) -> Result<Self, Error> {
        let main = Arc::new(main);
        let mut loops = Loops { threads: Vec::new(), process: this_process::id() };
        for number in 0..count {
            let (started, starting) = mpsc::channel();
            let main = main.clone();
            let builder = thread::Builder::new().name(format!("cede-loop_{number}"));
            let spawned = builder.spawn(move || run_one(number, &main, &started));
            match (spawned, starting.recv()) {
                (Ok(thread), Ok(stop)) => loops.threads.push((stop, thread)),
                (spawned, _) => {
                    let failed = match spawned {
                        Ok(thread) => thread.join().ok().and_then(Result::err),
                        Err(error) => Some(error.into()),
                    };
                    loops.stop();
                    return Err(failed.unwrap_or_else(|| io::Error::other("a loop did not start").into()));
                }
            }
        }
        Ok(loops)
    }

    /// Cancels the main task of each, and waits for their ends: what each `main` has returned, in order.
    /// Blocks this thread. In the child of a fork, where they do not run, an error for each.
    ///
    /// # Panics
    /// With the panic of the first that panicked.
    pub fn stop(mut self) -> Vec<Result<T, Error>> {
        if let Some(errors) = self.forked("Loops::stop") {
            return errors;
        }
        let (stops, threads): (Vec<_>, Vec<_>) = self.threads.into_iter().unzip();
        for stop in stops {
            let _ = stop.send(()); // one that has ended already does not mind
        }
        join(threads)
    }

    /// Waits until each has ended by itself: what each `main` has returned, in order. Blocks this thread. In the
    /// child of a fork, where they do not run, an error for each.
    ///
    /// # Panics
    /// With the panic of the first that panicked.
    pub fn join(mut self) -> Vec<Result<T, Error>> {
        if let Some(errors) = self.forked("Loops::join") {
            return errors;
        }
        let (_stops, threads): (Vec<_>, Vec<_>) = self.threads.into_iter().unzip();
        join(threads)
    }

    /// In the child of a fork the threads are not there: an error for each. What leads to them is left alone.
    fn forked(&mut self, call: &'static str) -> Option<Vec<Result<T, Error>>> {
        if self.process == this_process::id() {
            return None;
        }
        let threads = std::mem::take(&mut self.threads);
        let errors = threads.iter().map(|_| Err(Error::forked(call))).collect();
        std::mem::forget(threads);
        Some(errors)
    }
}

fn join<T>(threads: Vec<JoinHandle<Result<T, Error>>>) -> Vec<Result<T, Error>> {
    let ended: Vec<_> = threads.into_iter().map(JoinHandle::join).collect();
    ended
        .into_iter()
        .map(|ended| ended.unwrap_or_else(|payload| std::panic::resume_unwind(payload)))
        .collect()
}

/// What a thread does.
fn run_one<T: 'static>(
    number: usize,
    main: &Arc<impl Fn(usize) -> T + Send + Sync + 'static>,
    started: &mpsc::Sender<ThreadSender<()>>,
) -> Result<T, Error> {
    let (main, started) = (main.clone(), started.clone());
    run(coroutine(move || {
        let (stop, stopped) = from_thread();
        let _ = started.send(stop);
        drop(started);
        let body = create_task(coroutine(move || main(number)).named("main of a loop"));
        let handle = body.handle();
        let stopper = create_task(coroutine(move || {
            if stopped.await_().is_ok() {
                handle.cancel();
            }
        }));
        let ended = body.await_();
        stopper.cancel();
        ended
    }))?
    .map_err(Error::from)
}

impl<T> fmt::Debug for Loops<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Loops {}>", self.threads.len())
    }
}
