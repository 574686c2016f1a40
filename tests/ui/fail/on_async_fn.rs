//! A coroutine is a plain fn.
#[cede::coroutine]
async fn one() -> u32 {
    1
}

#[cede::coroutine]
const fn two() -> u32 {
    2
}

#[cede::coroutine]
extern "C" fn three() -> u32 {
    3
}

// One error each: the functions are there all the same.
#[cede::main]
async fn main() {
    one().await + two().await + three().await;
}
