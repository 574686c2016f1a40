use std::fmt;

use super::permits::{Permits, SemaphoreAcquire, SemaphorePermit};
use crate::error::Error;

/// A [`Semaphore`](super::Semaphore) that refuses more permits than it began with.
///
/// Giving back more than was taken is an error of [`release`](Self::release); where a
/// [`SemaphorePermit`] finds it while it is dropped, it is reported.
///
/// asyncio counterpart: `asyncio.BoundedSemaphore`.
///
/// ```
/// use cede::sync::BoundedSemaphore;
///
/// let spades = BoundedSemaphore::new(2);
/// spades.try_acquire().expect("both are there").forget();
/// spades.release()?;
/// let error = spades.release().unwrap_err();
/// assert_eq!(error.to_string(), "BoundedSemaphore released too many times");
/// # Ok::<(), cede::Error>(())
/// ```
pub struct BoundedSemaphore {
    permits: Permits,
}

impl BoundedSemaphore {
    /// A semaphore with this many permits, and never more.
    pub const fn new(value: usize) -> Self {
        BoundedSemaphore { permits: Permits::new(value, Some(value)) }
    }

    /// As [`Semaphore::acquire`](super::Semaphore::acquire).
    pub fn acquire(&self) -> SemaphoreAcquire<'_> {
        SemaphoreAcquire::new(&self.permits, "BoundedSemaphore::acquire")
    }

    /// As [`Semaphore::try_acquire`](super::Semaphore::try_acquire).
    #[track_caller]
    pub fn try_acquire(&self) -> Option<SemaphorePermit<'_>> {
        self.permits.try_acquire().then(|| SemaphorePermit::new(&self.permits))
    }

    /// Gives back a permit that was [forgotten](SemaphorePermit::forget), and wakes the first who waits.
    ///
    /// # Errors
    /// When it has all its permits: "BoundedSemaphore released too many times".
    pub fn release(&self) -> Result<(), Error> {
        self.permits.release()
    }

    /// As [`Semaphore::locked`](super::Semaphore::locked).
    pub fn locked(&self) -> bool {
        self.permits.locked()
    }

    /// As [`Semaphore::available`](super::Semaphore::available).
    pub fn available(&self) -> usize {
        self.permits.value()
    }
}

impl Default for BoundedSemaphore {
    /// With one permit, as asyncio's.
    fn default() -> Self {
        BoundedSemaphore::new(1)
    }
}

impl fmt::Debug for BoundedSemaphore {
    /// As CPython: `<BoundedSemaphore [unlocked, value:1]>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<BoundedSemaphore [{}]>", self.permits)
    }
}
