//! The same with tasks: each await cedes, and b goes first.
//!
//! The first await gave control to the loop, whose queue had b at its head.

use crate::stage::Stage;

#[cede::coroutine]
fn coro_fn_a() {
    println!("I am coro_a(). Hi!");
}

#[cede::coroutine]
fn coro_fn_b() {
    println!("I am coro_b(). I sure hope no one hogs the event loop...");
}

#[cede::coroutine]
fn main() -> cede::Result<()> {
    let task_b = cede::create_task(coro_fn_b());
    for _ in 0..5 {
        let task_a = cede::create_task(coro_fn_a());
        task_a.await?;
    }
    task_b.await?;
    Ok(())
}

pub fn demo(stage: &Stage) -> cede::Result<()> {
    stage.run(main())?
}
