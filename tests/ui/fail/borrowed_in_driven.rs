//! A coroutine that is driven by hand may be forgotten half-way.
fn main() {
    let local = String::from("short-lived");
    let driven = cede::coroutine(|| local.len()).start();
    driven.send(()).unwrap();
}
