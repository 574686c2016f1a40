//! Awaiting a future cedes too; if nobody sets it: deadlock.
//!
//! CPython would wait here for ever; cede's loop sees that nothing can happen.

use crate::stage::Stage;
use cede::Promise; // asyncio's Future

#[cede::coroutine]
fn auxiliary_func() {
    println!("Executing auxiliary_func()...");
}

#[cede::coroutine]
fn main() -> cede::Result<()> {
    let future = Promise::<()>::new();
    let _auxiliary = cede::create_task(auxiliary_func()).named("auxiliary");
    println!("Awaiting future...");
    future.await?; // nobody ever sets it
    println!("Control never gets here.");
    Ok(())
}

pub fn demo(stage: &Stage) {
    if let Err(deadlock) = stage.run(main()) {
        eprintln!("{deadlock}");
    }
}
