//! An argument lives as long as the coroutine runs, no longer.
#[cede::coroutine]
fn dangling<'a>(text: String, _longer: &'a str) -> &'a str {
    text.trim()
}

fn main() {}
