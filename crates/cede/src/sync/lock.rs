use std::cell::{RefCell, RefMut};
use std::fmt;
use std::ops::{Deref, DerefMut};

use super::gate::Gate;
use crate::coroutine::Awaitable;
use crate::error::Cancelled;

/// A value that one task at a time may have, across its awaits.
///
/// [`lock`](Self::lock) gives a [`LockGuard`], which derefs to the value and releases the lock when it is
/// dropped. Tasks get it strictly in the order in which they asked: when it is released with tasks waiting,
/// it goes to the first of them, and nobody who asks meanwhile goes before it. `Lock<()>` protects a stretch
/// of code.
///
/// A panic while it is held releases it; the value stays as it was left (it is not poisoned).
///
/// Unlike `std::sync::Mutex` or a `RefCell`, it may be held across an await: others cede until they get it,
/// the thread never blocks. It is needed only there: between two awaits no other task runs.
///
/// asyncio counterpart: `asyncio.Lock`. It differs in that only a guard can release it, so that "Lock is not
/// acquired" cannot happen:
///
/// ```compile_fail
/// cede::sync::Lock::new(()).release(); // E0599: release of what is not held
/// ```
///
/// ```
/// use cede::{Awaitable, sync::Lock};
///
/// cede::run(cede::coroutine(|| -> cede::Result<()> {
///     let garden = Lock::new(vec!["oak"]);
///     garden.lock().await_()?.push("birch"); // released at the end of the statement
///
///     let planted = garden.lock().await_()?;
///     assert_eq!(*planted, ["oak", "birch"]);
///     assert!(garden.locked() && garden.try_lock().is_none());
///     Ok(())
/// }))??;
/// # Ok::<(), cede::Error>(())
/// ```
pub struct Lock<T: ?Sized = ()> {
    gate: Gate,
    /// Borrowed by the guard, of which there is one at most.
    value: RefCell<T>,
}

impl<T> Lock<T> {
    /// An unlocked lock around this value.
    pub const fn new(value: T) -> Self {
        Lock { gate: Gate::new(), value: RefCell::new(value) }
    }

    /// The value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> Lock<T> {
    /// Locks it. Awaiting this cedes until it is our turn, or not at all if the lock is free and nobody is
    /// to have it next; cancelled meanwhile, it gives [`Cancelled`] and the turn goes to the next.
    ///
    /// asyncio counterpart: `async with lock`, `Lock.acquire`.
    #[doc(alias = "acquire")]
    pub fn lock(&self) -> LockAcquire<'_, T> {
        LockAcquire { lock: self }
    }

    /// Locks it if [`lock`](Self::lock) would not cede. It takes the turn of nobody who waits.
    #[track_caller]
    pub fn try_lock(&self) -> Option<LockGuard<'_, T>> {
        self.gate.try_acquire().then(|| self.guard())
    }

    /// Whether somebody has it.
    pub fn locked(&self) -> bool {
        self.gate.locked()
    }

    /// The value; nobody else can have it.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    #[track_caller]
    pub(super) fn lock_as(&self, call: &'static str) -> Result<LockGuard<'_, T>, Cancelled> {
        self.gate.acquire(call)?;
        Ok(self.guard())
    }

    fn guard(&self) -> LockGuard<'_, T> {
        LockGuard { value: Some(self.value.borrow_mut()), lock: self }
    }
}

impl<T: Default> Default for Lock<T> {
    fn default() -> Self {
        Lock::new(T::default())
    }
}

impl<T: ?Sized> fmt::Debug for Lock<T> {
    /// As CPython: `<Lock [locked, waiters:2]>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Lock [{}]>", self.gate)
    }
}

/// What [`Lock::lock`] gives; await it.
#[must_use = "it does not lock until it is awaited"]
#[derive(Debug)]
pub struct LockAcquire<'a, T: ?Sized> {
    lock: &'a Lock<T>,
}

/// # Panics
/// Where it would have to wait and nobody can cede; see [`sync`](crate::sync#what-goes-wrong).
impl<'a, T: ?Sized> Awaitable for LockAcquire<'a, T> {
    type Output = Result<LockGuard<'a, T>, Cancelled>;

    #[track_caller]
    fn await_(self) -> Self::Output {
        self.lock.lock_as("Lock::lock")
    }
}

/// A lock that is held, and the way to its value; dropping it releases the lock and wakes the next.
#[must_use = "dropped at once, it releases the lock at once"]
pub struct LockGuard<'a, T: ?Sized> {
    /// `None` only while a [`Condition`](super::Condition) waits: then the lock is not held.
    value: Option<RefMut<'a, T>>,
    lock: &'a Lock<T>,
}

/// What `Option::expect` says where safe code cannot come.
const HELD: &str = "a guard is lent to Condition::wait while it does not hold its lock";

impl<'a, T: ?Sized> LockGuard<'a, T> {
    /// Whose guard it is.
    pub fn lock(this: &Self) -> &'a Lock<T> {
        this.lock
    }

    /// Gives the lock up; [`retake`](Self::retake) follows.
    pub(super) fn give_up(&mut self) {
        if self.value.take().is_some() {
            self.lock.gate.release();
        }
    }

    /// Locks again what was given up; on an error it is not locked.
    #[track_caller]
    pub(super) fn retake(&mut self, call: &'static str) -> Result<(), Cancelled> {
        self.lock.gate.acquire(call)?;
        self.value = Some(self.lock.value.borrow_mut());
        Ok(())
    }
}

impl<T: ?Sized> Deref for LockGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect(HELD)
    }
}

impl<T: ?Sized> DerefMut for LockGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect(HELD)
    }
}

impl<T: ?Sized> Drop for LockGuard<'_, T> {
    fn drop(&mut self) {
        self.give_up();
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for LockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for LockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}
