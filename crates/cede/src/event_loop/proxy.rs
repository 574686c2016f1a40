//! The way into a loop from other threads.

use std::fmt;
use std::sync::Arc;

use super::core::find_running;
use crate::error::Error;
use crate::reactor::Waker;
use crate::this_process;
use crate::threads::shared::inbox::{self, Call, Post, Source};

pub(crate) type Inbox = inbox::Inbox<Waker>;

/// A way into a loop from other threads: may be cloned and sent.
///
/// While one lives, a loop that has nothing to do waits for it instead of reporting a deadlock.
///
/// asyncio counterpart: passing the loop itself to a thread, of whose methods only
/// `call_soon_threadsafe` and `run_coroutine_threadsafe` may be used there; a proxy has no others.
///
/// ```
/// use cede::{Awaitable, Promise};
/// use std::sync::mpsc;
///
/// let heard = cede::run(cede::coroutine(|| -> cede::Result<String> {
///     let (to_us, from_thread) = mpsc::channel();
///     let proxy = cede::running_loop()?.proxy();
///     std::thread::spawn(move || proxy.call_soon_threadsafe(move || to_us.send("hello").unwrap()));
///     while let Err(_) = from_thread.try_recv() {
///         cede::sleep(std::time::Duration::from_millis(1)).await_()?;
///     }
///     Ok("heard it".to_owned())
/// }))??;
/// assert_eq!(heard, "heard it");
/// # Ok::<(), cede::Error>(())
/// ```
pub struct LoopProxy {
    source: Source<Waker>,
    /// The process that made the loop.
    process: u32,
}

impl LoopProxy {
    pub(crate) fn new(inbox: Arc<Inbox>, process: u32) -> Self {
        LoopProxy { source: Source::new(inbox), process }
    }

    /// Has the loop's thread call a function in its next turn, waking it if it sleeps. Callable from any
    /// thread; on the loop's own it is [`LoopHandle::call_soon`](crate::LoopHandle::call_soon). What one
    /// thread posts is called in the order in which it did.
    ///
    /// asyncio counterpart: `loop.call_soon_threadsafe`.
    ///
    /// # Errors
    /// When the loop is closed; in the child of a fork.
    pub fn call_soon_threadsafe(&self, callback: impl FnOnce() + Send + 'static) -> Result<(), Error> {
        self.post(Box::new(callback)).map_err(|_| self.refused("LoopProxy::call_soon_threadsafe"))
    }

    /// Why a post came back.
    pub(crate) fn refused(&self, call: &'static str) -> Error {
        if self.forked() { Error::forked(call) } else { Error::closed(call) }
    }

    /// Whether the loop is a copy that a fork made, and the way in leads to the parent's.
    fn forked(&self) -> bool {
        self.process != this_process::id()
    }

    /// # Errors
    /// The post, when the loop is closed, or the parent's.
    #[track_caller]
    pub(crate) fn post(&self, call: Call) -> Result<(), Post> {
        match find_running() {
            _ if self.forked() => Err(Post::Call(call)),
            // At home it is `call_soon`, as in asyncio: before whatever is queued later.
            Some(home) if Arc::ptr_eq(&home.core.inbox, self.inbox()) && !home.is_closed() => {
                home.core.accept(Post::Call(call));
                Ok(())
            }
            _ => self.source.post(call),
        }
    }

    pub(crate) fn inbox(&self) -> &Arc<Inbox> {
        self.source.inbox()
    }
}

impl Clone for LoopProxy {
    fn clone(&self) -> Self {
        LoopProxy::new(self.source.inbox().clone(), self.process)
    }
}

impl fmt::Debug for LoopProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<LoopProxy>")
    }
}
