//! Runs programs and starts them again when they end, with a longer pause each time they end badly.
//!
//! ```text
//! cargo run --example supervise [TIMES PROGRAM [ARGUMENT …] [-- PROGRAM [ARGUMENT …]] …]
//! ```
//!
//! Each is started `TIMES` times at most. Ctrl-C ends the programs, asking first (SIGTERM) and killing then.
//! Without arguments it supervises two small ones.

use std::error::Error;
use std::io;
use std::time::Duration;

use cede::process::{Child, Command, ExitStatus};
use cede::{Awaitable, Failure, timeout};

const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long a program may take to end after it was asked to.
const PATIENCE: Duration = Duration::from_secs(3);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (times, programs) = match arguments.split_first() {
        Some((times, programs)) => {
            (times.parse()?, programs.split(|word| word == "--").map(<[String]>::to_vec).collect())
        }
        None => (
            3,
            [["sh", "-c", "exit 1"], ["sh", "-c", "sleep 0.05"]]
                .map(|p| p.map(str::to_owned).to_vec())
                .to_vec(),
        ),
    };
    cede::run(cede::coroutine(move || supervise_all(times, programs)))??;
    Ok(())
}

fn supervise_all(times: usize, programs: Vec<Vec<String>>) -> cede::Result<()> {
    // If one cannot be started, the others are ended; so they are by Ctrl-C.
    cede::task_group(|group| {
        for program in programs.into_iter().filter(|program| !program.is_empty()) {
            group.create_task(cede::coroutine(move || supervise(times, &program)).fallible())?;
        }
        Ok(())
    })
    .map_err(cede::Error::other)
}

fn supervise(times: usize, program: &[String]) -> cede::Result<()> {
    let name = program.join(" ");
    let mut pause = FIRST_PAUSE;
    for time in 1..=times {
        let status = run_to_end(program)?;
        println!("{name}: {status} ({time} of {times})");
        if time < times {
            pause = if status.success() { FIRST_PAUSE } else { LONGEST_PAUSE.min(pause * 2) };
            cede::sleep(pause).await_()?;
        }
    }
    Ok(())
}

/// Runs it; if this is cancelled, ends it.
fn run_to_end(program: &[String]) -> io::Result<ExitStatus> {
    let mut child = Command::new(&program[0]).args(&program[1..]).kill_on_drop(true).spawn()?;
    match child.wait() {
        Err(error) if error.is_cancelled() => {
            end(&mut child)?;
            Err(error)
        }
        ended => ended,
    }
}

/// Asks it to end, and kills it if it does not.
fn end(child: &mut Child) -> io::Result<()> {
    child.signal(libc::SIGTERM)?;
    if timeout(PATIENCE, || child.wait()).is_err() {
        child.kill()?;
        child.wait()?;
    }
    Ok(())
}
