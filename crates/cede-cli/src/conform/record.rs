//! One line of a corpus: a program, and the trace that was recorded for it.

use anyhow::{Context, Result};
use serde_json::Value;

use super::generators::{self, GeneratorProgram};
use super::interpreter::{self, Execution};
use super::program::Program;
use super::trace::Difference;

/// A line, read.
pub(super) struct Record {
    /// `seed 17`, or the number of the line where the program tells no seed.
    pub(super) name: String,
    program: Kind,
    flags: Option<Vec<Value>>,
    trace: Option<Vec<Value>>,
}

enum Kind {
    Tasks(Program),
    Generators(GeneratorProgram),
}

/// The flags that say how a program ended; `ties` and others are notes of the oracle for itself.
const COMPARED_FLAGS: [&str; 3] = ["deadlock", "stuck", "livelock"];

impl Record {
    /// Reads `{"program", "flags"?, "trace"?}`, or a bare program.
    pub(super) fn parse(line: &str, number: usize) -> Result<Self> {
        let record: Value =
            serde_json::from_str(line).with_context(|| format!("line {number} is no JSON"))?;
        let program = if record["program"].is_null() { &record } else { &record["program"] };
        let name = match &program["seed"] {
            Value::Null => format!("line {number}"),
            seed => format!("seed {seed}"),
        };
        let kind = if program["drive"].is_null() {
            Program::parse(program).map(Kind::Tasks)
        } else {
            GeneratorProgram::parse(program).map(Kind::Generators)
        };
        let program = kind.with_context(|| format!("{name} (line {number})"))?;
        let list = |key: &str| record[key].as_array().cloned();
        Ok(Self { name, program, flags: list("flags"), trace: list("trace") })
    }

    /// Runs the program and compares what it did with what was recorded.
    pub(super) fn run(self) -> Result<Report> {
        let execution = match self.program {
            Kind::Tasks(program) => interpreter::execute(program),
            Kind::Generators(program) => generators::execute(program),
        };
        let execution = execution.with_context(|| self.name.clone())?;
        let difference = self.trace.and_then(|recorded| Difference::find(&recorded, &execution.trace));
        let flags = self.flags.and_then(|recorded| flags_differ(&recorded, &execution.flags));
        Ok(Report { name: self.name, execution, difference, flags })
    }
}

/// What the flags are on both sides, where they differ.
fn flags_differ(recorded: &[Value], ours: &[&str]) -> Option<String> {
    let compared = |flag: &&str| COMPARED_FLAGS.contains(flag);
    let recorded: Vec<&str> = recorded.iter().filter_map(Value::as_str).filter(compared).collect();
    (recorded != ours).then(|| format!("flags differ: recorded {recorded:?}, cede {ours:?}"))
}

/// What came of a program.
pub(super) struct Report {
    pub(super) name: String,
    pub(super) execution: Execution,
    pub(super) difference: Option<Difference>,
    pub(super) flags: Option<String>,
}

impl Report {
    pub(super) fn differs(&self) -> bool {
        self.difference.is_some() || self.flags.is_some()
    }
}
