//! Creating a task queues its first step, and runs nothing.
//!
//! other_func runs only when main() cedes: the loop takes jobs in their order.

use crate::stage::Stage;

#[cede::coroutine]
fn other_func() {
    println!("Executing other_func.");
}

#[cede::coroutine]
fn main() -> cede::Result<()> {
    let task = cede::create_task(other_func());
    println!("Hey, the task exists, and nothing of it has run.");
    cede::yield_now().await?;
    println!("Control has been to the event loop and back.");
    task.await?;
    Ok(())
}

pub fn demo(stage: &Stage) -> cede::Result<()> {
    stage.run(main())?
}
