//! Go's goroutines on one processor (`GOMAXPROCS=1`).

use super::Missing;
use super::foreign::{Found, Program, compiled, output};
use crate::workloads::Kind;
use std::process::Command;

const KINDS: &[Kind] = &[
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

pub(crate) fn find(kinds: &[Kind]) -> Vec<Found> {
    if kinds.iter().any(|kind| KINDS.contains(kind)) { vec![one()] } else { vec![] }
}

fn one() -> Found {
    let missing = |package: String| Missing { system: "Go", package };
    // "go version go1.19.8 linux/amd64"
    let version = output("go", &["version"]).ok_or_else(|| missing("golang-go (Debian)".to_owned()))?;
    let version = version.split_whitespace().nth(2).unwrap_or("").trim_start_matches("go").to_owned();
    let binary = compiled("peer.go", include_str!("../../peers/peer.go"), |source, binary| {
        let mut command = Command::new("go");
        command.env("GOTOOLCHAIN", "local").args(["build", "-o"]).arg(binary).arg(source);
        command
    });
    let argv = vec![binary.map_err(missing)?.into()];
    Ok(("Go", version, Program { argv, kinds: KINDS }))
}
