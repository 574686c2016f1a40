//! Awaiting a coroutine is a call: control is never ceded.
//!
//! Task b was queued first, yet waits: five calls never went by the event loop.

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
        let coro_a = coro_fn_a();
        coro_a.await;
    }
    task_b.await?;
    Ok(())
}

pub fn demo(stage: &Stage) -> cede::Result<()> {
    stage.run(main())?
}
