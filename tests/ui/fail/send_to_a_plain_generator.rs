//! A generator that yields without asking for anything is sent nothing but `()`.
fn main() {
    let generator = cede::Generator::<i32>::new(|co| co.yield_(1));
    generator.start().unwrap();
    generator.resume(5).unwrap();
}
