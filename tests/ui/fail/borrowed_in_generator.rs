//! A generator may be forgotten, and its frames with it.
fn main() {
    let local = String::from("short-lived");
    let lengths = cede::Generator::<usize>::new(|co| co.yield_(local.len()));
    let yields = cede::Generator::<&str>::new(|co| co.yield_(&local));
    lengths.start().unwrap();
    yields.start().unwrap();
}
