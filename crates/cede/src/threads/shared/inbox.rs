//! The inbox: callbacks from other threads, and the wake flag of the loop that sleeps.
//!
//! Three facts that other threads change and the loop reads before it sleeps, gives up or moves its clock:
//!
//! | fact | set by | read by the loop as |
//! |---|---|---|
//! | `rung` | whoever posts, or a signal; cleared by the loop before it empties the inbox | "look" |
//! | `sources` | one for each [`Source`] | none left and not rung: nobody outside can wake it |
//! | `working` | one for each source that works for the loop | none and not rung: time may jump |
//!
//! Whoever posts and then goes has rung before he goes, so the loop reads in the other order: first that
//! nobody is left, then that nothing was posted. And whoever is the last to go wakes the loop *afterwards*,
//! so that a loop which saw him still there looks again.

use super::shim::{Arc, AtomicBool, AtomicUsize, Mutex, Ordering};

pub(crate) type Call = Box<dyn FnOnce() + Send>;

/// What others may ask of a loop.
pub(crate) enum Post {
    /// Call this.
    Call(Call),
    /// A waker was used: see to the task of this key.
    Wake(u64),
}

/// Where the loop sleeps. A wake that comes while it is awake is kept: its next sleep ends at once.
pub(crate) trait Wake {
    fn wake(&self);
}

/// What a loop shares with other threads.
pub(crate) struct Inbox<W: Wake> {
    posts: Mutex<Posts>,
    rung: Arc<AtomicBool>,
    sources: AtomicUsize,
    working: AtomicUsize,
    sleeper: W,
}

struct Posts {
    waiting: Vec<Post>,
    /// Nobody will ever run a post again.
    closed: bool,
}

impl<W: Wake> Inbox<W> {
    /// An inbox whose loop sleeps in `sleeper`, and looks in when `rung` is set.
    pub(crate) fn new(sleeper: W, rung: Arc<AtomicBool>) -> Arc<Self> {
        Arc::new(Inbox {
            posts: Mutex::new(Posts { waiting: Vec::new(), closed: false }),
            rung,
            sources: AtomicUsize::new(0),
            working: AtomicUsize::new(0),
            sleeper,
        })
    }

    // ---- the loop's side

    /// Whether there may be something to take.
    #[inline]
    pub(crate) fn rung(&self) -> bool {
        self.rung.load(Ordering::Acquire)
    }

    /// Clears the flag and takes what was posted, in order.
    pub(crate) fn take(&self) -> Vec<Post> {
        // A swap, not a store: it reads what was set last, and so sees all that came before that, a signal's
        // own flag included. (The model of a signal fails with a store.)
        self.rung.swap(false, Ordering::AcqRel);
        std::mem::take(&mut self.posts.lock().waiting)
    }

    /// Whether nobody outside can give the loop anything any more.
    pub(crate) fn forsaken(&self) -> bool {
        self.sources.load(Ordering::Acquire) == 0 && !self.rung()
    }

    /// Whether nobody outside is working for the loop.
    pub(crate) fn idle(&self) -> bool {
        self.working.load(Ordering::Acquire) == 0 && !self.rung()
    }

    /// Refuses posts from now on; gives those that nobody will run.
    pub(crate) fn close(&self) -> Vec<Post> {
        let mut posts = self.posts.lock();
        posts.closed = true;
        std::mem::take(&mut posts.waiting)
    }

    // ---- everybody's side

    pub(crate) fn post(&self, post: Post) -> Result<(), Post> {
        {
            let mut posts = self.posts.lock();
            if posts.closed {
                return Err(post);
            }
            posts.waiting.push(post);
        }
        // Rung already: whoever rang woke the loop, which has not looked since.
        if !self.rung.swap(true, Ordering::AcqRel) {
            self.sleeper.wake();
        }
        Ok(())
    }

    fn leave(&self, count: &AtomicUsize) {
        if count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.sleeper.wake();
        }
    }
}

/// Somebody outside who may still post; one of the loop's reasons to wait.
pub(crate) struct Source<W: Wake> {
    inbox: Arc<Inbox<W>>,
    works: bool,
}

impl<W: Wake> Source<W> {
    pub(crate) fn new(inbox: Arc<Inbox<W>>) -> Self {
        Self::of(inbox, false)
    }

    /// One that works for the loop and will post when it is done: meanwhile a clock that could jump waits.
    pub(crate) fn working(inbox: Arc<Inbox<W>>) -> Self {
        inbox.working.fetch_add(1, Ordering::Relaxed);
        Self::of(inbox, true)
    }

    fn of(inbox: Arc<Inbox<W>>, works: bool) -> Self {
        inbox.sources.fetch_add(1, Ordering::Relaxed);
        Source { inbox, works }
    }

    /// Has the loop run this.
    ///
    /// # Errors
    /// The post, when the loop is closed.
    pub(crate) fn post(&self, call: Call) -> Result<(), Post> {
        self.inbox.post(Post::Call(call))
    }

    /// It waits for the loop itself and does no work until `wait` is over.
    pub(crate) fn pause_while<R>(&self, wait: impl FnOnce() -> R) -> R {
        if !self.works {
            return wait();
        }
        self.inbox.leave(&self.inbox.working);
        let waited = wait();
        self.inbox.working.fetch_add(1, Ordering::Relaxed);
        waited
    }

    pub(crate) fn inbox(&self) -> &Arc<Inbox<W>> {
        &self.inbox
    }
}

impl<W: Wake> Drop for Source<W> {
    fn drop(&mut self) {
        if self.works {
            self.inbox.leave(&self.inbox.working);
        }
        self.inbox.leave(&self.inbox.sources);
    }
}
