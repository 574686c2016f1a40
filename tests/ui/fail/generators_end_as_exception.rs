//! A generator's end (Python: StopIteration) would end whatever generator awaits the promise.
fn main() {
    let promise = cede::Promise::<()>::new();
    promise.set_exception(cede::ResumeError::Finished).unwrap();
}
