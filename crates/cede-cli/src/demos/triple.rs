//! The smallest round trip: one task awaits another.
//!
//! `cede demo triple --explain` prints who had control, place by place.

use crate::stage::Stage;

#[cede::coroutine]
fn triple(val: u32) -> u32 {
    val * 3
}

#[cede::coroutine]
fn main() -> cede::Result<u32> {
    let triple_task = cede::create_task(triple(5));
    let tripled_val = triple_task.await?;
    Ok(tripled_val + 2)
}

pub fn demo(stage: &Stage) -> cede::Result<()> {
    println!("{}", stage.run(main())??);
    Ok(())
}
