//! What a burst of tasks costs while it lasts, and what it leaves: as many tasks as asked for wait for one event, end,
//! and their memory is given back.
//!
//! ```text
//! cargo run --release --package cede --example burst [TASKS…]
//! ```
//!
//! Reads `/proc`, so it needs Linux. A million guard pages need Linux 6.13 or later.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};

use cede::sync::Event;
use cede::{Awaitable, Cancelled, Error, EventLoop, Task};

const RESIDENT: &str = "VmRSS:";
const PAGE_TABLES: &str = "VmPTE:";

fn main() -> ExitCode {
    let asked: Result<Vec<usize>, _> = std::env::args().skip(1).map(|tasks| tasks.parse()).collect();
    let sizes = match asked {
        Ok(sizes) if sizes.is_empty() => vec![10_000, 100_000, 1_000_000],
        Ok(sizes) if sizes.iter().all(|tasks| *tasks > 0) => sizes,
        _ => {
            eprintln!("usage: burst [TASKS…]");
            return ExitCode::from(2);
        }
    };
    println!(
        "{:>10}{:>13}{:>13}{:>15}{:>12}{:>14}",
        "tasks", "creation", "memory", "page tables", "start", "after a trim"
    );
    println!(
        "{:>10}{:>13}{:>13}{:>15}{:>12}{:>14}",
        "", "ns a task", "bytes a task", "bytes a task", "KiB", "KiB"
    );
    match sizes.into_iter().try_for_each(burst) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn burst(tasks: usize) -> Result<(), Error> {
    let event_loop = EventLoop::new()?;
    // What the first task of all brings into memory is the program's, not the burst's.
    event_loop.run_until_complete(cede::coroutine(|| all_wait(100).and_then(all_end)).fallible())??;
    event_loop.trim();

    let (start, tables) = (status(RESIDENT), status(PAGE_TABLES));
    let began = Instant::now();
    let waiting = event_loop.run_until_complete(cede::coroutine(move || all_wait(tasks)).fallible())??;
    let creation = began.elapsed().as_nanos() / tasks as u128;
    let (held, tables) = (status(RESIDENT) - start, status(PAGE_TABLES) - tables);
    event_loop.run_until_complete(cede::coroutine(move || all_end(waiting)).fallible())??;
    event_loop.trim();

    let each = |kib: usize| kib * 1024 / tasks;
    let (held, tables, after) = (each(held + tables), each(tables), status(RESIDENT));
    println!("{tasks:>10}{creation:>13}{held:>13}{tables:>15}{start:>12}{after:>14}");
    Ok(())
}

type Waiting = (Rc<Event>, Vec<Task<Result<(), Cancelled>>>);

/// Makes the tasks, lets each run up to its wait, and then the loop rest, which gives back what the ready queue needed
/// while they were all in it.
fn all_wait(tasks: usize) -> Result<Waiting, Error> {
    let event = Rc::new(Event::new());
    let waiting = (0..tasks).map(|_| {
        let event = event.clone();
        cede::create_task(cede::coroutine(move || event.wait().await_()).fallible())
    });
    let waiting = waiting.collect();
    cede::yield_now().await_()?;
    cede::sleep(Duration::from_millis(1)).await_()?;
    Ok((event, waiting))
}

fn all_end((event, waiting): Waiting) -> Result<(), Error> {
    event.set();
    waiting.into_iter().try_for_each(|task| Ok(task.await_()??))
}

/// This line of the process's status, in KiB.
fn status(line: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let size = status.lines().find_map(|text| text.strip_prefix(line)).unwrap_or_default();
    size.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}
