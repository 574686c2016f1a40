//! A loop's methods cannot be called from another thread; a proxy's can.
fn main() {
    let event_loop = cede::running_loop().unwrap();
    std::thread::spawn(move || event_loop.stop());
}
