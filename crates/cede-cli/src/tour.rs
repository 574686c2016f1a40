//! `cede` alone: the article's programs in their order, each with its code, what it prints, and why.

use crate::cpython::{self, CPython};
use crate::demos::{DEMOS, Demo};
use anstyle::{AnsiColor, Style};
use anyhow::{Context, Result, ensure};
use std::io::Write;
use std::process::{Command, ExitCode};

const HEADING: Style = AnsiColor::Cyan.on_default().bold();
const COMMAND: Style = Style::new().bold();
const OUTPUT: Style = AnsiColor::Green.on_default();
const WIDTH: usize = 78;

/// The tour.
pub fn main() -> Result<ExitCode> {
    let out = &mut anstream::stdout().lock();
    introduce(out)?;
    let mut coroutines = String::new();
    let mut tasks = String::new();
    for (number, demo) in (1..).zip(&DEMOS) {
        let printed = show(out, number, demo)?;
        match demo.name {
            "perf-coroutine" => coroutines = printed,
            "perf-task" => tasks = printed,
            _ => {}
        }
    }
    let ours = Timing::read(&coroutines, &tasks)?;
    compare(out, &ours)?;
    Ok(ExitCode::SUCCESS)
}

fn introduce(out: &mut impl Write) -> Result<()> {
    heading(out, "cede: a tour")?;
    writeln!(out, "The programs of \"A conceptual overview of asyncio\", in Rust, run while you read.")?;
    writeln!(out, "`stage.run(…)` is `cede::run(…)` with a clock chosen by the command line.")?;
    Ok(())
}

fn heading(out: &mut impl Write, text: &str) -> Result<()> {
    let rule = "─".repeat(WIDTH.saturating_sub(text.chars().count() + 4));
    writeln!(out, "\n{HEADING}── {text} {rule}{HEADING:#}")?;
    Ok(())
}

/// One program: its code, what it prints now, why. Gives back what it printed.
fn show(out: &mut impl Write, number: usize, demo: &Demo) -> Result<String> {
    let name = demo.name;
    heading(out, &format!("{number}. {name}"))?;
    writeln!(out, "{}\n", demo.title())?;
    for line in demo.listing() {
        writeln!(out, "{}", format!("  {line}").trim_end())?;
    }
    writeln!(out, "\n{COMMAND}$ cede demo {name}{COMMAND:#}")?;
    out.flush()?;
    let (printed, reported) = run(name)?;
    for line in printed.lines() {
        writeln!(out, "{OUTPUT}    {line}{OUTPUT:#}")?;
    }
    for line in reported.lines().flat_map(|line| wrap(line, WIDTH - 4)) {
        writeln!(out, "    {line}")?;
    }
    writeln!(out, "\n=> {}", demo.why())?;
    Ok(printed)
}

/// Runs the demo as its reader would: what it wrote to standard output, and to standard error.
fn run(name: &str) -> Result<(String, String)> {
    let program = std::env::current_exe().context("cannot find the program that runs this tour")?;
    let output = Command::new(program).args(["demo", name]).output()?;
    let (printed, reported) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
    ensure!(output.status.success(), "demo {name} ended with {}:\n{reported}", output.status);
    Ok((printed, reported))
}

/// `line` in pieces of at most `width` characters, broken between words.
fn wrap(line: &str, width: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for word in line.split_inclusive(' ') {
        let piece = pieces.last_mut().expect("there is always one");
        if !piece.is_empty() && piece.chars().count() + word.trim_end().chars().count() > width {
            pieces.push(word.to_owned());
        } else {
            piece.push_str(word);
        }
    }
    pieces.into_iter().map(|piece| piece.trim_end().to_owned()).collect()
}

/// Seconds that programs 9 and 10 took.
struct Timing {
    coroutines: f64,
    tasks: f64,
}

impl Timing {
    fn read(coroutines: &str, tasks: &str) -> Result<Self> {
        Ok(Self { coroutines: seconds(coroutines)?, tasks: seconds(tasks)? })
    }
}

/// The time in `output 17; time elapsed: 0.01680 s`.
fn seconds(printed: &str) -> Result<f64> {
    let after = printed.trim().strip_prefix("output 17; time elapsed: ");
    let number = after.and_then(|rest| rest.strip_suffix(" s"));
    number.and_then(|number| number.parse().ok()).with_context(|| format!("not a timing: {printed:?}"))
}

/// The last page: both programs, here and in Python.
fn compare(out: &mut impl Write, ours: &Timing) -> Result<()> {
    heading(out, "what an await costs")?;
    let python = CPython::find();
    let theirs = match &python {
        Some(python) => Some(Timing::read(&python.run(cpython::COROUTINES)?, &python.run(cpython::TASKS)?)?),
        None => None,
    };
    let interpreter = python.map_or_else(String::new, |python| python.version);
    writeln!(out, "{:26}{:>12}{interpreter:>18}", "10,000 runs of depth 10", "cede")?;
    row(out, "await coroutine", ours.coroutines, theirs.as_ref().map(|it| it.coroutines))?;
    row(out, "await task", ours.tasks, theirs.as_ref().map(|it| it.tasks))?;
    match theirs {
        Some(theirs) => {
            let (here, there) = (ours.tasks / ours.coroutines, theirs.tasks / theirs.coroutines);
            writeln!(out, "  {:24}{here:>6.0} times{there:>12.0} times", "a task costs")?;
        }
        None => writeln!(out, "(No python3 was found to run the Python originals beside them.)")?,
    }
    note_the_build(out)
}

fn row(out: &mut impl Write, what: &str, ours: f64, theirs: Option<f64>) -> Result<()> {
    write!(out, "  {what:24}{ours:>10.5} s")?;
    match theirs {
        Some(theirs) => writeln!(out, "{theirs:>16.5} s{:>8.0} times faster", theirs / ours)?,
        None => writeln!(out)?,
    }
    Ok(())
}

fn note_the_build(out: &mut impl Write) -> Result<()> {
    if cfg!(debug_assertions) {
        writeln!(out, "(This build of cede is not optimised: see `cargo run --release`.)")?;
    }
    Ok(())
}
