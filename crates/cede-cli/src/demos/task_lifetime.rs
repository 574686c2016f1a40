//! The loop holds its tasks; dropping a handle only detaches.
//!
//! CPython's loop might lose four of the five; cede ends tasks only at the end.

use crate::stage::Stage;

#[cede::coroutine]
fn hello(n: u32) -> cede::Result<()> {
    cede::yield_now().await?;
    println!("hello from task {n}");
    Ok(())
}

#[cede::coroutine]
fn main() -> cede::Result<()> {
    println!("Five tasks, and only the last handle is kept:");
    let mut task = cede::create_task(hello(0));
    for n in 1..5 {
        task = cede::create_task(hello(n)); // drops the handle before it
    }
    task.await??;
    println!("A task that outlives main() is cancelled:");
    let _detached = cede::create_task(hello(5));
    Ok(())
}

pub fn demo(stage: &Stage) -> cede::Result<()> {
    stage.run(main())?
}
