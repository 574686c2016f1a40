use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use super::permits::{self, Permits, SemaphoreAcquire, SemaphorePermit};
use crate::coroutine::Awaitable;
use crate::error::Cancelled;

/// A number of permits: that many tasks go on at a time, the others wait.
///
/// [`acquire`](Self::acquire) takes a permit, or cedes until there is one; dropping the
/// [`SemaphorePermit`] gives it back. Tasks get permits strictly in the order in which they asked, and a
/// waiter that was woken has its permit for sure: nobody who comes later can take it.
///
/// asyncio counterpart: `asyncio.Semaphore`. It differs in that a permit is a guard;
/// [`forget`](SemaphorePermit::forget) and [`release`](Self::release) are asyncio's way. A negative value
/// cannot be written.
///
/// ```
/// use cede::{Awaitable, sync::Semaphore};
/// use std::rc::Rc;
///
/// cede::run(cede::coroutine(|| -> cede::Result<()> {
///     let spades = Rc::new(Semaphore::new(2));
///     let dig = |hole: u32| {
///         let spades = Rc::clone(&spades);
///         cede::create_task(cede::coroutine(move || -> cede::Result<u32> {
///             let _spade = spades.acquire().await_()?; // cedes while both are in use
///             cede::yield_now().await_()?;
///             Ok(hole)
///         }))
///     };
///     let holes: Vec<_> = (1..=5).map(dig).collect();
///     for (task, hole) in holes.into_iter().zip(1..) {
///         assert_eq!(task.flatten().await_()?, hole);
///     }
///     assert_eq!(spades.available(), 2);
///     Ok(())
/// }))??;
/// # Ok::<(), cede::Error>(())
/// ```
pub struct Semaphore {
    permits: Permits,
}

impl Semaphore {
    /// A semaphore with this many permits. With 0, everybody waits until somebody releases.
    pub const fn new(value: usize) -> Self {
        Semaphore { permits: Permits::new(value, None) }
    }

    /// Takes a permit. Awaiting this cedes until there is one for us, or not at all if there is one and
    /// nobody waits for it; cancelled meanwhile, it gives [`Cancelled`] and its turn goes to the next.
    ///
    /// asyncio counterpart: `async with semaphore`, `Semaphore.acquire`.
    pub fn acquire(&self) -> SemaphoreAcquire<'_> {
        SemaphoreAcquire::new(&self.permits, "Semaphore::acquire")
    }

    /// As [`acquire`](Self::acquire), with a permit that holds the semaphore, to be kept or given to another
    /// task: acquire before the task is made, and there are never more tasks than permits.
    ///
    /// ```
    /// use cede::{Awaitable, sync::Semaphore};
    /// use std::rc::Rc;
    ///
    /// cede::run(cede::coroutine(|| -> cede::Result<()> {
    ///     let spades = Rc::new(Semaphore::new(2));
    ///     for hole in 0..100 {
    ///         let spade = spades.acquire_owned().await_()?; // cedes while two tasks are digging
    ///         cede::create_task(cede::coroutine(move || {
    ///             let _ = (spade, hole);
    ///         }));
    ///     }
    ///     Ok(())
    /// }))??;
    /// # Ok::<(), cede::Error>(())
    /// ```
    pub fn acquire_owned(self: &Rc<Self>) -> OwnedSemaphoreAcquire {
        OwnedSemaphoreAcquire { semaphore: Rc::clone(self) }
    }

    /// Takes a permit if [`acquire`](Self::acquire) would not cede. It takes the turn of nobody who waits.
    #[track_caller]
    pub fn try_acquire(&self) -> Option<SemaphorePermit<'_>> {
        self.permits.try_acquire().then(|| SemaphorePermit::new(&self.permits))
    }

    /// Adds a permit, whether or not one was taken, and wakes the first who waits. At `usize::MAX` it stays
    /// there.
    pub fn release(&self) {
        let _ = self.permits.release(); // without a bound it cannot fail
    }

    /// Whether [`acquire`](Self::acquire) would cede: no permit is left, or others are to have theirs first.
    pub fn locked(&self) -> bool {
        self.permits.locked()
    }

    /// How many permits are left; those of waiters that were woken are not among them.
    pub fn available(&self) -> usize {
        self.permits.value()
    }
}

impl Default for Semaphore {
    /// With one permit, as asyncio's.
    fn default() -> Self {
        Semaphore::new(1)
    }
}

impl fmt::Debug for Semaphore {
    /// As CPython: `<Semaphore [unlocked, value:1]>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Semaphore [{}]>", self.permits)
    }
}

/// What [`Semaphore::acquire_owned`] gives; await it.
#[must_use = "it does not acquire until it is awaited"]
#[derive(Debug)]
pub struct OwnedSemaphoreAcquire {
    semaphore: Rc<Semaphore>,
}

/// # Panics
/// Where it would have to wait and nobody can cede; see [`sync`](crate::sync#what-goes-wrong).
impl Awaitable for OwnedSemaphoreAcquire {
    type Output = Result<OwnedSemaphorePermit, Cancelled>;

    #[track_caller]
    fn await_(self) -> Self::Output {
        self.semaphore.permits.acquire("Semaphore::acquire_owned")?;
        Ok(OwnedSemaphorePermit { semaphore: Some(self.semaphore), site: Location::caller() })
    }
}

/// A permit that holds its semaphore; dropping it gives it back and wakes the next.
#[must_use = "dropped at once, it is given back at once"]
pub struct OwnedSemaphorePermit {
    /// `None` once it is forgotten.
    semaphore: Option<Rc<Semaphore>>,
    site: &'static Location<'static>,
}

impl OwnedSemaphorePermit {
    /// As [`SemaphorePermit::forget`].
    pub fn forget(mut self) {
        self.semaphore.take();
    }
}

impl Drop for OwnedSemaphorePermit {
    fn drop(&mut self) {
        if let Some(semaphore) = &self.semaphore {
            permits::give_back(&semaphore.permits, self.site);
        }
    }
}

impl fmt::Debug for OwnedSemaphorePermit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<OwnedSemaphorePermit acquired at {}>", self.site)
    }
}
