//! A task belongs to its loop's thread.
fn main() {
    let task = cede::create_task(cede::coroutine(|| 1));
    std::thread::spawn(move || task.cancel());
}
