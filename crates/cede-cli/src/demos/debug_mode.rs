//! Debug mode names whoever keeps control for 100 ms or more.
//!
//! compute() was awaited, not made a task: the step that kept control is main's.

use crate::stage::Stage;
use cede::{LoopHandle, Report};
use std::time::Duration;

#[cede::coroutine]
fn compute(stage: Stage) {
    stage.keep_control(Duration::from_millis(200));
    println!("compute() is done.");
}

#[cede::coroutine]
fn main(stage: Stage) {
    compute(stage).await;
}

fn plain(_: &LoopHandle, report: &Report) {
    if let Report::SlowCallback { who, took, .. } = report {
        println!("{who} kept control for {:.1} s", took.as_secs_f64());
    }
}

pub fn demo(stage: &Stage) -> cede::Result<()> {
    let runner = stage.runner().debug(true);
    runner.exception_handler(plain).run(main(stage.clone()))
}
