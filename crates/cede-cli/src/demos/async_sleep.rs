//! A sleep of one's own: a future and a task that watches.
//!
//! The watcher cedes at every look at the clock, so the workers get their turn.

use crate::stage::Stage;
use cede::{Promise, create_task, running_loop, yield_now};
use std::time::{Duration, Instant};

#[cede::coroutine]
fn sleep_watcher(future: Promise<()>, wake: Instant) -> cede::Result<()> {
    while running_loop()?.time() < wake {
        yield_now().await?;
    }
    future.set_result(())?;
    Ok(())
}

#[cede::coroutine]
fn async_sleep(duration: Duration) -> cede::Result<()> {
    let future = Promise::new();
    let wake = running_loop()?.time() + duration;
    let watcher_task = create_task(sleep_watcher(future.clone(), wake));
    future.await?;
    watcher_task.await?
}

#[cede::coroutine]
fn other_work() {
    println!("I am worker. Work work.");
}

#[cede::coroutine]
fn main() -> cede::Result<()> {
    let start = running_loop()?.time();
    let workers = [(); 3].map(|()| create_task(other_work()));
    println!("Beginning asynchronous sleep.");
    async_sleep(Duration::from_millis(300)).await?;
    let tenths = (running_loop()?.time() - start).as_millis() / 100;
    println!("Done asynchronous sleep after 0.{tenths} s.");
    for worker in workers {
        worker.await?;
    }
    Ok(())
}

pub fn demo(stage: &Stage) -> cede::Result<()> {
    stage.run(main())?
}
