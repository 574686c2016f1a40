/// Everything that can be awaited. `x.await_()` is `await x`; inside
/// `#[cede::coroutine]` it is spelt `x.await`.
///
/// The type decides what it means, as in Python:
///
/// | awaiting a… | does | gives |
/// |---|---|---|
/// | [`Coroutine`](crate::Coroutine) | calls it, here and now; never cedes by itself | its result |
/// | [`Task`](crate::Task) | cedes until it has ended; not at all if it has | `Result<T, JoinError>` |
/// | [`Promise`](crate::Promise) | cedes until it is set; not at all if it is | `Result<T, Error>` |
/// | [`Sleep`](crate::Sleep), [`YieldNow`](crate::YieldNow) | cedes | `Result<(), Cancelled>` |
///
/// Implement it for a type of your own by awaiting other things in it, or with
/// [`yield_to_driver`](crate::yield_to_driver).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be awaited",
    label = "not a coroutine, task, promise or other awaitable",
    note = "await a `Coroutine`, a `Task`, a `Promise` or something that implements `cede::Awaitable`"
)]
pub trait Awaitable {
    /// What awaiting gives.
    type Output;

    /// Awaits.
    #[track_caller]
    fn await_(self) -> Self::Output;
}
