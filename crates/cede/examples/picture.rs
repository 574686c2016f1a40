//! A program that makes a page of itself: three lines more than without.

use cede::Awaitable;
use std::time::Duration;

fn dig(feet: u64) -> u64 {
    cede::sleep(Duration::from_millis(10 * feet)).await_().unwrap();
    feet
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let recorder = cede::trace::Recorder::new(); // 1
    let mut runner = cede::Runner::new().observer(recorder.clone()); // 2, instead of cede::run
    let total: u64 = runner.run(cede::coroutine(|| {
        let holes = [3, 1, 2].map(|feet| cede::create_task(cede::coroutine(move || dig(feet)).named("dig")));
        holes.into_iter().map(|hole| hole.await_().unwrap()).sum()
    }))?;
    println!("{total} feet");
    std::fs::write("timeline.html", recorder.log().html("three holes"))?; // 3
    Ok(())
}
