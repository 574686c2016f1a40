//! Without the attribute, `.await` is Rust's own.
#[cede::coroutine]
fn one() -> u32 {
    1
}

fn main() {
    one().await;
}
