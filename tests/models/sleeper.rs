//! Where a modelled loop sleeps, and the loop.

use crate::shared::inbox::{Inbox, Post, Source, Wake};
use crate::shared::shim::{Arc, AtomicBool, Condvar, Mutex};

/// As the poller: a wake that comes while nobody sleeps ends the next sleep.
#[derive(Clone)]
pub(crate) struct Sleeper {
    shared: Arc<(Mutex<bool>, Condvar)>,
}

impl Sleeper {
    pub(crate) fn sleep(&self) {
        let (woken, changed) = &*self.shared;
        let mut guard = woken.lock();
        while !*guard {
            guard = changed.wait(guard);
        }
        *guard = false;
    }
}

impl Wake for Sleeper {
    fn wake(&self) {
        let (woken, changed) = &*self.shared;
        *woken.lock() = true;
        changed.notify_one();
    }
}

/// What the loop does with a post.
pub(crate) fn run(post: Post) {
    match post {
        Post::Call(call) => call(),
        Post::Wake(_) => {} // these models have no tasks
    }
}

/// A loop with nothing to do but what others post.
pub(crate) struct Loop {
    pub(crate) inbox: Arc<Inbox<Sleeper>>,
    pub(crate) sleeper: Sleeper,
    pub(crate) rung: Arc<AtomicBool>,
}

impl Loop {
    pub(crate) fn new() -> Self {
        let sleeper = Sleeper { shared: Arc::new((Mutex::new(false), Condvar::default())) };
        let rung = Arc::new(AtomicBool::new(false));
        Loop { inbox: Inbox::new(sleeper.clone(), rung.clone()), sleeper, rung }
    }

    pub(crate) fn source(&self) -> Source<Sleeper> {
        Source::new(self.inbox.clone())
    }

    pub(crate) fn worker(&self) -> Source<Sleeper> {
        Source::working(self.inbox.clone())
    }

    /// The boundary of `event_loop/turn.rs`, over and over, until it would report a deadlock.
    pub(crate) fn run_until_forsaken(&self) {
        loop {
            self.take_posts();
            if self.inbox.forsaken() {
                return;
            }
            self.sleeper.sleep();
        }
    }

    /// The same with a timer set on a virtual clock, until time would jump to it.
    pub(crate) fn run_until_idle(&self) {
        loop {
            self.take_posts();
            if self.inbox.idle() {
                return;
            }
            self.sleeper.sleep();
        }
    }

    pub(crate) fn take_posts(&self) {
        if self.inbox.rung() {
            for post in self.inbox.take() {
                run(post);
            }
        }
    }
}
