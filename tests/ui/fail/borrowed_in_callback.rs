//! A callback is called when the frame that queued it may be gone.
fn main() {
    let event_loop = cede::EventLoop::new().unwrap();
    let local = String::from("short-lived");
    event_loop.call_soon(|| println!("{local}"));
    event_loop.create_promise::<u32>().add_done_callback(|_| println!("{local}"));
}
