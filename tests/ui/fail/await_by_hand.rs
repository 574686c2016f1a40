//! `await_` is for what can be awaited.
use cede::Awaitable;

struct Hole;

fn main() {
    Hole.await_();
    5.await_();
    let coroutine = cede::coroutine(|| 1);
    (&coroutine).await_();
}
