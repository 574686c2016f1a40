//! asyncio: "Passing coroutines is forbidden, use tasks explicitly."
use cede::Awaitable;

fn main() {
    let _ = cede::wait([cede::coroutine(|| 5)]).await_();
}
