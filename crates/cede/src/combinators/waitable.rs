use std::rc::Rc;

use super::gather::Gather;
use super::joinable::Source;
use super::shield::Shield;
use crate::promise::Promise;
use crate::target::Awaited;
use crate::task::{AnyTask, Flatten, Task};

/// A handle on something that ends: a task, a promise, what [`gather`](crate::gather) or
/// [`shield`](crate::shield) gave; by value or by reference. What [`wait`](crate::wait) takes.
///
/// asyncio counterpart: whatever `asyncio.isfuture` says yes to. A coroutine object is none: it runs only
/// once somebody starts it.
///
/// ```compile_fail
/// cede::wait([cede::coroutine(|| 5)]); // E0277: "Passing coroutines is forbidden, use tasks explicitly."
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no handle on something that ends",
    note = "pass a `Task`, a `Promise`, an `AnyTask`, or a reference to one; make a task of a coroutine first"
)]
pub trait Waitable {
    /// What is waited for.
    fn awaited(&self) -> Awaited;
}

impl<T: 'static> Waitable for Task<T> {
    fn awaited(&self) -> Awaited {
        Awaited { target: self.target() }
    }
}

impl<T: 'static> Waitable for Promise<T> {
    fn awaited(&self) -> Awaited {
        Awaited { target: self.target() }
    }
}

impl Waitable for AnyTask {
    fn awaited(&self) -> Awaited {
        Awaited { target: self.target() }
    }
}

impl<U: 'static, E: 'static> Waitable for Flatten<U, E> {
    fn awaited(&self) -> Awaited {
        self.task.awaited()
    }
}

impl<V: 'static, E: 'static> Waitable for Gather<V, E> {
    fn awaited(&self) -> Awaited {
        Awaited { target: self.target() }
    }
}

impl<S: Source> Waitable for Shield<S> {
    fn awaited(&self) -> Awaited {
        Awaited { target: self.target() }
    }
}

impl<W: Waitable + ?Sized> Waitable for &W {
    fn awaited(&self) -> Awaited {
        (**self).awaited()
    }
}

impl<W: Waitable + ?Sized> Waitable for Rc<W> {
    fn awaited(&self) -> Awaited {
        (**self).awaited()
    }
}
