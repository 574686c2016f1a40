//! Each attribute goes on a fn.
#[cede::coroutine]
struct Fella;

#[cede::test]
mod tests {}

#[cede::main]
const MAIN: u32 = 1;

fn main() {
    let _ = (Fella, MAIN);
}
