use std::cell::{Cell, RefCell};
use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::panic::Location;
use std::rc::Rc;
use std::time::Duration;

use super::joinable::{Joinable, Source};
use crate::coroutine::{Awaitable, Interrupt};
use crate::error::{Error, JoinError, TimedOut};
use crate::event_loop::{TimerHandle, running_loop};
use crate::schedule::Schedule;
use crate::target::Target;
use crate::waiter::{Waiter, What};

/// Goes through several children in the order in which they end: an iterator of things to await, each of
/// which gives the result of the next that ends.
///
/// Coroutine objects are made tasks here and now. Iterating runs and waits for nothing; awaiting an item
/// cedes until the next child ends, and not at all if one has ended that no other item gave. Items may be
/// awaited in any order, by several tasks. Cancelled while it waits, a task gets the cancellation; the
/// children go on, and the next item awaited gives what this one would have.
///
/// To know *which* child has ended, ask for [its place](NextCompleted::indexed) among the arguments.
///
/// asyncio counterpart: `asyncio.as_completed`, as a plain iterator; its `async for` is
/// [`indexed`](NextCompleted::indexed). It differs in that coroutine objects start in the order of the
/// arguments.
///
/// ```
/// use cede::Awaitable;
/// use std::time::Duration;
///
/// #[cede::coroutine]
/// fn nap(ms: u64) -> cede::Result<u64> {
///     cede::sleep(Duration::from_millis(ms)).await?;
///     Ok(ms)
/// }
///
/// let order = cede::run(cede::coroutine(|| -> cede::Result<Vec<u64>> {
///     let mut order = Vec::new();
///     for next in cede::as_completed([nap(5), nap(1), nap(3)]) {
///         order.push(next.await_()??);
///     }
///     Ok(order)
/// }))??;
/// assert_eq!(order, [1, 3, 5]);
/// # Ok::<(), cede::Error>(())
/// ```
///
/// # Panics
/// When a coroutine object is given and no event loop runs on this thread.
#[track_caller]
pub fn as_completed<C>(children: C) -> AsCompleted<<C::Item as Joinable>::Source>
where
    C: IntoIterator,
    C::Item: Joinable,
{
    let mut sources = Vec::new();
    for child in children {
        sources.push(child.ensure(None));
    }
    AsCompleted::new(sources, None)
}

/// What [`as_completed`] gives.
#[must_use = "it is an iterator of things to await"]
pub struct AsCompleted<S: Source> {
    shared: Rc<Shared<S>>,
    /// How many items are still to be given.
    left: usize,
}

/// The next child to end; await it.
#[must_use = "await it"]
pub struct NextCompleted<S: Source> {
    shared: Rc<Shared<S>>,
}

/// The next child to end, and which it is; await it.
#[must_use = "await it"]
#[derive(Debug)]
pub struct NextIndexed<S: Source> {
    next: NextCompleted<S>,
}

struct Shared<S> {
    schedule: Option<Rc<Schedule>>,
    /// The children that have not ended, by their places among the arguments, and how many they are.
    todo: RefCell<Vec<Option<S>>>,
    left: Cell<usize>,
    /// Those that have, in that order; `None` stands for one that came too late.
    done: RefCell<VecDeque<Option<(usize, S)>>>,
    /// Who waits for one: asyncio's queue has a future for each.
    getters: RefCell<VecDeque<Rc<Waiter>>>,
    timer: RefCell<Option<TimerHandle>>,
}

impl<S: Source> AsCompleted<S> {
    #[track_caller]
    fn new(sources: Vec<S>, timeout: Option<Duration>) -> Self {
        let mut seen = HashSet::new();
        let mut targets: Vec<(usize, Target)> =
            sources.iter().map(|child| child.awaited().target).enumerate().collect();
        targets.retain(|(_, target)| seen.insert(target.addr()));
        let shared = Rc::new(Shared {
            schedule: targets.first().map(|(_, target)| target.schedule().clone()),
            left: Cell::new(targets.len()),
            todo: RefCell::new(sources.into_iter().map(Some).collect()),
            done: RefCell::default(),
            getters: RefCell::default(),
            timer: RefCell::default(),
        });
        for (index, target) in &targets {
            let (index, shared) = (*index, shared.clone());
            target.completion().add_call(target, Box::new(move || shared.child_ended(index)));
        }
        AsCompleted { left: targets.len(), shared }.timeout(timeout)
    }

    /// Waits no longer than this for all of them together: items that come later give
    /// [`TimedOut`](crate::TimedOut). The children go on.
    ///
    /// # Panics
    /// When no event loop runs on this thread.
    #[track_caller]
    pub fn timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        if let Some(timeout) = timeout.into()
            && self.left > 0
        {
            let event_loop =
                running_loop().unwrap_or_else(|_| panic!("{}", Error::no_running_loop("as_completed")));
            let shared = self.shared.clone();
            let timer = event_loop.call_later(timeout, move || shared.time_is_over());
            if let Some(before) = self.shared.timer.replace(Some(timer)) {
                before.cancel();
            }
        }
        self
    }
}

impl<S: Source> Shared<S> {
    fn child_ended(&self, index: usize) {
        let ended = self.todo.borrow_mut().get_mut(index).and_then(Option::take);
        let Some(child) = ended else { return }; // the time was over first
        self.left.set(self.left.get() - 1);
        self.put(Some((index, child)));
        if self.left.get() == 0
            && let Some(timer) = self.timer.take()
        {
            timer.cancel();
        }
    }

    fn time_is_over(&self) {
        let late = self.todo.take();
        for _ in 0..self.left.replace(0) {
            self.put(None);
        }
        drop(late); // outside the borrow: handles may be the last ones
    }

    fn put(&self, child: Option<(usize, S)>) {
        self.done.borrow_mut().push_back(child);
        self.wake_next();
    }

    /// asyncio: `Queue._wakeup_next`.
    fn wake_next(&self) {
        loop {
            let getter = self.getters.borrow_mut().pop_front();
            match getter {
                Some(getter) if getter.done() => continue,
                Some(getter) => return getter.wake(),
                None => return,
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.done.borrow().is_empty()
    }

    /// asyncio: `Queue.get`.
    fn get(&self, at: &'static Location<'static>) -> Result<(usize, S), JoinError> {
        loop {
            let next = self.done.borrow_mut().pop_front();
            if let Some(child) = next {
                return child.ok_or_else(|| TimedOut::new().into());
            }
            let schedule = self.schedule.as_ref().expect("whoever waits for a child has one");
            let getter = Waiter::new(schedule.clone(), const { &What::of("as_completed") });
            self.getters.borrow_mut().push_back(getter.clone());
            let place = Place { shared: self, getter: &getter };
            match getter.wait("as_completed", at) {
                Ok(()) => std::mem::forget(place),
                Err(Interrupt::Cancelled(cancelled)) => return Err(cancelled.into()),
                Err(Interrupt::Error(error)) => return Err(error.into()),
            }
        }
    }
}

/// A getter's place in the queue. Dropped, it did not get its turn, cancelled or unwound: if it was woken,
/// the next one is.
struct Place<'a, S: Source> {
    shared: &'a Shared<S>,
    getter: &'a Rc<Waiter>,
}

impl<S: Source> Drop for Place<'_, S> {
    fn drop(&mut self) {
        self.shared.getters.borrow_mut().retain(|other| !Rc::ptr_eq(other, self.getter));
        let woken = self.getter.done() && self.getter.cancelled().is_none();
        if woken && !self.shared.is_empty() {
            self.shared.wake_next();
        }
    }
}

impl<S: Source> Iterator for AsCompleted<S> {
    type Item = NextCompleted<S>;

    fn next(&mut self) -> Option<NextCompleted<S>> {
        self.left = self.left.checked_sub(1)?;
        Some(NextCompleted { shared: self.shared.clone() })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<S: Source> ExactSizeIterator for AsCompleted<S> {}

impl<S: Source> NextCompleted<S> {
    /// To be told, too, which one it is: its place among the arguments.
    pub fn indexed(self) -> NextIndexed<S> {
        NextIndexed { next: self }
    }
}

/// # Errors
/// What kept the child from returning; [`TimedOut`](crate::TimedOut); a cancellation.
impl<S: Source> Awaitable for NextCompleted<S> {
    type Output = Result<S::Output, JoinError>;

    #[track_caller]
    fn await_(self) -> Result<S::Output, JoinError> {
        let (_, child) = self.shared.get(Location::caller())?;
        child.take()
    }
}

/// # Errors
/// [`TimedOut`](crate::TimedOut); a cancellation.
impl<S: Source> Awaitable for NextIndexed<S> {
    type Output = Result<(usize, Result<S::Output, JoinError>), JoinError>;

    #[track_caller]
    fn await_(self) -> Self::Output {
        let (index, child) = self.next.shared.get(Location::caller())?;
        Ok((index, child.take()))
    }
}

impl<S: Source> fmt::Debug for AsCompleted<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<AsCompleted left={} pending={}>", self.left, self.shared.left.get())
    }
}

impl<S: Source> fmt::Debug for NextCompleted<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<NextCompleted>")
    }
}
