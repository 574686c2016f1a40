//! `cede explore`: a program with a planted race, under one schedule after another until it fails.

use crate::race;
use anyhow::Result;
use std::io::Write;
use std::panic;
use std::process::ExitCode;
use std::time::Instant;

/// What may stand after `cede explore`.
#[derive(clap::Args)]
pub struct ExploreArgs {
    /// How many schedules to try
    #[arg(long, default_value_t = 1_000)]
    schedules: u64,
    /// Print the program instead
    #[arg(long)]
    source: bool,
}

/// The subcommand.
pub fn main(args: &ExploreArgs) -> Result<ExitCode> {
    if args.source {
        print!("{}", include_str!("race.rs"));
        return Ok(ExitCode::SUCCESS);
    }
    panic::set_hook(Box::new(|_| {})); // the report says it
    let began = Instant::now();
    let mut out = anstream::stdout().lock();
    match cede::try_explore(args.schedules, race::plant) {
        Ok(explored) => {
            writeln!(out, "{} schedules, and none fails", explored.schedules)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(failure) => {
            writeln!(out, "{failure}")?;
            eprintln!("found in {:.3} s", began.elapsed().as_secs_f64());
            Ok(ExitCode::FAILURE)
        }
    }
}
