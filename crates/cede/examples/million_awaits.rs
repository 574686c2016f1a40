//! A chain of a million tasks, each awaiting the one before, is cancelled from its end: on a thread whose stack would
//! not hold a thousandth of that recursion.
//!
//! ```text
//! cargo run --release --package cede --example million_awaits [LINKS]
//! ```
//!
//! Each task that waits has a stack of its own, of which it has touched a page: 4.5 GB together. A million
//! guard pages need Linux 6.13 or later.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use std::thread;
use std::time::Instant;

use cede::{Awaitable, Error, Outcome, Promise, Task};

/// For the loop and everything it calls. A recursion of a million calls needs at least 16 MB.
const HOST_STACK: usize = 256 << 10;

fn main() -> ExitCode {
    let links = std::env::args().nth(1).map_or(Ok(1_000_000), |asked| asked.parse());
    let Ok(links @ 1..) = links else {
        eprintln!("usage: million_awaits [LINKS]");
        return ExitCode::from(2);
    };
    let on_a_small_stack = thread::Builder::new()
        .stack_size(HOST_STACK)
        .spawn(move || cede::run(cede::coroutine(move || cancel_a_chain(links)).fallible()));
    match on_a_small_stack.expect("a thread starts").join().expect("it does not panic") {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) | Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn cancel_a_chain(links: usize) -> Result<(), Error> {
    let began = Instant::now();
    let nobody_sets_it = Promise::<()>::new();
    let first = nobody_sets_it.clone();
    let mut last: Task<Result<(), Error>> =
        cede::create_task(cede::coroutine(move || first.await_()).fallible());
    let mut chain = vec![last.handle()];
    for _ in 1..links {
        let before = last;
        last = cede::create_task(cede::coroutine(move || before.flatten().await_()).fallible());
        chain.push(last.handle());
    }
    cede::yield_now().await_()?; // each begins, in turn, and waits
    assert!(chain.iter().all(|task| task.waiting_for().is_some()), "every link waits");
    println!("{links} tasks wait for each other after {:.2?}", began.elapsed());

    let asked = Instant::now();
    assert!(last.cancel());
    assert!(nobody_sets_it.cancelled(), "the request has gone down to the promise");
    assert!(chain.iter().all(|task| task.cancelling() == 1), "each was asked once");
    let asked = asked.elapsed();

    let ended = Instant::now();
    let error = last.flatten().await_().expect_err("it was cancelled");
    let ended = ended.elapsed();
    assert!(error.is_cancelled(), "{error}");
    let cancelled = chain.iter().filter(|task| task.outcome() == Outcome::Cancelled).count();
    assert_eq!(cancelled, links);
    println!(
        "cancelled: asking all took {asked:.2?}, their ends {ended:.2?}; {cancelled} tasks ended cancelled"
    );
    Ok(())
}
