//! `run` makes a task of the main coroutine.
fn main() {
    let mut local = 1;
    cede::run(cede::coroutine(|| local += 1)).unwrap();
    println!("{local}");
}
