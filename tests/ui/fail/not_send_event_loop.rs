//! Nor can the loop itself go there.
fn main() {
    let event_loop = cede::EventLoop::new().unwrap();
    std::thread::spawn(move || event_loop.run_forever());
}
