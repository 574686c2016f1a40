//! asyncio and uvloop, each by protocol (a callback for what has come) and by streams (a task a connection), and
//! gevent: one script, five flavours.

use super::program;
use crate::peers::foreign::source;
use crate::peers::python::{lacks, module, python, version_of};
use crate::peers::{Missing, System};
use crate::workloads::Kind;
use std::path::Path;
use std::process::Command;

const ASYNCIO: &str = "CPython asyncio (protocol)";

pub(super) fn find(kinds: &[Kind]) -> Vec<Result<System, Missing>> {
    if !kinds.contains(&Kind::Echo) {
        return vec![];
    }
    let Some((python, version)) = python() else {
        return vec![Err(Missing { system: ASYNCIO, package: "python3 (Debian)".to_owned() })];
    };
    let mut found = vec![
        one(ASYNCIO, &python, version.clone(), "protocol"),
        one("CPython asyncio (streams)", &python, version.clone(), "streams"),
    ];
    // What most machines have as `python3` is not always the newest.
    if let Some(other) = version_of("python3".into()).filter(|(_, other)| *other != version) {
        found.push(one("python3 asyncio (protocol)", &other.0, other.1.clone(), "protocol"));
    }
    match module("uvloop") {
        Some(version) => {
            found.push(one("uvloop (protocol)", &python, version.clone(), "uvloop-protocol"));
            found.push(one("uvloop (streams)", &python, version, "uvloop-streams"));
        }
        None => found.push(Err(lacks("uvloop"))),
    }
    match module("gevent") {
        Some(version) => found.push(one("gevent", &python, version, "gevent")),
        None => found.push(Err(lacks("gevent"))),
    }
    found
}

fn one(name: &'static str, python: &Path, version: String, flavour: &'static str) -> Result<System, Missing> {
    let script = source("server.py", include_str!("../../peers/server.py"));
    let script = script.map_err(|e| Missing { system: name, package: e.to_string() })?;
    let python = python.to_owned();
    Ok(program(name, version, &[Kind::Echo], move |_, port| {
        let mut command = Command::new(&python);
        command.arg(&script).args([flavour, &port.to_string()]);
        Ok(command)
    }))
}
