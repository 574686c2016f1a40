//! What the test files share: the binary `cede` of this build, where the test data lies, programs that end
//! their process, and traces.
#![forbid(unsafe_code)]

pub mod child;
pub mod trace;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The folder of the tests and their data.
pub fn data() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs `cede` with `arguments` and nothing on standard input; its status and what it wrote.
///
/// # Panics
/// If the binary cannot be built or started.
pub fn cede<I: IntoIterator<Item: AsRef<OsStr>>>(arguments: I) -> Output {
    Command::new(binary())
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("cannot run {}: {error}", binary().display()))
}

/// The binary `cede`, built from the sources these tests were built from.
///
/// `CARGO_BIN_EXE_cede` exists only for tests of the binary's own package, and `cargo test` does not build
/// the programs of other packages. So this looks where cargo puts it: a test is
/// `TARGET/[TRIPLE/]PROFILE/deps/demos-…`, the binary `TARGET/[TRIPLE/]PROFILE/cede`. Once in a test
/// process `cargo build` is asked for it, even if it is there: yesterday's binary would pass yesterday's
/// tests. A build that is up to date costs a tenth of a second. Where no cargo runs, the binary found is taken.
///
/// `CEDE_BINARY` names another one to test, as it is: one built with other features, say.
///
/// # Panics
/// If there is no binary and none can be built.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(named) = std::env::var_os("CEDE_BINARY") {
            return named.into();
        }
        let test = std::env::current_exe().expect("a test knows its own path");
        let profile = test.parent().and_then(Path::parent).expect("a test lies in PROFILE/deps");
        let binary = profile.join(format!("cede{}", std::env::consts::EXE_SUFFIX));
        let built = build_command(profile).output();
        match built {
            Ok(output) if output.status.success() => {}
            Ok(output) => panic!("cargo build -p cede-cli:\n{}", String::from_utf8_lossy(&output.stderr)),
            Err(error) => assert!(binary.exists(), "no {}, no cargo: {error}", binary.display()),
        }
        binary
    })
}

/// `cargo build -p cede-cli` into the same target folder, for the same target, with the same profile.
fn build_command(profile: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["build", "--package", "cede-cli"]).current_dir(data());
    match profile.file_name().and_then(OsStr::to_str) {
        Some("debug") => command.args(["--profile", "dev"]),
        Some(name) => command.args(["--profile", name]),
        None => panic!("{} is no profile's folder", profile.display()),
    };
    let above = profile.parent().expect("a profile lies in the target folder");
    if above.join("CACHEDIR.TAG").exists() {
        command.arg("--target-dir").arg(above); // the mark cargo leaves in a target folder
    } else {
        let triple = above.file_name().expect("a target's folder has its name");
        let target = above.parent().expect("a target's folder lies in the target folder");
        command.arg("--target").arg(triple).arg("--target-dir").arg(target);
    }
    command
}

/// A CPython 3.13, by its own word: `$CEDE_PYTHON`, `python3.13`, `python3`, or pyenv's.
pub fn cpython() -> Option<Command> {
    let named = std::env::var("CEDE_PYTHON").ok().map(|python| (python, false));
    let usual = [("python3.13", false), ("python3", false), ("python3", true)];
    let candidates = named.into_iter().chain(usual.map(|(name, pyenv)| (name.to_owned(), pyenv)));
    candidates.into_iter().find_map(|(name, pyenv)| {
        let command = || {
            let mut command = Command::new(&name);
            if pyenv {
                command.env("PYENV_VERSION", "3.13.0");
            }
            command
        };
        let version = command().arg("--version").output().ok()?;
        version.stdout.starts_with(b"Python 3.13.").then(command)
    })
}

/// The listings of the guide, as doc tests.
#[cfg(doctest)]
mod guide {
    #[doc = include_str!("../docs/guide/01-generators.md")]
    struct Generators;
    #[doc = include_str!("../docs/guide/02-coroutine-objects.md")]
    struct CoroutineObjects;
    #[doc = include_str!("../docs/guide/04-the-loop.md")]
    struct TheLoop;
    #[doc = include_str!("../docs/guide/06-promises.md")]
    struct Promises;
    #[doc = include_str!("../docs/guide/07-cancelling.md")]
    struct Cancelling;
    #[doc = include_str!("../docs/guide/08-who-has-control.md")]
    struct WhoHasControl;
    #[doc = include_str!("../docs/guide/10-pitfalls.md")]
    struct Pitfalls;
}
