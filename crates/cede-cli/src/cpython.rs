//! The article's programs 9 and 10 in the Python they were written in, timed by the interpreter found here.

use anyhow::{Context, Result, ensure};
use std::ffi::OsString;
use std::io::Write;
use std::process::{Command, Stdio};

/// Program 9, `await coroutine`.
pub const COROUTINES: &str = include_str!("python/perf-coroutine.py");
/// Program 10, `await task`.
pub const TASKS: &str = include_str!("python/perf-task.py");

/// A Python interpreter that answered.
pub struct CPython {
    command: OsString,
    /// `CPython 3.13.0`.
    pub version: String,
}

impl CPython {
    /// The interpreter named by `CEDE_PYTHON`, else the newest we know of on the path.
    pub fn find() -> Option<Self> {
        let named = std::env::var_os("CEDE_PYTHON");
        let usual = ["python3.13", "python3"].map(OsString::from);
        named.into_iter().chain(usual).find_map(Self::ask)
    }

    fn ask(command: OsString) -> Option<Self> {
        let answer = Command::new(&command).arg("--version").output().ok()?;
        let said = String::from_utf8(answer.stdout).ok()?;
        let number = said.trim().strip_prefix("Python ")?;
        if !number.starts_with("3.") || number.contains(char::is_whitespace) {
            return None; // another language, or another implementation of this one, which says so here
        }
        let version = format!("CPython {number}");
        answer.status.success().then_some(Self { command, version })
    }

    /// Pipes `program` to the interpreter; what it prints.
    pub fn run(&self, program: &str) -> Result<String> {
        let mut child = Command::new(&self.command)
            .arg("-")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", self.version))?;
        child.stdin.take().context("a pipe was asked for")?.write_all(program.as_bytes())?;
        let output = child.wait_with_output()?;
        ensure!(output.status.success(), "{} ended with {}", self.version, output.status);
        Ok(String::from_utf8(output.stdout)?)
    }
}
