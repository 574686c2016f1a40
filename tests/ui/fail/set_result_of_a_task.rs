//! A task's result is what its coroutine returns.
fn main() {
    let task = cede::create_task(cede::coroutine(|| 1));
    task.set_result(2);
    task.set_exception("boom");
}
