//! What the attributes take, and what they do not.
#[cede::coroutine(stack_size = 4096)]
fn one() -> u32 {
    1
}

#[cede::test(virtual_time)]
fn tested() {}

#[cede::test]
#[test]
fn twice() {}

#[cede::test(schedules)]
fn how_many() {}

#[cede::test(schedules = 0)]
fn none() {}

#[cede::test(schedules = "many")]
fn no_number() {}

#[cede::test(schedules = -1)]
fn negative() {}

#[cede::test(schedules = 10, real_time)]
fn both() {}

#[cede::main(threads)]
fn main() {
    one().await;
}
