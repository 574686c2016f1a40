//! Only `#[cede::test]` takes an argument, and only one.
#[cede::coroutine(stack_size = 4096)]
fn one() -> u32 {
    1
}

#[cede::test(virtual_time)]
fn tested() {}

#[cede::test]
#[test]
fn twice() {}

#[cede::main(threads)]
fn main() {
    one().await;
}
