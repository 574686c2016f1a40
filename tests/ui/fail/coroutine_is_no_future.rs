//! A coroutine object cannot be awaited in another runtime: there would be nobody to pause it.
use std::future::IntoFuture;

fn main() {
    cede::coroutine(|| 1).into_future();
}
