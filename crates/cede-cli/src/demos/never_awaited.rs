//! A coroutine object thrown away never runs: a warning.
//!
//! The object was dropped before anybody awaited it; debug mode says so at once.

use crate::stage::Stage;
use cede::{LoopHandle, Report};

#[cede::coroutine]
fn forgotten() {
    println!("This is never printed.");
}

#[cede::coroutine]
fn main() {
    drop(forgotten()); // made and thrown away; rustc warns without `drop`
    println!("main() goes on.");
}

fn show_warning(_: &LoopHandle, report: &Report) {
    if let Report::NeverAwaited { coroutine, .. } = report {
        println!("RuntimeWarning: coroutine '{coroutine}' was never awaited");
    }
}

pub fn demo(stage: &Stage) -> cede::Result<()> {
    let runner = stage.runner().debug(true);
    runner.exception_handler(show_warning).run(main())
}
