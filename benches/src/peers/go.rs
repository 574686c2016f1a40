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
    let version = version()?;
    let binary = compiled("peer.go", include_str!("../../peers/peer.go"), |source, binary| {
        let mut command = Command::new("go");
        command.env("GOTOOLCHAIN", "local").args(["build", "-o"]).arg(binary).arg(source);
        command
    });
    let binary = binary.map_err(|package| Missing { system: "Go", package })?;
    Ok(("Go", version, Program { argv: vec![binary.into()], kinds: KINDS }))
}

/// The version of the Go that is here, or what would bring one.
pub(crate) fn version() -> Result<String, Missing> {
    // "go version go1.19.8 linux/amd64"
    let text = output("go", &["version"]);
    let text = text.ok_or_else(|| Missing { system: "Go", package: "golang-go (Debian)".to_owned() })?;
    Ok(text.split_whitespace().nth(2).unwrap_or("").trim_start_matches("go").to_owned())
}
