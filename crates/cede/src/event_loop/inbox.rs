//! The inbox: callbacks from other threads.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use polling::Poller;

use crate::error::Error;

type Post = Box<dyn FnOnce() + Send>;

/// What a loop shares with its proxies.
pub(crate) struct Inbox {
    posts: Mutex<Vec<Post>>,
    /// Set by whoever posts into an empty inbox, cleared by the loop before it empties it.
    pending: AtomicBool,
    closed: AtomicBool,
    /// Where the loop sleeps, so that it can be woken.
    poller: Arc<Poller>,
}

impl Inbox {
    pub(crate) fn new(poller: Arc<Poller>) -> Arc<Self> {
        Arc::new(Inbox {
            posts: Mutex::new(Vec::new()),
            pending: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            poller,
        })
    }

    #[inline]
    pub(crate) fn has_posts(&self) -> bool {
        self.pending.load(Ordering::Acquire)
    }

    pub(crate) fn drain(&self) -> Vec<Post> {
        self.pending.store(false, Ordering::Release);
        std::mem::take(&mut *self.posts.lock())
    }

    /// Refuses posts from now on; gives those that nobody will run.
    pub(crate) fn close(&self) -> Vec<Post> {
        self.closed.store(true, Ordering::Release);
        self.drain()
    }

    fn post(&self, post: Post) -> Result<(), Post> {
        {
            let mut posts = self.posts.lock();
            if self.closed.load(Ordering::Acquire) {
                return Err(post);
            }
            posts.push(post);
        }
        if !self.pending.swap(true, Ordering::AcqRel) {
            let _ = self.wake();
        }
        Ok(())
    }

    fn wake(&self) -> io::Result<()> {
        self.poller.notify()
    }
}

/// A way into a loop from other threads: may be cloned and sent.
///
/// While one lives, a loop that has nothing to do waits for it instead of reporting a deadlock.
///
/// ```
/// use cede::{Awaitable, Promise};
///
/// let answer = cede::run(cede::coroutine(|| -> cede::Result<i32> {
///     let (promise, proxy) = (Promise::new(), cede::running_loop()?.proxy());
///     let slot = std::rc::Rc::new(std::cell::Cell::new(None));
///     # let _ = slot.replace(Some(()));
///     cede::running_loop()?.call_soon({
///         let promise = promise.clone();
///         move || promise.set_result(42).unwrap()
///     });
///     std::thread::spawn(move || proxy.call_soon_threadsafe(|| println!("hello from a thread")));
///     promise.await_()
/// }))??;
/// assert_eq!(answer, 42);
/// # Ok::<(), cede::Error>(())
/// ```
pub struct LoopProxy {
    inbox: Arc<Inbox>,
}

impl LoopProxy {
    pub(crate) fn new(inbox: Arc<Inbox>) -> Self {
        LoopProxy { inbox }
    }

    /// Has the loop's thread call a function in its next turn, waking it if it sleeps. Callable from any
    /// thread, the loop's own included.
    ///
    /// # Errors
    /// When the loop is closed.
    pub fn call_soon_threadsafe(&self, callback: impl FnOnce() + Send + 'static) -> Result<(), Error> {
        self.inbox.post(Box::new(callback)).map_err(|_| Error::closed("LoopProxy::call_soon_threadsafe"))
    }
}

impl Clone for LoopProxy {
    fn clone(&self) -> Self {
        LoopProxy { inbox: self.inbox.clone() }
    }
}

impl Drop for LoopProxy {
    fn drop(&mut self) {
        // The loop and we: with us goes the last outside source, and a loop that waits for it must see that.
        if Arc::strong_count(&self.inbox) == 2 {
            let _ = self.inbox.wake();
        }
    }
}

impl fmt::Debug for LoopProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<LoopProxy>")
    }
}
