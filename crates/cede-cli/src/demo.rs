//! `cede demo`: lists the article's programs, runs one, shows its code, or explains who had control.

use crate::demos::{DEMOS, Demo, World};
use crate::picture;
use crate::stage::Stage;
use crate::step;
use anyhow::{Context, Result, anyhow};
use cede::trace::Page;
use clap::builder::{PossibleValue, PossibleValuesParser};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
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
    /// Afterwards, tell who had control: in plain words, or (of `triple`) as a walk, place by place
    #[arg(long, requires = "name", value_name = "HOW", num_args = 0..=1)]
    explain: Option<Option<How>>,
    /// Go through the program callback by callback, forward and backward, in the terminal
    #[arg(long, requires = "name", conflicts_with_all = ["source", "explain", "picture", "trace", "real_time"])]
    step: bool,
    /// Draw a lane for each task: bars where it has control
    #[arg(long, requires = "name", conflicts_with = "source", group = "picture")]
    timeline: bool,
    /// With another demo beside it, to be compared (`--timeline`, `--html`)
    #[arg(long, requires = "picture", value_name = "DEMO", value_parser = PossibleValuesParser::new(names()))]
    beside: Option<String>,
    /// Write a page that plays the program: source, lanes, queue and callback lists at each moment
    #[arg(long, requires = "name", value_name = "FILE", conflicts_with = "source", group = "picture")]
    html: Option<PathBuf>,
    /// Write a file for Perfetto (ui.perfetto.dev): a track for each task, arrows from wake to resume
    #[arg(long, requires = "name", value_name = "FILE", conflicts_with = "source")]
    trace: Option<PathBuf>,
    /// Print the event log, one event a line: what all pictures are made of
    #[arg(long, requires = "name", conflicts_with_all = ["source", "step", "explain", "timeline"])]
    log: bool,
    /// Block and wait for real where the demo would use the virtual clock
    #[arg(long, requires = "name")]
    real_time: bool,
}

/// How to explain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum How {
    /// In plain words
    Words,
    /// Place by place
    Walk,
}

impl DemoArgs {
    fn wants_a_picture(&self) -> bool {
        self.explain.is_some() || self.log || self.timeline || self.html.is_some() || self.trace.is_some()
    }
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
    let demo = find(name)?;
    if args.source {
        std::io::stdout().write_all(demo.source.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.step {
        return step::main(demo);
    }
    if args.wants_a_picture() {
        return show(demo, args);
    }
    let virtual_time = demo.world == World::VirtualTime && !args.real_time;
    let stage = if virtual_time { Stage::in_virtual_time() } else { Stage::in_real_time() };
    demo.run(&stage).map_err(|error| anyhow!("{}: {error}", demo.name))?;
    Ok(ExitCode::SUCCESS)
}

fn find(name: &str) -> Result<&'static Demo> {
    DEMOS.iter().find(|demo| demo.name == name).context("clap let an unknown name pass")
}

fn list() -> Result<()> {
    let mut out = anstream::stdout().lock();
    let name_style = anstyle::Style::new().bold();
    for demo in &DEMOS {
        writeln!(out, "{name_style}{:18}{name_style:#}  {}", demo.name, demo.title())?;
    }
    Ok(())
}

/// Runs the demo once, and makes all pictures that are asked for of what was seen.
fn show(demo: &'static Demo, args: &DemoArgs) -> Result<ExitCode> {
    let beside = args.beside.as_deref().map(find).transpose()?;
    for demo in [Some(demo), beside].into_iter().flatten() {
        if let Some(refusal) = picture::refusal(demo) {
            eprintln!("cede: {refusal}");
            return Ok(ExitCode::from(2));
        }
    }
    let seen = picture::see(demo, args.real_time)?;
    let mut out = anstream::stdout().lock();
    if let Some(how) = args.explain {
        let usual = if demo.name == "triple" { How::Walk } else { How::Words };
        let told = match how.unwrap_or(usual) {
            How::Words => seen.words(),
            How::Walk => seen.walk(),
        };
        write!(out, "{}\n{told}", seen.output())?;
    }
    if args.log {
        write!(out, "{}", seen.log)?;
    }
    if args.timeline {
        write!(out, "{}", seen.timeline(width()))?;
        if let Some(beside) = beside {
            write!(out, "\n\n{}", picture::see(beside, args.real_time)?.timeline(width()))?;
        }
    }
    if let Some(file) = &args.html {
        let mut page = seen.on_page(Page::new(demo.name));
        if let Some(beside) = beside {
            page = picture::see(beside, args.real_time)?.on_page(page);
        }
        write_file(file, &page.to_html())?;
    }
    if let Some(file) = &args.trace {
        write_file(file, &seen.log.perfetto())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn write_file(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

/// As wide as the terminal says that it is, else 80.
fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns.unwrap_or(80)
}
