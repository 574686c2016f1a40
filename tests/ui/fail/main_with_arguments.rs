//! Nobody could pass them.
#[cede::main]
fn main(count: u32, name: &str) {}
