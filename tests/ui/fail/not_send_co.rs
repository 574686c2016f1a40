//! A generator's handle works on its generator's stack only.
fn main() {
    let _ = cede::Generator::<i32>::new(|co| {
        std::thread::spawn(move || co.yield_(1));
    });
}
