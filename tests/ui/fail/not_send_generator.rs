//! A generator stays on its thread: its frames may hold anything.
fn main() {
    let generator = cede::Generator::<i32>::new(|co| co.yield_(1));
    std::thread::spawn(move || drop(generator.start()));
}
