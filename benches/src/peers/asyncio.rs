//! CPython's asyncio, the same with eager tasks (3.12), and uvloop: one script, three flavours.

use super::Missing;
use super::foreign::{Found, Program, source};
use super::python::{lacks, module, numbers, python};
use crate::workloads::Kind;
use std::ffi::OsString;

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
