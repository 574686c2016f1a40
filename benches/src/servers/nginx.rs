//! nginx: one process, no log, a page from its settings.

use super::program;
use crate::peers::foreign::source;
use crate::peers::{Missing, System};
use crate::workloads::Kind;
use std::process::Command;

/// `FOLDER` and `PORT` are filled in.
const SETTINGS: &str = include_str!("../../peers/nginx.conf");

/// Debian's is not on every user's path.
const NAMES: [&str; 2] = ["nginx", "/usr/sbin/nginx"];

pub(super) fn find(kinds: &[Kind]) -> Vec<Result<System, Missing>> {
    if kinds.contains(&Kind::Http) { vec![one()] } else { vec![] }
}

fn one() -> Result<System, Missing> {
    let missing = |package: String| Missing { system: "nginx", package };
    let found = NAMES.iter().find_map(|name| Some((*name, Command::new(name).arg("-v").output().ok()?)));
    let (name, said) = found.ok_or_else(|| missing("nginx-light (Debian)".to_owned()))?;
    // "nginx version: nginx/1.22.1", on standard error
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    let version = said.trim().rsplit('/').next().unwrap_or("").to_owned();
    Ok(program("nginx", version, &[Kind::Http], move |_, port| {
        let folder = source("nginx.template", SETTINGS)?.with_file_name("");
        let settings = folder.join("nginx.conf");
        let text = SETTINGS.replace("FOLDER", &folder.display().to_string());
        std::fs::write(&settings, text.replace("PORT", &port.to_string()))?;
        let mut command = Command::new(name);
        command.arg("-p").arg(&folder).arg("-c").arg(&settings);
        Ok(command)
    }))
}
