//! Program 9: ten awaited coroutines deep, 10,000 times.
//!
//! Ten calls and ten returns: no stack, no switch, nothing for the event loop.

use crate::stage::Stage;
use std::hint::black_box;
use std::time::Instant;

#[cede::coroutine]
fn nested(depth: u32, x: u32) -> u32 {
    if depth == 0 {
        return x + 1;
    }
    nested(depth - 1, x).await + 1
}

#[cede::coroutine]
fn main() -> u32 {
    let mut output = 0;
    for _ in 0..10_000 {
        // black_box: or the compiler would see that it is always 17
        output = nested(black_box(9), 7).await;
    }
    output
}

pub fn demo(stage: &Stage) -> cede::Result<()> {
    let start = Instant::now();
    let output = stage.run(main())?;
    let elapsed = start.elapsed().as_secs_f64();
    println!("output {output}; time elapsed: {elapsed:.5} s");
    Ok(())
}
