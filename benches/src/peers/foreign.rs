//! Peers in other languages: their sources are part of this binary, are laid into a temporary directory, and
//! are compiled there on first use.

use super::Missing;
use crate::workloads::Kind;
use std::ffi::OsString;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A program that takes a scenario on its command line and prints what it measured.
#[derive(Debug)]
pub struct Program {
    /// The command before the scenario's words.
    pub(crate) argv: Vec<OsString>,
    /// What it can do.
    pub(crate) kinds: &'static [Kind],
}

impl Program {
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.argv[0]);
        command.args(&self.argv[1..]);
        command
    }
}

/// A system by name, version and program, or what would bring it.
pub(crate) type Found = Result<(&'static str, String, Program), Missing>;

/// What a tool prints on standard output, trimmed; `None` if it is not there or fails.
pub(crate) fn output(program: impl AsRef<std::ffi::OsStr>, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// Writes a source into a directory of its own (named by its text, so that a changed source is a new
/// directory) and gives its path.
pub(crate) fn source(name: &str, text: &str) -> std::io::Result<PathBuf> {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let directory = std::env::temp_dir().join(format!("cede-benches-{:016x}", hasher.finish()));
    std::fs::create_dir_all(&directory)?;
    let path = directory.join(name);
    if std::fs::read_to_string(&path).ok().as_deref() != Some(text) {
        std::fs::write(&path, text)?;
    }
    Ok(path)
}

/// Compiles a source once: `compile(source, binary)` builds the command. The error is the compiler's.
pub(crate) fn compiled(
    name: &str,
    text: &str,
    compile: impl FnOnce(&PathBuf, &PathBuf) -> Command,
) -> Result<PathBuf, String> {
    let source = source(name, text).map_err(|e| format!("{name}: {e}"))?;
    let binary = source.with_extension("out");
    if !binary.exists() {
        eprintln!("compiling {name}");
        let output = compile(&source, &binary).output().map_err(|e| format!("{name}: {e}"))?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            let first = text.lines().find(|line| line.contains("error")).or_else(|| text.lines().next());
            return Err(format!("{name} does not compile: {}", first.unwrap_or("no message")));
        }
    }
    Ok(binary)
}
