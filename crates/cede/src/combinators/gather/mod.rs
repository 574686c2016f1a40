//! Waiting for several at once, and having all their results.
//!
//! | file | its one idea |
//! |---|---|
//! | `mode.rs` | what a child's result means to the whole |
//! | `children.rs` | the containers that children come in |
//! | `cell.rs` | what stands for them, and is awaited |
//! | `handle.rs` | its handle |

mod cell;
mod children;
mod handle;
mod mode;

pub use children::Children;
pub use handle::Gather;
use mode::{AnyValue, FailFast, ReturnErrors};

/// Waits for several at once: all their values, in the order of the arguments, or the first failure.
///
/// Coroutine objects are made tasks here and now, in order; tasks and promises may be given too, by value
/// or, where their result is `Clone`, by reference. All return a `Result` with one error type. They come as
/// a vector, an array, a slice, or a tuple of different types, and their values in the same shape. None
/// give none.
///
/// Awaiting cedes until the last has its value or the first fails. Then the others *go on*, and what
/// becomes of them is no news to anybody. A child that is cancelled counts as a failure; one that panics
/// panics on in whoever awaits. The same task given twice runs once and gives its value twice.
///
/// Cancelled while it waits, a task cancels every child that has not ended, in the order of the arguments,
/// and gets the cancellation once they have ended.
///
/// asyncio counterpart: `asyncio.gather`. With `return_exceptions=True` it is
/// [`gather_results`]; children that return something else than a `Result` are for [`join`].
///
/// ```
/// use cede::Awaitable;
///
/// #[cede::coroutine]
/// fn dig(depth: u32) -> cede::Result<u32> {
///     Ok(depth * 2)
/// }
///
/// #[cede::coroutine]
/// fn name() -> cede::Result<&'static str> {
///     Ok("oak")
/// }
///
/// cede::run(cede::coroutine(|| -> cede::Result<()> {
///     let depths = cede::gather(vec![dig(1), dig(2), dig(3)]).await_()?;
///     assert_eq!(depths, [2, 4, 6]);
///     let (depth, tree) = cede::gather((dig(7), name())).await_()?;
///     assert_eq!((depth, tree), (14, "oak"));
///     Ok(())
/// }))??;
/// # Ok::<(), cede::Error>(())
/// ```
///
/// # Panics
/// When a coroutine, or nothing, is given and no event loop runs on this thread.
#[doc(alias = "try_join")]
#[doc(alias = "try_join_all")]
#[track_caller]
pub fn gather<C: Children<FailFast>>(children: C) -> Gather<C::Values, C::Error> {
    Gather::new(children.start(), "gather")
}

/// Waits for several at once: the `Result` of each, in the order of the arguments.
///
/// As [`gather`], but a failure does not end the wait: it is one of the values. So is a cancelled child, and
/// one that panicked, as an error made from its [`JoinError`](crate::JoinError).
///
/// Cancelled while it waits, a task gets the cancellation, whatever the children make of theirs.
///
/// asyncio counterpart: `asyncio.gather(…, return_exceptions=True)`.
///
/// ```
/// use cede::Awaitable;
///
/// #[cede::coroutine]
/// fn dig(depth: u32) -> cede::Result<u32> {
///     if depth > 2 { Err(cede::Error::other("rock")) } else { Ok(depth * 2) }
/// }
///
/// let dug = cede::run(cede::coroutine(|| cede::gather_results([dig(1), dig(3)]).await_()))??;
/// assert_eq!(*dug[0].as_ref().unwrap(), 2);
/// assert_eq!(dug[1].as_ref().unwrap_err().to_string(), "rock");
/// # Ok::<(), cede::Error>(())
/// ```
///
/// # Panics
/// As [`gather`].
#[doc(alias = "join_all")]
#[track_caller]
pub fn gather_results<C: Children<ReturnErrors>>(children: C) -> Gather<C::Values, C::Error> {
    Gather::new(children.start(), "gather_results")
}

/// Waits for several at once, whatever they return: all they return, in the order of the arguments.
///
/// As [`gather`], for children whose values are just values. What ends the wait early is a child that is
/// cancelled or panics: the [`JoinError`](crate::JoinError) says which.
///
/// asyncio counterpart: `asyncio.gather`, of coroutines that raise nothing.
///
/// ```
/// use cede::Awaitable;
///
/// let both = cede::run(cede::coroutine(|| {
///     let number = cede::create_task(cede::coroutine(|| 7));
///     cede::join((number, cede::coroutine(|| "seven"))).await_()
/// }))??;
/// assert_eq!(both, (7, "seven"));
/// # Ok::<(), cede::Error>(())
/// ```
///
/// # Panics
/// As [`gather`].
#[track_caller]
pub fn join<C: Children<AnyValue>>(children: C) -> Gather<C::Values, C::Error> {
    Gather::new(children.start(), "join")
}
