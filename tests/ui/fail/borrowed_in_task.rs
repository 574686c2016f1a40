//! A task may outlive the frame that makes it.
use cede::Awaitable;

#[cede::coroutine]
fn length(text: &str) -> usize {
    text.len()
}

fn main() {
    let local = String::from("short-lived");
    length(&local).await_(); // in place it may borrow
    cede::create_task(length(&local));
    cede::create_task(cede::coroutine(|| local.len()));
}
