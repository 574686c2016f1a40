//! Python: "Token has already been used once".
static NUMBER: cede::ContextVar<i32> = cede::ContextVar::new("number");

fn main() {
    let token = NUMBER.set(1);
    let _ = NUMBER.reset(token);
    let _ = NUMBER.reset(token);
}
