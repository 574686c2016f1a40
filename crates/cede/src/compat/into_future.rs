//! Tasks and promises as futures, for `async` blocks and other runtimes.

use std::cell::RefCell;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::completion::CallbackId;
use crate::error::{Error, JoinError};
use crate::promise::Promise;
use crate::target::Target;
use crate::task::Task;

/// Tells whoever polls that the target has ended, by a callback of its own.
#[derive(Default)]
struct Watch {
    set: Option<(CallbackId, Rc<RefCell<Waker>>)>,
}

impl Watch {
    /// The last waker that polled is the one that is woken.
    fn wake_at_end(&mut self, target: &Target, waker: &Waker) {
        match &self.set {
            Some((_, kept)) => kept.borrow_mut().clone_from(waker),
            None => {
                let kept = Rc::new(RefCell::new(waker.clone()));
                let woken = kept.clone();
                let wake = move || {
                    let waker = woken.borrow().clone(); // not held while code of others runs
                    waker.wake();
                };
                self.set = Some((target.completion().add_call(target, Box::new(wake)), kept));
            }
        }
    }

    fn end(&mut self, target: &Target) {
        if let Some((callback, _)) = self.set.take() {
            target.completion().remove_call(callback);
        }
    }
}

/// A [`Task`] as a `Future`, by `IntoFuture`: what `task.await` is in an `async` block.
///
/// It is ready when the task has ended. Its loop must be run by somebody, on this thread. Dropped, it
/// detaches: the task goes on.
///
/// asyncio counterpart: none; a `Task` is a `Future` there.
///
/// ```
/// use cede::Awaitable;
///
/// let sum = cede::run(cede::coroutine(|| {
///     let task = cede::create_task(cede::coroutine(|| 40));
///     let block = async move { task.await.unwrap() + 2 }; // a task, awaited in an `async` block
///     block.await_() // which is awaited in a task
/// }))?;
/// assert_eq!(sum, Ok(42));
/// # Ok::<(), cede::Error>(())
/// ```
pub struct TaskFuture<T: 'static> {
    task: Task<T>,
    watch: Watch,
}

/// A [`Promise`] as a `Future`, by `IntoFuture`: what `promise.await` is in an `async` block.
///
/// It is ready when the promise is done, and moves the result out.
pub struct PromiseFuture<T: 'static> {
    promise: Promise<T>,
    watch: Watch,
}

impl<T: 'static> IntoFuture for Task<T> {
    type Output = Result<T, JoinError>;
    type IntoFuture = TaskFuture<T>;

    fn into_future(self) -> TaskFuture<T> {
        TaskFuture { task: self, watch: Watch::default() }
    }
}

impl<T: 'static> IntoFuture for Promise<T> {
    type Output = Result<T, Error>;
    type IntoFuture = PromiseFuture<T>;

    fn into_future(self) -> PromiseFuture<T> {
        PromiseFuture { promise: self, watch: Watch::default() }
    }
}

impl<T: 'static> Future for TaskFuture<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if this.task.done() {
            return Poll::Ready(this.task.take());
        }
        this.watch.wake_at_end(&this.task.target(), cx.waker());
        Poll::Pending
    }
}

impl<T: 'static> Future for PromiseFuture<T> {
    type Output = Result<T, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if this.promise.done() {
            return Poll::Ready(this.promise.take());
        }
        this.watch.wake_at_end(&this.promise.target(), cx.waker());
        Poll::Pending
    }
}

// Nothing in them is pinned: the result lies in the task or promise.
impl<T> Unpin for TaskFuture<T> {}
impl<T> Unpin for PromiseFuture<T> {}

impl<T: 'static> Drop for TaskFuture<T> {
    fn drop(&mut self) {
        self.watch.end(&self.task.target());
    }
}

impl<T: 'static> Drop for PromiseFuture<T> {
    fn drop(&mut self) {
        self.watch.end(&self.promise.target());
    }
}

impl<T: 'static> fmt::Debug for TaskFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.task.fmt(f)
    }
}

impl<T: 'static> fmt::Debug for PromiseFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.promise.fmt(f)
    }
}
