//! The queue between those who have jobs and the threads of a pool.
//!
//! The invariant: while a job waits and the pool may have more threads, as many threads sleep or are about
//! to start as there are jobs. So no job waits for a thread that will not come.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::shim::{Condvar, Mutex};

pub(crate) struct JobQueue<J> {
    inner: Mutex<Inner<J>>,
    /// A job has come, or the queue is closed.
    work: Condvar,
    /// The last thread has gone.
    gone: Condvar,
    most: usize,
}

struct Inner<J> {
    jobs: VecDeque<J>,
    /// Threads that have started, or are about to, and have not gone.
    threads: usize,
    /// Those of them that sleep; a job given to one counts in `jobs` until it is awake.
    asleep: usize,
    /// Threads ever started, for their names.
    started: usize,
    closed: bool,
    /// Called when the queue is closed and the last thread has gone.
    when_gone: Vec<Box<dyn FnOnce() + Send>>,
}

/// What to do about a job that was taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Nothing: a thread will come for it.
    Enough,
    /// Start a thread, with this number; or say that it [could not be](JobQueue::no_thread) started.
    Start(usize),
}

/// How many jobs and threads there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) threads: usize,
    pub(crate) asleep: usize,
}

impl<J> JobQueue<J> {
    pub(crate) fn new(most: usize) -> Self {
        JobQueue {
            inner: Mutex::new(Inner {
                jobs: VecDeque::new(),
                threads: 0,
                asleep: 0,
                started: 0,
                closed: false,
                when_gone: Vec::new(),
            }),
            work: Condvar::default(),
            gone: Condvar::default(),
            most,
        }
    }

    /// # Errors
    /// The job, when the queue is closed.
    pub(crate) fn push(&self, job: J) -> Result<Taken, J> {
        let mut inner = self.inner.lock();
        if inner.closed {
            return Err(job);
        }
        inner.jobs.push_back(job);
        if inner.asleep >= inner.jobs.len() {
            self.work.notify_one();
        } else if inner.threads < self.most {
            inner.threads += 1;
            inner.started += 1;
            return Ok(Taken::Start(inner.started - 1));
        }
        Ok(Taken::Enough)
    }

    /// A thread that was to be started could not be. Gives the jobs that nobody will come for.
    pub(crate) fn no_thread(&self) -> Vec<J> {
        let mut inner = self.inner.lock();
        let gone = self.one_less(&mut inner);
        let left = if inner.threads == 0 { Vec::from(std::mem::take(&mut inner.jobs)) } else { Vec::new() };
        drop(inner);
        call(gone);
        left
    }

    /// The next job, for a thread of the pool. `None`: the queue is closed and empty, and the thread goes.
    pub(crate) fn next(&self) -> Option<J> {
        let mut inner = self.inner.lock();
        loop {
            if let Some(job) = inner.jobs.pop_front() {
                return Some(job);
            }
            if inner.closed {
                let gone = self.one_less(&mut inner);
                drop(inner);
                call(gone);
                return None;
            }
            inner.asleep += 1;
            inner = self.work.wait(inner);
            inner.asleep -= 1;
        }
    }

    fn one_less(&self, inner: &mut Inner<J>) -> Vec<Box<dyn FnOnce() + Send>> {
        inner.threads -= 1;
        if inner.threads > 0 || !inner.closed {
            return Vec::new();
        }
        self.gone.notify_all();
        std::mem::take(&mut inner.when_gone)
    }

    /// Takes no job from now on. Those that wait are still run, or, if `withdraw`, come back.
    pub(crate) fn close(&self, withdraw: bool) -> Vec<J> {
        let mut inner = self.inner.lock();
        inner.closed = true;
        let back = if withdraw { Vec::from(std::mem::take(&mut inner.jobs)) } else { Vec::new() };
        self.work.notify_all();
        let gone = if inner.threads == 0 { std::mem::take(&mut inner.when_gone) } else { Vec::new() };
        drop(inner);
        call(gone);
        back
    }

    pub(crate) fn closed(&self) -> bool {
        self.inner.lock().closed
    }

    /// Waits until the queue, which is closed, has no thread left: whether that came in time.
    pub(crate) fn wait_gone(&self, timeout: Option<Duration>) -> bool {
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut inner = self.inner.lock();
        while !(inner.closed && inner.threads == 0) {
            match end {
                None => inner = self.gone.wait(inner),
                Some(end) => {
                    let left = end.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return false;
                    }
                    inner = self.gone.wait_for(inner, left);
                }
            }
        }
        true
    }

    /// Calls this when the queue is closed and its last thread has gone: at once, or on that thread.
    pub(crate) fn when_gone(&self, call: Box<dyn FnOnce() + Send>) {
        let mut inner = self.inner.lock();
        if inner.closed && inner.threads == 0 {
            drop(inner);
            call();
        } else {
            inner.when_gone.push(call);
        }
    }

    pub(crate) fn tally(&self) -> Tally {
        let inner = self.inner.lock();
        Tally { threads: inner.threads, asleep: inner.asleep }
    }

    /// How many of the jobs that wait are as `wanted` says.
    pub(crate) fn waiting(&self, wanted: impl Fn(&J) -> bool) -> usize {
        self.inner.lock().jobs.iter().filter(|job| wanted(job)).count()
    }
}

fn call(calls: Vec<Box<dyn FnOnce() + Send>>) {
    for call in calls {
        call();
    }
}
