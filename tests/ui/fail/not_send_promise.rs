//! A promise belongs to its loop's thread; others post a callback through a proxy.
fn main() {
    let promise = cede::Promise::new();
    std::thread::spawn(move || promise.set_result(1));
}
