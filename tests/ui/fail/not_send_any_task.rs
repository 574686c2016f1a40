//! A handle without the type, too.
fn main() {
    let task = cede::create_task(cede::coroutine(|| 1)).handle();
    std::thread::spawn(move || task.cancel());
}
