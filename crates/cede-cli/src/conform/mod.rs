//! `cede conform`: runs programs in a small JSON op format and compares their traces with those of CPython's asyncio.
//!
//! `tests/conformance/README.md` describes the format; the interpreter of it is written against cede's public
//! interface, as a user would write it.

mod combinator_ops;
mod exception;
mod generate;
mod generators;
mod interpreter;
mod ops;
mod program;
mod reader;
mod record;
mod sync_ops;
mod trace;

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use serde_json::json;

use record::{Record, Report};

/// Compare cede with CPython's asyncio, event for event
///
/// Each line of a file is a JSON object {"program", "flags", "trace"}. The program is run under a virtual clock;
/// where a trace is recorded, the program's own is compared with it. Exits with 0 when all are equal, else with 1.
#[derive(Debug, clap::Args)]
pub(crate) struct ConformArgs {
    /// Files of programs, one a line; `-` is standard input
    #[arg(required_unless_present = "generate", value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Print {"flags", "trace"} of each program instead of comparing
    #[arg(long)]
    print: bool,

    /// Print COUNT random programs from SEED up that use the operations of GROUPS (`core,future`, or `generators`)
    #[arg(long, hide = true, num_args = 3, value_names = ["SEED", "COUNT", "GROUPS"], conflicts_with = "print")]
    generate: Option<Vec<String>>,
}

/// How many differing programs are shown in full.
const SHOWN: usize = 5;

pub(crate) fn main(args: ConformArgs) -> Result<ExitCode> {
    let mut out = BufWriter::new(io::stdout().lock());
    let code = match &args.generate {
        Some(request) => generate::print(request, &mut out),
        None if args.print => print(&args.files, &mut out),
        None => compare(&args.files, &mut out),
    };
    // What was found before an error is worth seeing too.
    out.flush()?;
    code
}

fn print(files: &[PathBuf], out: &mut impl Write) -> Result<ExitCode> {
    for_each_program(files, |report| {
        let execution = report.execution;
        writeln!(out, "{}", json!({"flags": execution.flags, "trace": execution.trace}))?;
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

fn compare(files: &[PathBuf], out: &mut impl Write) -> Result<ExitCode> {
    let (mut programs, mut events, mut differ) = (0, 0, 0);
    for_each_program(files, |report| {
        programs += 1;
        events += report.execution.trace.len();
        differ += usize::from(report.differs());
        if report.differs() && differ <= SHOWN {
            show(&report, out)?;
        }
        Ok(())
    })?;
    if differ > SHOWN {
        writeln!(out, "… and {} more\n", differ - SHOWN)?;
    }
    writeln!(out, "{programs} programs, {events} events, {differ} differ")?;
    Ok(if differ == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn show(report: &Report, out: &mut impl Write) -> Result<()> {
    if let Some(flags) = &report.flags {
        writeln!(out, "{}: {flags}", report.name)?;
    }
    if let Some(difference) = &report.difference {
        writeln!(out, "{}: {difference}", report.name)?;
    }
    Ok(())
}

/// Runs every program of some files, one at a time.
fn for_each_program(files: &[PathBuf], mut each: impl FnMut(Report) -> Result<()>) -> Result<()> {
    for file in files {
        for (number, line) in (1..).zip(open(file)?.lines()) {
            let line = line.with_context(|| format!("cannot read {}", file.display()))?;
            if !line.trim().is_empty() {
                let report = Record::parse(&line, number).and_then(Record::run);
                each(report.with_context(|| file.display().to_string())?)?;
            }
        }
    }
    Ok(())
}

fn open(file: &Path) -> Result<Box<dyn BufRead>> {
    if file == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let opened = File::open(file).with_context(|| format!("cannot open {}", file.display()))?;
    Ok(Box::new(BufReader::new(opened)))
}
