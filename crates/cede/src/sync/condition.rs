use std::fmt;

use super::event::Waiters;
use super::lock::LockGuard;
use super::wait_queue::{self, WaitQueue};
use crate::coroutine::Awaitable;
use crate::error::Cancelled;

/// Where tasks wait until a locked value has changed.
///
/// [`wait`](Self::wait) takes the guard of a [`Lock`](super::Lock): it releases the lock, waits until it is
/// notified, and locks it again before it comes back. [`notify`](Self::notify) wakes waiters in the order in
/// which they came; each of them goes on when it has the lock.
///
/// A wait may come back without having been notified, so ask again whether what you wait for is true, or use
/// [`wait_for`](Self::wait_for), which does.
///
/// asyncio counterpart: `asyncio.Condition`. It differs in three ways: the lock is its own thing (as with
/// `std::sync::Condvar`), so that waiting without it does not compile; `notify` does not need it, for no
/// other task runs between your change and the notification unless you await; and waiters of one condition
/// may hold different locks, each of which gets its own back.
///
/// ```
/// use cede::{Awaitable, sync::{Condition, Lock}};
/// use std::rc::Rc;
///
/// cede::run(cede::coroutine(|| -> cede::Result<()> {
///     let shop = Rc::new((Lock::new(Vec::new()), Condition::new()));
///     let customer = cede::create_task(cede::coroutine({
///         let shop = Rc::clone(&shop);
///         move || -> cede::Result<&str> {
///             let (shelf, delivered) = &*shop;
///             let mut shelf = shelf.lock().await_()?;
///             delivered.wait_for(&mut shelf, |shelf| !shelf.is_empty()).await_()?; // cedes, unlocked
///             Ok(shelf.remove(0))
///         }
///     }));
///     cede::yield_now().await_()?;
///     let (shelf, delivered) = &*shop;
///     shelf.lock().await_()?.push("bread");
///     delivered.notify(1);
///     assert_eq!(customer.flatten().await_()?, "bread");
///     Ok(())
/// }))??;
/// # Ok::<(), cede::Error>(())
/// ```
///
/// ```compile_fail
/// use cede::{Awaitable, sync::Condition};
/// Condition::new().wait().await_(); // E0061: cannot wait on un-acquired lock
/// ```
#[derive(Default)]
pub struct Condition {
    waiters: WaitQueue,
}

impl Condition {
    /// A condition that nobody waits for.
    pub const fn new() -> Self {
        Condition { waiters: WaitQueue::new() }
    }

    /// Releases the lock, waits until notified, and locks again. Awaiting this always cedes.
    ///
    /// Cancelled meanwhile, it locks again before it gives [`Cancelled`], however long that takes; a
    /// notification that it can no longer use goes to the next.
    pub fn wait<'a, 'g, T: ?Sized>(&'a self, guard: &'a mut LockGuard<'g, T>) -> ConditionWait<'a, 'g, T> {
        ConditionWait { condition: self, guard }
    }

    /// Waits until `ready` says so of the locked value: asked at once, and after every notification. Cedes
    /// as [`wait`](Self::wait), or not at all if it is true at once; cancelled, it does as that does.
    ///
    /// asyncio counterpart: `Condition.wait_for`.
    pub fn wait_for<'a, 'g, T, F>(
        &'a self,
        guard: &'a mut LockGuard<'g, T>,
        mut ready: F,
    ) -> ConditionWaitWhile<'a, 'g, T, impl FnMut(&mut T) -> bool>
    where
        T: ?Sized,
        F: FnMut(&mut T) -> bool,
    {
        let condition = move |value: &mut T| !ready(value);
        ConditionWaitWhile { wait: self.wait(guard), condition, call: "Condition::wait_for" }
    }

    /// [`wait_for`](Self::wait_for) with the opposite question, as in `std::sync::Condvar`: waits while it
    /// is true.
    pub fn wait_while<'a, 'g, T, F>(
        &'a self,
        guard: &'a mut LockGuard<'g, T>,
        condition: F,
    ) -> ConditionWaitWhile<'a, 'g, T, F>
    where
        T: ?Sized,
        F: FnMut(&mut T) -> bool,
    {
        ConditionWaitWhile { wait: self.wait(guard), condition, call: "Condition::wait_while" }
    }

    /// Wakes the first `n` who wait and have not been woken, or as many as there are.
    #[doc(alias = "notify_one")]
    pub fn notify(&self, n: usize) {
        for _ in 0..n {
            if !self.waiters.wake_next() {
                break;
            }
        }
    }

    /// Wakes all who wait.
    pub fn notify_all(&self) {
        self.waiters.wake_all();
    }

    #[track_caller]
    fn wait_as<T: ?Sized>(&self, guard: &mut LockGuard<'_, T>, call: &'static str) -> Result<(), Cancelled> {
        if std::thread::panicking() {
            // Who cannot pause could not get the lock back: keep it.
            return Err(wait_queue::refused(call));
        }
        let lost = LostNotification(self);
        guard.give_up();
        let mut outcome = self.waiters.park(call, |_| ());
        // Must lock again even if the wait, or this, is cancelled; the last cancellation comes out.
        while let Err(cancelled) = guard.retake(call) {
            outcome = Err(cancelled);
        }
        if outcome.is_ok() {
            std::mem::forget(lost);
        }
        outcome
    }
}

/// A wait that ends otherwise than well may have been notified, and wakes another in its place. That one may
/// find nothing to do, which waiters are prepared for.
struct LostNotification<'a>(&'a Condition);

impl Drop for LostNotification<'_> {
    fn drop(&mut self) {
        self.0.notify(1);
    }
}

impl fmt::Debug for Condition {
    /// `<Condition [waiters:1]>`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Waiters(self.waiters.len()) {
            Waiters(0) => f.write_str("<Condition []>"),
            Waiters(n) => write!(f, "<Condition [waiters:{n}]>"),
        }
    }
}

/// What [`Condition::wait`] gives; await it.
#[must_use = "it does not wait until it is awaited"]
#[derive(Debug)]
pub struct ConditionWait<'a, 'g, T: ?Sized> {
    condition: &'a Condition,
    guard: &'a mut LockGuard<'g, T>,
}

/// # Panics
/// Where nobody can cede; see [`sync`](crate::sync#what-goes-wrong).
impl<T: ?Sized> Awaitable for ConditionWait<'_, '_, T> {
    type Output = Result<(), Cancelled>;

    #[track_caller]
    fn await_(self) -> Result<(), Cancelled> {
        self.condition.wait_as(self.guard, "Condition::wait")
    }
}

/// What [`Condition::wait_for`] and [`Condition::wait_while`] give; await it.
#[must_use = "it does not wait until it is awaited"]
pub struct ConditionWaitWhile<'a, 'g, T: ?Sized, F> {
    wait: ConditionWait<'a, 'g, T>,
    condition: F,
    call: &'static str,
}

impl<T: ?Sized, F> ConditionWaitWhile<'_, '_, T, F> {
    /// Whose wait it is, for texts.
    pub(super) fn named(self, call: &'static str) -> Self {
        ConditionWaitWhile { call, ..self }
    }
}

/// # Panics
/// Where it would have to wait and nobody can cede; see [`sync`](crate::sync#what-goes-wrong).
impl<T, F> Awaitable for ConditionWaitWhile<'_, '_, T, F>
where
    T: ?Sized,
    F: FnMut(&mut T) -> bool,
{
    type Output = Result<(), Cancelled>;

    #[track_caller]
    fn await_(mut self) -> Result<(), Cancelled> {
        let ConditionWait { condition, guard } = self.wait;
        while (self.condition)(guard) {
            condition.wait_as(guard, self.call)?;
        }
        Ok(())
    }
}

impl<T: ?Sized, F> fmt::Debug for ConditionWaitWhile<'_, '_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConditionWaitWhile").field("condition", self.wait.condition).finish_non_exhaustive()
    }
}
