//! The real Redis, without its files: what it keeps is in memory, as our program's is.

use super::program;
use crate::peers::foreign::{output, source};
use crate::peers::{Missing, System};
use crate::workloads::Kind;
use std::path::Path;
use std::process::Command;

pub(super) fn find(kinds: &[Kind]) -> Vec<Result<System, Missing>> {
    if kinds.contains(&Kind::Redis) { vec![one()] } else { vec![] }
}

fn one() -> Result<System, Missing> {
    let missing = |package: String| Missing { system: "redis-server", package };
    // "Redis server v=7.0.15 sha=00000000:0 malloc=…"
    let version = output("redis-server", &["--version"]);
    let version = version.ok_or_else(|| missing("redis-server (Debian)".to_owned()))?;
    let version =
        version.split_whitespace().find_map(|word| word.strip_prefix("v=")).unwrap_or("").to_owned();
    let settings = "bind 127.0.0.1\nsave \"\"\nappendonly no\ndaemonize no\nloglevel warning\n";
    let settings = source("redis.conf", settings).map_err(|e| missing(e.to_string()))?;
    Ok(program("redis-server", version, &[Kind::Redis], move |_, port| {
        let mut command = Command::new("redis-server");
        let folder = settings.parent().unwrap_or(Path::new("."));
        command.arg(&settings).args(["--port", &port.to_string()]).arg("--dir").arg(folder);
        Ok(command)
    }))
}
