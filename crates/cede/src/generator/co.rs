//! The handle a generator's body yields through.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::mem::ManuallyDrop;
use std::panic::resume_unwind;
use std::ptr;
use std::rc::Rc;

use corosensei::Yielder;

use super::error::{BoxError, GeneratorExit, ResumeError};
use super::generator::{Generator, GeneratorState};
use super::lent::Lent;
use crate::error::{Cancelled, Error, Interrupt};
use crate::stack::here;

/// What a `yield_` that waits is given.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Given {
    /// The value in [`Shared::sent`].
    Sent,
    /// The error in [`Shared::thrown`].
    Error,
    Exit,
}

/// The payload that leaves a generator's frames. No panic hook sees it. What is thrown may not be `Send`,
/// so it waits in the generator's [`Shared`] and only the way out travels.
pub(crate) struct Leave {
    /// Whose frames are left, by the address of its [`Shared`].
    pub(crate) generator: usize,
    pub(crate) why: Why,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    Exit,
    Raised,
}

/// What the generator and its handles share.
pub(crate) struct Shared<Y, S> {
    /// Null until the body has started and after it has ended. It lies at the base of the generator's stack.
    pub(crate) yielder: Cell<*const Yielder<(), Lent<Y>>>,
    /// The size of that stack.
    pub(crate) size: Cell<usize>,
    pub(crate) sent: Cell<Lent<S>>,
    pub(crate) given: Cell<Given>,
    /// `thread::panicking()` of whoever resumed: those panics are not the body's.
    pub(crate) host_panicking: Cell<bool>,
    /// The error on its way in, by [`Given::Error`]: taken as soon as the body runs, so there is none while it waits.
    pub(crate) thrown: RefCell<Option<BoxError>>,
    /// The one on its way out, by [`Why::Raised`]. A body may stop it on its way, and even wait.
    pub(crate) raised: RefCell<Option<BoxError>>,
}

impl<Y, S> Shared<Y, S> {
    pub(crate) fn new() -> Rc<Self> {
        Rc::new(Shared {
            yielder: Cell::new(ptr::null()),
            size: Cell::new(0),
            sent: Cell::new(Lent::nothing()),
            given: Cell::new(Given::Sent),
            host_panicking: Cell::new(false),
            thrown: RefCell::new(None),
            raised: RefCell::new(None),
        })
    }

    /// Whether the body runs here: on its own stack, and so inside no other generator, and on no other task's.
    #[inline(always)]
    fn runs_here(&self) -> bool {
        self.yielder.get().addr().wrapping_sub(here()) < self.size.get()
    }

    #[inline]
    pub(crate) fn id(&self) -> *const () {
        ptr::from_ref(self).cast()
    }
}

/// A generator's handle on itself, given to its body.
///
/// It works only on its generator's own stack, while that is the innermost one that runs: used from inside
/// another generator, after its own has ended, or on another stack, be it a task's or one that other code has
/// made, it refuses. It can be cloned and put where the body
/// likes; it does not keep the generator alive.
pub struct Co<Y, S = ()> {
    pub(crate) shared: Rc<Shared<Y, S>>,
}

impl<Y, S> Clone for Co<Y, S> {
    fn clone(&self) -> Self {
        Co { shared: self.shared.clone() }
    }
}

impl<Y, S> fmt::Debug for Co<Y, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.shared.runs_here() { "<co, running>" } else { "<co>" })
    }
}

/// What was thrown into a generator, given back by [`Co::try_yield`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Thrown {
    /// The error given to [`Generator::throw`].
    Error(BoxError),
    /// The generator is being closed or dropped (Python: `GeneratorExit`): clean up and return.
    Exit,
    /// Nothing was thrown: the yield itself was not possible here; the error says why.
    Refused(Error),
}

impl Thrown {
    /// The same as an error, for `?` in a body that returns `Result<_, BoxError>`.
    pub fn into_error(self) -> BoxError {
        match self {
            Thrown::Error(error) => error,
            Thrown::Exit => Box::new(GeneratorExit),
            Thrown::Refused(error) => Box::new(error),
        }
    }
}

impl fmt::Display for Thrown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Thrown::Error(error) => write!(f, "{error}"),
            Thrown::Exit => GeneratorExit.fmt(f),
            Thrown::Refused(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Thrown {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Thrown::Error(error) => error.source(),
            Thrown::Exit => None,
            Thrown::Refused(error) => error.source(),
        }
    }
}

impl<Y: 'static, S: 'static> Co<Y, S> {
    /// Pauses the generator, gives `value` to whoever resumed it, and comes back with what they send.
    ///
    /// When an error is thrown in instead, or the generator is closed, this does not return: it leaves the
    /// body by unwinding, running destructors on the way, as an uncaught exception would in Python. Use
    /// [`try_yield`](Self::try_yield) to catch it.
    ///
    /// # Panics
    /// When this generator is not the innermost running one. From a destructor that runs because of a
    /// panic, it ends the process with a message: the stack is being unwound and cannot pause.
    #[inline]
    pub fn yield_(&self, value: Y) -> S {
        if let Err(refusal) = self.check() {
            refused(&refusal);
        }
        // SAFETY: the body runs here.
        unsafe { self.suspend(value) }.unwrap_or_else(|| self.leave(self.thrown()))
    }

    /// As [`yield_`](Self::yield_), but gives what is thrown in as a value.
    ///
    /// # Errors
    /// [`Thrown::Error`] when an error is thrown in, [`Thrown::Exit`] when the generator is closed or
    /// dropped, [`Thrown::Refused`] where it cannot yield.
    #[inline]
    pub fn try_yield(&self, value: Y) -> Result<S, Thrown> {
        self.check().map_err(Thrown::Refused)?;
        // SAFETY: the body runs here.
        unsafe { self.suspend(value) }.ok_or_else(|| self.thrown())
    }

    /// Yields all that `inner` yields, sends it all that is sent, and gives its result (PEP 380).
    ///
    /// What is thrown in goes to `inner` first; what `inner` does not catch leaves this body too.
    ///
    /// # Panics
    /// As [`yield_`](Self::yield_), and when `inner` has run before.
    pub fn yield_from<R: 'static>(&self, inner: Generator<Y, S, R>) -> R {
        match self.try_yield_from(&inner) {
            Ok(result) => result,
            Err(thrown) => {
                drop(inner);
                self.leave(thrown)
            }
        }
    }

    /// As [`yield_from`](Self::yield_from), but gives what is thrown in, or raised by `inner`, as a value.
    ///
    /// Closing closes `inner` first: the answer is [`Thrown::Exit`], or the error with which `inner` left
    /// instead.
    ///
    /// # Errors
    /// As [`try_yield`](Self::try_yield).
    pub fn try_yield_from<R: 'static>(&self, inner: &Generator<Y, S, R>) -> Result<R, Thrown> {
        let mut state = inner.start();
        loop {
            let value = match state {
                Ok(GeneratorState::Yielded(value)) => value,
                Ok(GeneratorState::Complete(result)) => return Ok(result),
                Err(ResumeError::Raised(error)) => return Err(Thrown::Error(error)),
                Err(error) => return Err(Thrown::Error(Box::new(error))),
            };
            state = match self.try_yield(value) {
                Ok(sent) => inner.resume(sent),
                Err(Thrown::Error(error)) => inner.throw(error),
                Err(Thrown::Exit) => {
                    return Err(match inner.close() {
                        Ok(_) => Thrown::Exit,
                        Err(ResumeError::Raised(error)) => Thrown::Error(error),
                        Err(error) => Thrown::Error(Box::new(error)),
                    });
                }
                Err(refused) => return Err(refused),
            };
        }
    }

    /// Leaves the body with an error: whoever resumed gets [`ResumeError::Raised`].
    ///
    /// # Panics
    /// When this generator is not the innermost running one.
    pub fn raise(&self, error: impl Into<BoxError>) -> ! {
        match self.check() {
            Ok(()) => self.leave(Thrown::Error(error.into())),
            Err(refusal) => refused(&refusal),
        }
    }

    /// Yields past the generators that run inside this one: they pause with it, as plain frames would.
    pub(crate) fn yield_through(&self, value: Y) -> Result<S, Interrupt> {
        if self.shared.yielder.get().is_null() {
            return Err(Interrupt::Error(self.why_not()));
        }
        if std::thread::panicking() && !self.shared.host_panicking.get() {
            return Err(Interrupt::Error(Error::unwinding("await")));
        }
        // SAFETY: the body has started and not ended; our caller runs on its stack or on one resumed from it.
        unsafe { self.suspend(value) }.ok_or_else(|| match self.thrown() {
            Thrown::Error(error) => match error.downcast::<Cancelled>() {
                Ok(cancelled) => Interrupt::Cancelled(*cancelled),
                Err(error) => self.leave(Thrown::Error(error)),
            },
            thrown => self.leave(thrown),
        })
    }

    /// Gives the value to whoever resumed the generator, and waits for what they send; `None` if something was
    /// thrown in instead.
    ///
    /// # Safety
    /// The body has started and not ended, and this is its stack or one resumed from it.
    #[inline(always)]
    unsafe fn suspend(&self, value: Y) -> Option<S> {
        // SAFETY: the body runs, so the yielder at the root of its stack is alive.
        let yielder = unsafe { &*self.shared.yielder.get() };
        yielder.suspend(Lent::new(&mut ManuallyDrop::new(value)));
        match self.shared.given.get() {
            // SAFETY: whoever resumed us has just lent it, and waits.
            Given::Sent => Some(unsafe { self.shared.sent.get().take() }),
            Given::Error | Given::Exit => None,
        }
    }

    /// What was thrown in.
    #[cold]
    fn thrown(&self) -> Thrown {
        self.shared.given.set(Given::Sent);
        self.shared.thrown.take().map_or(Thrown::Exit, Thrown::Error)
    }

    #[inline]
    fn check(&self) -> Result<(), Error> {
        if !self.shared.runs_here() {
            return Err(self.why_not());
        }
        if std::thread::panicking() && !self.shared.host_panicking.get() {
            return Err(Error::unwinding("Co::yield_"));
        }
        Ok(())
    }

    #[cold]
    fn why_not(&self) -> Error {
        Error::misuse(if self.shared.yielder.get().is_null() {
            "Co::yield_: its generator is not running"
        } else {
            "Co::yield_: its generator is not the innermost one that runs here"
        })
    }

    #[cold]
    fn leave(&self, thrown: Thrown) -> ! {
        let why = match thrown {
            Thrown::Error(error) => {
                let stopped = self.shared.raised.replace(Some(error));
                drop(stopped); // outside the borrow: its destructor may yield
                Why::Raised
            }
            Thrown::Exit => Why::Exit,
            Thrown::Refused(refusal) => refused(&refusal),
        };
        resume_unwind(Box::new(Leave { generator: self.shared.id().addr(), why }))
    }
}

#[cold]
#[track_caller]
fn refused(refusal: &Error) -> ! {
    if refusal.is_unwinding() {
        // A second panic would end the process anyway, with a text that names neither cause nor cure.
        eprintln!("cede: {refusal}; aborting");
        std::process::abort();
    }
    panic!("{refusal}")
}
