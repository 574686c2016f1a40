//! Timers are best effort: they wait for a greedy task.
//!
//! Both were due long before, but the loop got control back only at the cede.

use crate::stage::Stage;
use std::time::Duration;

#[cede::coroutine]
fn main(stage: Stage) -> cede::Result<()> {
    let event_loop = cede::running_loop()?;
    let start = event_loop.time();

    let print_msg = move |asked_for: u32, name: &str| {
        let took = cede::running_loop().unwrap().time() - start;
        let ran = took.as_millis() / 100;
        println!("{name}: asked for 0.{asked_for} s, ran after 0.{ran} s.");
    };

    let tenth = Duration::from_millis(100);
    event_loop.call_later(tenth, move || print_msg(1, "call_later"));
    event_loop.call_at(start + 2 * tenth, move || print_msg(2, "call_at"));
    println!("Two timers are set; now keeping control for 0.5 s.");
    stage.keep_control(5 * tenth);
    println!("Ceding at last.");
    cede::yield_now().await?;
    cede::yield_now().await?;
    Ok(())
}

pub fn demo(stage: &Stage) -> cede::Result<()> {
    stage.run(main(stage.clone()))?
}
