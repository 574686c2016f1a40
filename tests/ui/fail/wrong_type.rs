//! Errors in a body point at what was written.
#[cede::coroutine]
fn one() -> u32 {
    "one"
}

#[cede::coroutine]
fn nameless() -> Unknown {
    todo!()
}

#[cede::coroutine]
fn immutable(text: String) {
    text.push('!');
}

#[cede::coroutine]
fn refutable(Some(n): Option<u32>) -> u32 {
    n
}

#[cede::main]
fn main() {
    let text: String = one().await;
    immutable(text, 1).await;
}
