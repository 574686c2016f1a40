//! `cede demo`: lists the article's programs, runs one, shows its code, or explains who had control.

use crate::demos::{DEMOS, Demo, World};
use crate::stage::Stage;
use crate::walk::{Place, Recorder};
use anyhow::{Context, Result, anyhow};
use clap::builder::{PossibleValue, PossibleValuesParser};
use std::io::Write;
use std::process::ExitCode;

/// What may stand after `cede demo`.
#[derive(clap::Args)]
pub struct DemoArgs {
    /// The demo to run; without a name, all are listed
    #[arg(value_parser = PossibleValuesParser::new(names()))]
    name: Option<String>,
    /// Print the code instead of running it
    #[arg(long, requires = "name", conflicts_with_all = ["explain", "real_time"])]
    source: bool,
    /// Afterwards, print the walk of control: who had it, place by place
    #[arg(long, requires = "name")]
    explain: bool,
    /// Block and wait for real where the demo would use the virtual clock
    #[arg(long, requires = "name")]
    real_time: bool,
}

fn names() -> impl Iterator<Item = PossibleValue> {
    DEMOS.iter().map(|demo| PossibleValue::new(demo.name).help(demo.title()))
}

/// The subcommand.
pub fn main(args: &DemoArgs) -> Result<ExitCode> {
    let Some(name) = &args.name else {
        list()?;
        return Ok(ExitCode::SUCCESS);
    };
    let demo = DEMOS.iter().find(|demo| demo.name == *name).context("clap let an unknown name pass")?;
    if args.source {
        std::io::stdout().write_all(demo.source.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.explain && demo.world == World::ByHand {
        eprintln!("cede: '{name}' has no event loop to explain: the program drives its coroutine itself");
        return Ok(ExitCode::from(2));
    }
    run(demo, args)?;
    Ok(ExitCode::SUCCESS)
}

fn list() -> Result<()> {
    let mut out = anstream::stdout().lock();
    let name_style = anstyle::Style::new().bold();
    for demo in &DEMOS {
        writeln!(out, "{name_style}{:18}{name_style:#}  {}", demo.name, demo.title())?;
    }
    Ok(())
}

fn run(demo: &Demo, args: &DemoArgs) -> Result<()> {
    let virtual_time = demo.world == World::VirtualTime && !args.real_time;
    let stage = if virtual_time { Stage::in_virtual_time() } else { Stage::in_real_time() };
    let recorder = Recorder::default();
    let stage = if args.explain { stage.recorded_by(recorder.clone()) } else { stage };
    demo.run(&stage).map_err(|error| anyhow!("{}: {error}", demo.name))?;
    if args.explain {
        explain(&recorder.walk())?;
    }
    Ok(())
}

/// More than this nobody reads; `async-sleep` watches the clock for three hundred turns.
const LONGEST_WALK: usize = 400;

fn explain(walk: &[Place]) -> Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out)?;
    for place in walk.iter().take(LONGEST_WALK) {
        writeln!(out, "{place}")?;
    }
    if walk.len() > LONGEST_WALK {
        writeln!(out, "… and {} places more", walk.len() - LONGEST_WALK)?;
    }
    Ok(())
}
