//! The pool.

use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::Mutex;

use super::job::Job;
use super::shared::job_queue::{JobQueue, Taken};
use crate::error::{Cancelled, Error, panic_text};
use crate::this_process::Own;

/// A bounded pool of threads for functions that block. A handle: clones are the same pool.
///
/// A thread is started when there is a job and none of the others is idle, up to the limit; started, it
/// stays until the pool is shut down. Jobs are taken in the order in which they came. How many threads and
/// jobs there are can be asked at any time.
///
/// When the last handle goes, the pool takes no more jobs and its threads end once the queue is empty;
/// nobody waits for them. [`shutdown`](Self::shutdown) does.
///
/// In the child of a fork it has neither the threads nor the jobs of the parent's: the first job there starts a
/// thread. One that was shut down is that there, too.
///
/// asyncio counterpart: `concurrent.futures.ThreadPoolExecutor`.
///
/// ```
/// use cede::{Awaitable, ThreadPool};
///
/// let pool = ThreadPool::new(2)?.named("disk");
/// let used = pool.clone();
/// let name = cede::run(cede::coroutine(move || -> cede::Result<_> {
///     let event_loop = cede::running_loop()?;
///     let job = event_loop.run_in_executor(&used, || std::thread::current().name().map(str::to_owned))?;
///     job.await_() // cedes until the job is done
/// }))??;
/// assert_eq!(name.as_deref(), Some("disk_0"));
/// assert_eq!(pool.threads(), 1);
/// pool.shutdown()?; // waits for its jobs and threads
/// assert_eq!(pool.threads(), 0);
/// # Ok::<(), cede::Error>(())
/// ```
#[derive(Clone)]
pub struct ThreadPool {
    pool: Arc<Pool>,
}

struct Pool {
    most: usize,
    name: String,
    /// It takes no more jobs, in a child that is made from now on, either.
    closed: AtomicBool,
    here: Own<Here>,
}

/// What a pool is in one process.
struct Here {
    queue: Arc<JobQueue<Box<dyn Job>>>,
    handles: Mutex<Vec<JoinHandle<()>>>,
}

/// As CPython: a few more threads than processors, for they wait more than they work; not too many.
const MOST: usize = 32;
const MORE_THAN_PROCESSORS: usize = 4;

impl ThreadPool {
    /// A pool of at most this many threads. Starts none.
    ///
    /// # Errors
    /// When it may have none: "max_workers must be greater than 0".
    pub fn new(most_threads: usize) -> Result<Self, Error> {
        if most_threads == 0 {
            return Err(Error::misuse("ThreadPool::new: max_workers must be greater than 0"));
        }
        Ok(Self::of(most_threads, "cede-pool".to_owned()))
    }

    fn of(most: usize, name: String) -> Self {
        ThreadPool { pool: Arc::new(Pool { most, name, closed: AtomicBool::new(false), here: Own::new() }) }
    }

    fn here(&self) -> &Here {
        self.pool.here()
    }

    /// Names its threads: `name_0`, `name_1`, … A pool that has been used keeps the name it had.
    pub fn named(self, name: impl Into<String>) -> Self {
        let name = name.into();
        // A nul would end the name for the system, and `spawn` panics on it.
        let name: String = name.chars().filter(|c| *c != '\0').collect();
        match Arc::try_unwrap(self.pool) {
            Ok(pool) if pool.here().queue.tally().threads == 0 => Self::of(pool.most, name),
            Ok(pool) => ThreadPool { pool: Arc::new(pool) },
            Err(pool) => ThreadPool { pool },
        }
    }

    /// The most threads it may have.
    pub fn most_threads(&self) -> usize {
        self.pool.most
    }

    /// The threads it has.
    pub fn threads(&self) -> usize {
        self.here().queue.tally().threads
    }

    /// Those of its threads that have nothing to do.
    pub fn idle(&self) -> usize {
        self.here().queue.tally().asleep
    }

    /// The jobs that no thread has taken yet; those that were withdrawn do not count.
    pub fn queued(&self) -> usize {
        self.here().queue.waiting(|job| job.waits())
    }

    /// Whether it takes no more jobs.
    pub fn is_shut_down(&self) -> bool {
        self.here().queue.closed()
    }

    /// Takes no more jobs, and waits until those it has are done and its threads have ended.
    ///
    /// It blocks this thread. On a loop's thread it would keep the loop, for which a job may wait, from
    /// running: there, [`LoopHandle::shutdown_executor`](crate::LoopHandle::shutdown_executor) waits
    /// without blocking.
    ///
    /// # Errors
    /// When a thread of this pool calls it, which would wait for itself. The pool takes no more jobs then
    /// either.
    pub fn shutdown(&self) -> Result<(), Error> {
        self.close(false);
        self.join(None).map(drop)
    }

    /// As [`shutdown`](Self::shutdown), but withdraws the jobs that no thread has taken: who awaits them
    /// gets [`Cancelled`].
    ///
    /// # Errors
    /// As [`shutdown`](Self::shutdown).
    pub fn shutdown_now(&self) -> Result<(), Error> {
        self.close(true);
        self.join(None).map(drop)
    }

    /// Takes no more jobs; withdraws those that wait, or leaves them to the threads.
    pub(crate) fn close(&self, withdraw: bool) {
        self.pool.closed.store(true, Ordering::Release);
        for job in self.here().queue.close(withdraw) {
            job.refuse(Cancelled::new().into());
        }
    }

    /// Calls this once the pool is closed and its threads have nothing left to do.
    pub(super) fn when_gone(&self, call: Box<dyn FnOnce() + Send>) {
        self.here().queue.when_gone(call);
    }

    /// Waits for its threads to end: whether they did in time.
    pub(super) fn join(&self, timeout: Option<Duration>) -> Result<bool, Error> {
        let me = thread::current().id();
        if self.here().handles.lock().iter().any(|handle| handle.thread().id() == me) {
            return Err(Error::misuse(format!(
                "ThreadPool::shutdown: a thread of the pool '{}' cannot wait for its own end",
                self.pool.name
            )));
        }
        if !self.here().queue.wait_gone(timeout) {
            return Ok(false);
        }
        let handles = std::mem::take(&mut *self.here().handles.lock());
        for handle in handles {
            let _ = handle.join();
        }
        Ok(true)
    }

    /// Takes a job.
    ///
    /// # Errors
    /// When it is shut down. When it has no thread and the system gives none, the job is told.
    pub(super) fn submit(&self, job: Box<dyn Job>) -> Result<(), Error> {
        match self.here().queue.push(job) {
            Err(_job) => Err(Error::misuse("cannot schedule new futures after shutdown")),
            Ok(Taken::Enough) => Ok(()),
            Ok(Taken::Start(number)) => {
                if let Err(error) = self.start(number) {
                    let error = Arc::new(error);
                    for job in self.here().queue.no_thread() {
                        let text = format!("the pool '{}' cannot start a thread: {error}", self.pool.name);
                        job.refuse(Error::from(io::Error::new(error.kind(), text)).into());
                    }
                }
                Ok(())
            }
        }
    }

    fn start(&self, number: usize) -> io::Result<()> {
        let queue = self.here().queue.clone();
        let builder = thread::Builder::new().name(format!("{}_{number}", self.pool.name));
        // Held across the start, so that the thread is on the list before a job of it can ask.
        let mut handles = self.here().handles.lock();
        handles.push(builder.spawn(move || work(&queue))?);
        Ok(())
    }
}

/// What a thread of a pool does.
fn work(queue: &JobQueue<Box<dyn Job>>) {
    while let Some(job) = queue.next() {
        // A job catches its own panics; this is for those of what it drops.
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| job.run())) {
            eprintln!(
                "cede: a destructor panicked after a job of a pool had ended: {}",
                panic_text(&*payload)
            );
        }
    }
}

/// What a loop has if it is given no other.
impl Default for ThreadPool {
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self::of(MOST.min(processors + MORE_THAN_PROCESSORS), "cede-pool".to_owned())
    }
}

impl Pool {
    fn here(&self) -> &Here {
        self.here.get(|_| {
            let queue = Arc::new(JobQueue::new(self.most));
            if self.closed.load(Ordering::Acquire) {
                drop(queue.close(false));
            }
            Here { queue, handles: Mutex::default() }
        })
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let Some(here) = self.here.made() {
            drop(here.queue.close(false)); // the threads finish what is queued, and end
        }
    }
}

impl fmt::Debug for ThreadPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "<ThreadPool '{}' threads={} of {} idle={} queued={}>",
            self.pool.name,
            self.threads(),
            self.most_threads(),
            self.idle(),
            self.queued()
        )
    }
}
