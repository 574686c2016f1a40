//! `gather` is for children that can fail; the note names what is for others.
use cede::Awaitable;

fn main() {
    let _ = cede::gather([cede::coroutine(|| 5)]).await_();
}
