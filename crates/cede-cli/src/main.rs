//! `cede` on the command line: a tour of the article, its programs one by one, and the comparison with CPython.
#![forbid(unsafe_code)]
#![allow(unreachable_pub, reason = "in a binary `pub` says: seen by the other modules")]

mod conform;
mod cpython;
mod demo;
mod demos;
mod explore;
mod picture;
mod race;
mod stage;
mod step;
mod tour;

use clap::{Parser, Subcommand};
use std::process::{self, ExitCode};
use std::{io, panic};

/// A generator-style coroutine VM with asyncio's mental model.
///
/// Without a command: a tour of the article, a few seconds long.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run one of the article's programs, or list them all
    Demo(demo::DemoArgs),
    /// Look for the order in which a program with a planted race fails
    Explore(explore::ExploreArgs),
    /// Compare cede with CPython: run programs and check their traces
    Conform(conform::ConformArgs),
}

fn main() -> ExitCode {
    end_quietly_when_the_reader_goes_away();
    let done = match Cli::parse().command {
        None => tour::main(),
        Some(Command::Demo(args)) => demo::main(&args),
        Some(Command::Explore(args)) => explore::main(&args),
        Some(Command::Conform(args)) => conform::main(args),
    };
    done.unwrap_or_else(|error| {
        if reader_went_away(&error) {
            return ExitCode::SUCCESS; // `cede | head` is no failure
        }
        eprintln!("cede: {error:#}");
        ExitCode::FAILURE
    })
}

/// `println!` in a demo panics where nobody reads any more, as in `cede demo network | head -1`.
fn end_quietly_when_the_reader_goes_away() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let text = info.payload_as_str().unwrap_or_default();
        if text.starts_with("failed printing to stdout: Broken pipe") {
            process::exit(0);
        }
        usual(info);
    }));
}

fn reader_went_away(error: &anyhow::Error) -> bool {
    let broken = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(broken))
}
