//! cede built without observers (`--cfg cede_unobserved`): what the tests of the flag cost that nobody sets.
//!
//! A cfg holds for a whole build, so this is another build of this very program, in a target folder of its
//! own. It takes minutes the first time, so `--quick` only takes one that is there and up to date.

use super::foreign::{Found, Program};
use super::{Missing, ROUND, SEEN};
use crate::workloads::Kind;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

const SYSTEM: &str = "cede, built without observers";

pub(crate) fn find(kinds: &[Kind], quick: bool) -> Vec<Found> {
    if kinds.iter().any(|kind| SEEN.contains(kind)) { vec![one(quick)] } else { vec![] }
}

fn one(quick: bool) -> Found {
    let missing = |package: &str| Missing { system: SYSTEM, package: package.to_owned() };
    let here = env::current_exe().map_err(|error| missing(&error.to_string()))?;
    let folder =
        folder(&here).ok_or_else(|| missing("cargo: this program does not lie where cargo puts it"))?;
    let binary = folder.join("release").join(here.file_name().unwrap_or_default());
    if !quick {
        build(&folder).map_err(|error| missing(&error))?;
    }
    if !up_to_date(&binary, &here) {
        return Err(missing("its build of minutes: `.ci/run unobserved`, or a run without --quick"));
    }
    let version = crate::versions::of("cede").unwrap_or_default();
    let argv = vec![binary.into(), ROUND.into(), crate::runner::CEDE.into()];
    Ok((SYSTEM, version, Program { argv, kinds: SEEN }))
}

/// `TARGET/unobserved`, for a program at `TARGET/release/cede-benches`.
fn folder(here: &Path) -> Option<PathBuf> {
    let profile = here.parent().filter(|folder| folder.ends_with("release"))?;
    Some(profile.parent()?.join("unobserved"))
}

/// A build that is older than this program may be of other sources.
fn up_to_date(binary: &Path, here: &Path) -> bool {
    let time = |path: &Path| -> Option<SystemTime> { path.metadata().ok()?.modified().ok() };
    time(binary).zip(time(here)).is_some_and(|(binary, here)| binary >= here)
}

fn build(folder: &Path) -> Result<(), String> {
    eprintln!("building cede without observers, which takes minutes the first time");
    let mut flags = env::var("RUSTFLAGS").unwrap_or_default();
    flags.push_str(" --cfg cede_unobserved");
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--quiet", "--release", "--package", "cede-benches", "--bin", "cede-benches"]);
    command.arg("--target-dir").arg(folder).env("RUSTFLAGS", flags.trim()).stdin(Stdio::null());
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = command.output().map_err(|error| format!("cargo: {error}"))?;
    if output.status.success() {
        // Cargo leaves what is up to date as it is; for us it is as new as this run.
        let binary = folder.join("release/cede-benches");
        let touched = std::fs::File::open(binary).and_then(|file| file.set_modified(SystemTime::now()));
        return touched.map_err(|error| format!("{}: {error}", folder.display()));
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let first = text.lines().find(|line| line.contains("error")).unwrap_or("no message");
    Err(format!("a build that fails: {first}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_build_lies_beside_this_one() {
        let of = |path: &str| folder(Path::new(path));
        assert_eq!(of("/t/release/cede-benches"), Some("/t/unobserved".into()));
        assert_eq!(of("/t/debug/cede-benches"), None);
    }

    #[test]
    fn a_build_that_is_not_there_is_not_up_to_date() {
        let here = env::current_exe().unwrap();
        assert!(up_to_date(&here, &here));
        assert!(!up_to_date(Path::new("/no/such/build"), &here));
    }
}
