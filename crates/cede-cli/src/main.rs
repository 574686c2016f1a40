//! `cede` on the command line: a tour of the article, its programs one by one, and the comparison with CPython.
#![forbid(unsafe_code)]
#![allow(unreachable_pub, reason = "in a binary `pub` says: seen by the other modules")]

mod conform;
mod cpython;
mod demo;
mod demos;
mod stage;
mod tour;
mod walk;

use clap::{Parser, Subcommand};
use std::io;
use std::process::ExitCode;

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
    /// Compare cede with CPython: run programs and check their traces
    Conform(conform::ConformArgs),
}

fn main() -> ExitCode {
    let done = match Cli::parse().command {
        None => tour::main(),
        Some(Command::Demo(args)) => demo::main(&args),
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

fn reader_went_away(error: &anyhow::Error) -> bool {
    let broken = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(broken))
}
