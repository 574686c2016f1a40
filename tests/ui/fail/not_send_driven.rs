//! A coroutine that has its stack stays with it.
fn main() {
    let driven = cede::coroutine(|| 1).start();
    std::thread::spawn(move || driven.send(()).is_ok());
}
