//! What can fail must be able to say whether it is a cancellation.
#[derive(Debug)]
struct Rocky;

fn main() {
    let _ = cede::coroutine(|| Err::<(), Rocky>(Rocky)).fallible();
}
