//! Which Python, and what it has.

use super::Missing;
use super::foreign::output;
use std::path::PathBuf;

/// The Python to use and its version: `CEDE_BENCH_PYTHON`, else the newest one on `PATH` or in pyenv.
pub(crate) fn python() -> Option<(PathBuf, String)> {
    if let Some(python) = std::env::var_os("CEDE_BENCH_PYTHON") {
        return version_of(python.into());
    }
    let mut candidates: Vec<PathBuf> = (12..20).map(|minor| format!("python3.{minor}").into()).collect();
    candidates.push("python3".into());
    if let Some(home) = std::env::var_os("HOME") {
        let versions = std::fs::read_dir(PathBuf::from(home).join(".pyenv/versions"));
        candidates.extend(versions.into_iter().flatten().flatten().map(|v| v.path().join("bin/python")));
    }
    candidates.into_iter().filter_map(version_of).max_by_key(|(_, version)| numbers(version))
}

/// This Python and its version, if it is there.
pub(crate) fn version_of(python: PathBuf) -> Option<(PathBuf, String)> {
    let text = output(&python, &["-c", "import platform; print(platform.python_version())"])?;
    Some((python, text))
}

/// The version of a module in that Python, if it can be imported.
pub(crate) fn module(name: &str) -> Option<String> {
    let (python, _) = python()?;
    output(python, &["-c", &format!("import {name}; print({name}.__version__)")])
}

/// The report of a module that cannot be imported.
pub(crate) fn lacks(system: &'static str) -> Missing {
    let python = python().map_or_else(|| "python3".to_owned(), |(python, _)| python.display().to_string());
    Missing { system, package: format!("{system} (PyPI), for {python}; CEDE_BENCH_PYTHON chooses another") }
}

/// The numbers in a version.
pub(crate) fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map_while(|part| part.parse().ok()).collect()
}
