//! CPython's asyncio, the same with eager tasks (3.12), and uvloop: one script, three flavours.

use super::Missing;
use super::foreign::{Found, Program, output, source};
use crate::workloads::Kind;
use std::ffi::OsString;
use std::path::PathBuf;

const ALL: &[Kind] = &[
    Kind::Resume,
    Kind::NestedCoroutines,
    Kind::SuspendUnder,
    Kind::NestedTasks,
    Kind::SequentialCoroutines,
    Kind::SequentialTasks,
    Kind::SpawnAll,
    Kind::Yield,
    Kind::PingPong,
    Kind::WaitEvent,
    Kind::WaitSleep,
    Kind::Sleeps,
    Kind::Cancel,
];

/// Generators and plain awaits do not depend on the loop: CPython's row is enough.
const LOOP: &[Kind] = &[
    Kind::SuspendUnder,
    Kind::NestedTasks,
    Kind::SequentialTasks,
    Kind::SpawnAll,
    Kind::Yield,
    Kind::PingPong,
    Kind::WaitEvent,
    Kind::WaitSleep,
    Kind::Sleeps,
    Kind::Cancel,
];

/// What eager tasks change: tasks that end in their first step.
const EAGER: &[Kind] =
    &[Kind::NestedTasks, Kind::SequentialTasks, Kind::SpawnAll, Kind::WaitEvent, Kind::Cancel];

pub(crate) fn find(_kinds: &[Kind]) -> Vec<Found> {
    let Some((python, version)) = python() else {
        return vec![Err(Missing { system: "CPython asyncio", package: "python3 (Debian)".to_owned() })];
    };
    let program = |flavour: &str, kinds| -> Result<Program, Missing> {
        let script = source("asyncio_peer.py", include_str!("../../peers/asyncio_peer.py"));
        let script = script.map_err(|e| Missing { system: "CPython asyncio", package: e.to_string() })?;
        Ok(Program { argv: vec![python.clone().into(), script.into(), OsString::from(flavour)], kinds })
    };
    let found = |name, version: String, flavour, kinds| Ok((name, version, program(flavour, kinds)?));
    let mut all = vec![found("CPython asyncio", version.clone(), "asyncio", ALL)];
    all.push(if numbers(&version) >= vec![3, 12] {
        found("CPython asyncio (eager tasks)", version, "eager", EAGER)
    } else {
        let package = format!("a Python of version 3.12 or newer (here: {version})");
        Err(Missing { system: "CPython asyncio (eager tasks)", package })
    });
    all.push(match module("uvloop") {
        Some(version) => found("uvloop", version, "uvloop", LOOP),
        None => Err(lacks("uvloop")),
    });
    all
}

/// The Python to use and its version: `CEDE_BENCH_PYTHON`, else the newest one on `PATH` or in pyenv.
pub(crate) fn python() -> Option<(PathBuf, String)> {
    let version = |python: PathBuf| {
        let text = output(&python, &["-c", "import platform; print(platform.python_version())"])?;
        Some((python, text))
    };
    if let Some(python) = std::env::var_os("CEDE_BENCH_PYTHON") {
        return version(python.into());
    }
    let mut candidates: Vec<PathBuf> = (12..20).map(|minor| format!("python3.{minor}").into()).collect();
    candidates.push("python3".into());
    if let Some(home) = std::env::var_os("HOME") {
        let versions = std::fs::read_dir(PathBuf::from(home).join(".pyenv/versions"));
        candidates.extend(versions.into_iter().flatten().flatten().map(|v| v.path().join("bin/python")));
    }
    candidates.into_iter().filter_map(version).max_by_key(|(_, version)| numbers(version))
}

/// The version of a module in that Python, if it can be imported.
pub(crate) fn module(name: &str) -> Option<String> {
    let (python, _) = python()?;
    output(python, &["-c", &format!("import {name}; print({name}.__version__)")])
}

/// The report of a module that cannot be imported.
pub(crate) fn lacks(system: &'static str) -> Missing {
    let python = python().map_or_else(|| "python3".to_owned(), |(python, _)| python.display().to_string());
    Missing { system, package: format!("{system} (PyPI), for {python}; CEDE_BENCH_PYTHON chooses another") }
}

fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map_while(|part| part.parse().ok()).collect()
}
