//! The harness on the command line.

#![forbid(unsafe_code)]

use anyhow::{Context as _, anyhow};
use cede_benches::machine::Machine;
use cede_benches::report::{html, json, text};
use cede_benches::workloads::{self, Scenario};
use cede_benches::{peers, runner, served, servers};
use clap::Parser;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Measures cede and every peer on this machine, side by side.
#[derive(Debug, Parser)]
#[command(name = "cede-benches", version)]
struct Cli {
    /// Workloads to run: ids or beginnings of ids (W3, W7, article); all of them if none is given
    ids: Vec<String>,
    /// Short rounds, three of each: everything within ten minutes
    #[arg(long)]
    quick: bool,
    /// So many rounds of each, instead of three or five: medians of more tell closer neighbours apart
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// Write the numbers as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write a page with charts
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Only systems whose name contains this (may be given several times); cede always runs
    #[arg(long, value_name = "NAME")]
    system: Vec<String>,
    /// List the workloads and stop
    #[arg(long)]
    list: bool,
}

fn main() -> anyhow::Result<()> {
    if let Some(done) = role() {
        return done;
    }
    let cli = Cli::parse();
    let selected = workloads::selected(&cli.ids, cli.quick);
    if cli.list {
        for workload in &selected {
            println!("{:<34}{} ({})", workload.id, workload.title, workload.unit);
        }
        return Ok(());
    }
    if selected.is_empty() {
        return Err(anyhow!("no workload begins with {}; --list shows them", cli.ids.join(" or ")));
    }
    let machine = Machine::here();
    println!("{machine}");
    let show = |table: &_| print!("{}", text::table(table));
    let results = runner::run(&selected, &cli.system, cli.quick, cli.rounds, show);
    print!("{}", text::closing(&results));
    if let Some(path) = &cli.json {
        let text = serde_json::to_string_pretty(&json::render(&results, &machine))?;
        std::fs::write(path, text + "\n").with_context(|| format!("writing {}", path.display()))?;
    }
    if let Some(path) = &cli.html {
        let page = html::render(&results, &machine);
        std::fs::write(path, page).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

/// What the harness starts this binary for, if it did.
fn role() -> Option<anyhow::Result<()>> {
    let mut args = std::env::args_os().skip(1);
    let role = args.next()?;
    if role == served::LAUNCH {
        return Some(Err(served::become_program(&args.collect::<Vec<_>>())));
    }
    let run: fn(&[String]) -> anyhow::Result<()> = if role == peers::ROUND {
        round
    } else if role == servers::SERVE {
        serve
    } else if role == served::load::LOAD {
        served::load::run
    } else {
        return None;
    };
    let text = |arg: OsString| arg.into_string().map_err(|arg| anyhow!("not text: {}", arg.display()));
    let words: anyhow::Result<Vec<String>> = args.map(text).collect();
    // One line: the harness shows the last one.
    Some(words.and_then(|words| run(&words)).map_err(|error| anyhow!("{error:#}")))
}

/// `serve SYSTEM KIND PORT`: a Rust server.
fn serve(args: &[String]) -> anyhow::Result<()> {
    let [system, kind, port] = args else {
        return Err(anyhow!("serve SYSTEM KIND PORT"));
    };
    let scenario = Scenario::parse(kind, "0", "0").ok_or_else(|| anyhow!("no kind {kind}"))?;
    servers::serve(system, scenario.kind, port.parse()?)
}

/// `round SYSTEM KIND N M MILLISECONDS`: one round of a Rust peer, for the harness itself.
fn round(args: &[String]) -> anyhow::Result<()> {
    let [system, kind, n, m, millis] = args else {
        return Err(anyhow!("round SYSTEM KIND N M MILLISECONDS"));
    };
    let scenario = Scenario::parse(kind, n, m).ok_or_else(|| anyhow!("no scenario {kind} {n} {m}"))?;
    peers::run_round(system, scenario, Duration::from_millis(millis.parse()?)).map_err(|e| anyhow!(e))
}
