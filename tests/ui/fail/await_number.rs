//! A number is not awaitable.
#[cede::main]
fn main() {
    5u32.await;
}
