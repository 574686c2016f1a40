//! Go on one processor (`GOMAXPROCS=1`): a goroutine a connection, and net/http.

use super::program;
use crate::peers::foreign::compiled;
use crate::peers::{Missing, System, go};
use crate::workloads::Kind;
use std::process::Command;

const KINDS: &[Kind] = &[Kind::Echo, Kind::Http];

pub(super) fn find(kinds: &[Kind]) -> Vec<Result<System, Missing>> {
    if kinds.iter().any(|kind| KINDS.contains(kind)) { vec![one()] } else { vec![] }
}

fn one() -> Result<System, Missing> {
    let version = go::version()?;
    let binary = compiled("server.go", include_str!("../../peers/server.go"), |source, binary| {
        let mut command = Command::new("go");
        command.env("GOTOOLCHAIN", "local").args(["build", "-o"]).arg(binary).arg(source);
        command
    });
    let binary = binary.map_err(|package| Missing { system: "Go", package })?;
    Ok(program("Go", version, KINDS, move |kind, port| {
        let mut command = Command::new(&binary);
        command.args([kind.word(), &port.to_string()]);
        Ok(command)
    }))
}
