//! Handles on callbacks and timers cancel on the loop's thread.
fn main() {
    let event_loop = cede::EventLoop::new().unwrap();
    let soon = event_loop.call_soon(|| {});
    std::thread::spawn(move || soon.cancel());
    let later = event_loop.call_later(std::time::Duration::ZERO, || {});
    std::thread::spawn(move || later.cancel());
}
