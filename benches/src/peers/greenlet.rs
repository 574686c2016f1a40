//! greenlet (stackful coroutines for CPython) and gevent (a loop over them).

use super::Missing;
use super::foreign::{Found, Program, source};
use super::python::{lacks, module, python};
use crate::workloads::Kind;

const GREENLET: &[Kind] = &[Kind::Resume];

const GEVENT: &[Kind] = &[
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

pub(crate) fn find(_kinds: &[Kind]) -> Vec<Found> {
    [("greenlet", GREENLET), ("gevent", GEVENT)].map(|(name, kinds)| one(name, kinds)).into()
}

fn one(name: &'static str, kinds: &'static [Kind]) -> Found {
    let version = module(name).ok_or_else(|| lacks(name))?;
    let (python, _) = python().ok_or_else(|| lacks(name))?;
    let script = source("gevent_peer.py", include_str!("../../peers/gevent_peer.py"));
    let script = script.map_err(|e| Missing { system: name, package: e.to_string() })?;
    Ok((name, version, Program { argv: vec![python.into(), script.into()], kinds }))
}
