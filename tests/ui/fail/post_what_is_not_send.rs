//! What is posted from other threads must be able to cross.
use std::rc::Rc;

fn main() {
    let proxy = cede::EventLoop::new().unwrap().proxy();
    let shared = Rc::new(1);
    proxy.call_soon_threadsafe(move || drop(shared)).unwrap();
}
