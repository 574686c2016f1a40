//! Programs that end their process: a test runs itself again in a process of its own, and reads what that
//! one left behind.

use std::any::type_name;
use std::env;
use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Output, Stdio, exit};

/// Set in the child, to the test it is to run.
const CHILD: &str = "CEDE_TESTS_CHILD";

/// Has Ctrl-C end a program again, where the tests run in the background of a shell, which has it ignored.
const PRESSABLE: &str = "env --default-signal=INT";

/// What a process left behind.
#[derive(Debug)]
pub struct Ended {
    /// How it ended.
    pub status: ExitStatus,
    /// All it wrote on standard error.
    pub stderr: String,
}

impl Ended {
    fn of(output: Output) -> Self {
        Ended {
            status: output.status,
            stderr: String::from_utf8(output.stderr).expect("standard error is UTF-8"),
        }
    }

    /// Standard error of a process that was ended by SIGABRT.
    ///
    /// # Panics
    /// When it ended otherwise.
    #[track_caller]
    pub fn aborted(self) -> String {
        assert_eq!(self.status.signal(), Some(libc::SIGABRT), "{self:#?}");
        self.stderr
    }

    /// Standard error of a process that ended by itself, and well.
    ///
    /// # Panics
    /// When it ended otherwise.
    #[track_caller]
    pub fn succeeded(self) -> String {
        assert!(self.status.success(), "{self:#?}");
        self.stderr
    }
}

/// Runs `scenario` in a process of its own: there, the very test that calls this is run again and gets no
/// further than the scenario. A test may call this several times with the same scenario, not with several.
///
/// # Panics
/// If the process cannot be started.
pub fn in_child<F: FnOnce()>(environment: &[(&str, &str)], scenario: F) -> Ended {
    in_limited_child("true", environment, scenario)
}

/// As [`in_child`], after a command of the shell that sets limits: `ulimit -n 20`.
///
/// # Panics
/// If the process cannot be started.
pub fn in_limited_child<F: FnOnce()>(limit: &str, environment: &[(&str, &str)], scenario: F) -> Ended {
    let test = test_of::<F>();
    if env::var(CHILD).as_deref() == Ok(test) {
        scenario();
        exit(0);
    }
    let binary = env::current_exe().expect("a test knows its own path");
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("{limit} && exec {PRESSABLE} \"$0\" \"$@\"")).arg(binary);
    command.args(["--exact", test, "--nocapture", "--test-threads=1"]).env(CHILD, test);
    let mut command = configured(command, environment);
    let output = command.output().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        !said.contains("running 0 tests"),
        "{test} is no test: the scenario must be a closure of the test's own"
    );
    Ended::of(output)
}

/// Runs all tests of this binary again, in a process of its own with this environment, but for those whose
/// path contains one of `skipped`; they must pass. There, it does nothing.
///
/// # Panics
/// When one fails.
#[track_caller]
pub fn again(environment: &[(&str, &str)], skipped: &[&str]) {
    const AGAIN: &str = "CEDE_TESTS_AGAIN";
    if env::var_os(AGAIN).is_some() {
        return;
    }
    let mut command = Command::new(env::current_exe().expect("a test knows its own path"));
    command.args(skipped.iter().flat_map(|path| ["--skip", path])).env(AGAIN, "");
    command.stdout(Stdio::piped());
    let output = configured(command, environment).output().expect("the tests run");
    assert!(output.status.success(), "{environment:?}:\n{}", String::from_utf8_lossy(&output.stdout));
}

/// Runs a program of this package, on whose main thread there is no test harness.
///
/// # Panics
/// If it cannot be started.
pub fn program<S: AsRef<OsStr>>(path: S, arguments: &[&str], environment: &[(&str, &str)]) -> Ended {
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("exec {PRESSABLE} \"$0\" \"$@\"")).arg(path).args(arguments);
    run(command, environment)
}

fn run(command: Command, environment: &[(&str, &str)]) -> Ended {
    let mut command = configured(command, environment);
    Ended::of(command.output().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}")))
}

fn configured(mut command: Command, environment: &[(&str, &str)]) -> Command {
    let ours = env::vars_os().map(|(name, _)| name);
    for name in ours.filter(|name| name.to_string_lossy().starts_with("CEDE_STACK")) {
        command.env_remove(name);
    }
    // Debug mode reports whoever keeps control for long, which on a busy machine may be anybody.
    command.env("CEDE_DEBUG", "0").env_remove("RUST_BACKTRACE").envs(environment.iter().copied());
    command
}

/// The path of the test that a closure stands in: `row_28::the_test` of `rows::row_28::the_test::{{closure}}`.
fn test_of<F>() -> &'static str {
    let path = type_name::<F>();
    let path = path.split("::{{closure}}").next().unwrap_or(path);
    path.split_once("::").map_or(path, |(_binary, test)| test)
}

/// The ways in which guard pages can be made here, as values of `CEDE_STACK_GUARD`: `MADV_GUARD_INSTALL`
/// came with Linux 6.13.
pub fn guard_modes() -> Vec<&'static str> {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|digits| digits.parse().unwrap_or(0));
    let version: (u32, u32) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if version >= (6, 13) { vec!["madvise", "mprotect"] } else { vec!["mprotect"] }
}
