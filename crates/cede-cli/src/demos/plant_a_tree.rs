//! Awaiting a task cedes control until the task has finished.
//!
//! The await left a callback on the task; finishing put it on the loop's queue.

use crate::stage::Stage;

#[cede::coroutine]
fn dig_the_hole(depth: u32) -> cede::Result<u32> {
    println!("Digging a hole {depth} deep.");
    cede::yield_now().await?;
    println!("The hole is dug.");
    Ok(depth)
}

#[cede::coroutine]
fn plant_a_tree() -> cede::Result<()> {
    println!("Creating the task.");
    let dig_the_hole_task = cede::create_task(dig_the_hole(3));
    println!("Awaiting the task.");
    let depth = dig_the_hole_task.await??;
    println!("Planting a tree in a hole {depth} deep.");
    Ok(())
}

pub fn demo(stage: &Stage) -> cede::Result<()> {
    stage.run(plant_a_tree())?
}
