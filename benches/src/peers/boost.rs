//! Boost.Context (a bare switch) and Boost.Fiber (tasks on one thread's round-robin scheduler).

use super::Missing;
use super::foreign::{Found, Program, compiled, output};
use crate::workloads::Kind;
use std::process::Command;

const CONTEXT: &[Kind] = &[Kind::Resume];

const FIBER: &[Kind] = &[
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
];

pub(crate) fn find(kinds: &[Kind]) -> Vec<Found> {
    let wanted = [("Boost.Context", CONTEXT), ("Boost.Fiber", FIBER)].into_iter();
    let wanted = wanted.filter(|(_, own)| kinds.iter().any(|kind| own.contains(kind)));
    wanted.map(|(name, kinds)| one(name, kinds)).collect()
}

fn one(name: &'static str, kinds: &'static [Kind]) -> Found {
    let missing = |package: String| Missing { system: name, package };
    let compiler = std::env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    output(&compiler, &["--version"]).ok_or_else(|| missing("g++ (Debian)".to_owned()))?;
    let binary = compiled("fiber.cpp", include_str!("../../peers/fiber.cpp"), |source, binary| {
        let mut command = Command::new(&compiler);
        command.args(["-O2", "-std=c++17", "-o"]).arg(binary).arg(source);
        command.args(["-lboost_fiber", "-lboost_context", "-lpthread"]);
        command
    });
    let binary =
        binary.map_err(|e| missing(format!("libboost-fiber-dev, libboost-context-dev (Debian): {e}")))?;
    let version = output(&binary, &["version"]).unwrap_or_default();
    Ok((name, version, Program { argv: vec![binary.into()], kinds }))
}
