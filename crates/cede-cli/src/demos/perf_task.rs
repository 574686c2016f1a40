//! Program 10: the same with a task for every await.
//!
//! Each of the 100,000 awaits goes by the event loop: a queue, a switch, a wake.

use crate::stage::Stage;
use cede::create_task;
use std::hint::black_box;
use std::time::Instant;

#[cede::coroutine]
fn nested(depth: u32, x: u32) -> cede::Result<u32> {
    if depth == 0 {
        return Ok(x + 1);
    }
    Ok(create_task(nested(depth - 1, x)).await?? + 1)
}

#[cede::coroutine]
fn main() -> cede::Result<u32> {
    let mut output = 0;
    for _ in 0..10_000 {
        output = create_task(nested(black_box(9), 7)).await??;
    }
    Ok(output)
}

pub fn demo(stage: &Stage) -> cede::Result<()> {
    let start = Instant::now();
    let output = stage.run(main())??;
    let elapsed = start.elapsed().as_secs_f64();
    println!("output {output}; time elapsed: {elapsed:.5} s");
    Ok(())
}
