//! The systems that are measured: one file each, which exports the workloads it supports.
//!
//! A Rust peer is a function from a scenario to a job; the harness starts itself again for each round and
//! runs the job there. Any other peer is a program that takes the scenario on its command line
//! ([`foreign`]). Both print what they measured as lines `word number` (see [`Metric`]).

mod async_executor;
mod asyncio;
mod boost;
mod cede_peer;
mod corosensei;
pub mod foreign;
mod futures_pool;
mod genawaiter;
mod generator_rs;
pub(crate) mod go;
mod greenlet;
mod lua;
#[allow(unsafe_code, reason = "may's spawn and cancel are unsafe functions")]
mod may_peer;
mod monoio_peer;
mod plain;
pub(crate) mod python;
mod std_futures;
mod tokio_current;
mod tokio_local;
mod unobserved;

use crate::servers::{self, Server};
use crate::workloads::{Kind, Metric, Scenario};
use foreign::Program;
use std::collections::HashMap;
use std::io::{self, Write as _};
use std::process::Command;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// What one round measured.
pub type Outcome = Vec<(Metric, f64)>;

/// The same, as the harness reads it.
pub type Numbers = HashMap<Metric, f64>;

/// One round in this process; its error becomes the row's.
pub type Job = Box<dyn FnOnce(Duration) -> Result<Outcome, String>>;

/// How many tasks have reached their wait. A static costs the tasks nothing, unlike a pointer in each.
pub(crate) static COUNT: AtomicU64 = AtomicU64::new(0);

/// A system as the harness sees it: a name, a version, and a command for a scenario.
#[derive(Debug)]
pub struct System {
    /// The name a reader knows.
    pub name: &'static str,
    /// From Cargo.lock, or from the tool itself.
    pub version: String,
    pub(crate) how: How,
}

pub(crate) enum How {
    /// This binary, started again.
    Rust(fn(Scenario) -> Option<Job>),
    /// Another program.
    Program(Program),
    /// A server, this binary or another program; it measures nothing itself.
    Server(Server),
}

impl std::fmt::Debug for How {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rust(_) => f.write_str("Rust"),
            Self::Program(program) => program.fmt(f),
            Self::Server(server) => server.fmt(f),
        }
    }
}

/// A system that is not on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The name a reader knows.
    pub system: &'static str,
    /// What to install, and from where.
    pub package: String,
}

/// The word on this binary's command line that asks for one round.
pub const ROUND: &str = "round";

/// A peer's name, the crate whose version counts, and its jobs.
type RustPeer = (&'static str, Option<&'static str>, fn(Scenario) -> Option<Job>);

/// The Rust peers, in the order in which a round asks them.
const RUST: &[RustPeer] = &[
    (crate::runner::CEDE, Some("cede"), cede_peer::job),
    ("cede, observed", Some("cede"), cede_peer::observed_job),
    ("plain Rust (inline(never) fn)", None, plain::job),
    ("corosensei (by hand)", Some("corosensei"), corosensei::job),
    ("genawaiter", Some("genawaiter"), genawaiter::job),
    ("generator", Some("generator"), generator_rs::job),
    ("tokio (current-thread)", Some("tokio"), tokio_current::job),
    ("tokio (LocalSet)", Some("tokio"), tokio_local::job),
    ("smol (async-executor)", Some("async-executor"), async_executor::job),
    ("futures (LocalPool)", Some("futures"), futures_pool::job),
    ("monoio", Some("monoio"), monoio_peer::job),
    ("may", Some("may"), may_peer::job),
];

impl System {
    /// Whether this system can do such work at all.
    #[must_use]
    pub fn supports(&self, scenario: Scenario) -> bool {
        match &self.how {
            How::Rust(job) => job(scenario).is_some(),
            How::Program(program) => program.kinds.contains(&scenario.kind),
            How::Server(server) => server.kinds.contains(&scenario.kind),
        }
    }

    /// The command that runs one round.
    ///
    /// # Errors
    /// This binary's own path cannot be found; it is a server.
    pub fn command(&self, scenario: Scenario, budget: Duration) -> io::Result<Command> {
        let mut command = match &self.how {
            How::Rust(_) => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args([ROUND, self.name]);
                command
            }
            How::Program(program) => program.command(),
            How::Server(_) => return Err(io::Error::other("a server measures nothing")),
        };
        command.args(scenario.args()).arg(budget.as_millis().to_string());
        Ok(command)
    }

    /// The command that serves the load of a kind on a port of the loopback address, until it is killed.
    ///
    /// # Errors
    /// It is no server; this binary's own path cannot be found, or a file that it needs not be written.
    pub fn server(&self, kind: Kind, port: u16) -> io::Result<Command> {
        match &self.how {
            How::Server(server) => (server.command)(kind, port),
            _ => Err(io::Error::other("it does not serve")),
        }
    }
}

/// What cede is also measured at while it is observed, and built so that it cannot be.
const SEEN: &[Kind] = &[Kind::NestedCoroutines, Kind::NestedTasks, Kind::Yield];

/// Every system on this machine that supports one of the kinds, and those that are missing. With `quick`,
/// nothing is built that takes minutes.
#[must_use]
pub fn discover(kinds: &[Kind], quick: bool) -> (Vec<System>, Vec<Missing>) {
    let version = |of: Option<&str>| of.and_then(crate::versions::of).unwrap_or_default();
    let mut systems: Vec<System> = RUST
        .iter()
        .map(|(name, of, job)| System { name, version: version(*of), how: How::Rust(*job) })
        .collect();
    let mut found: Vec<Result<System, Missing>> = servers::discover(kinds);
    if kinds.iter().any(|kind| !kind.is_served()) {
        let finders = [asyncio::find, greenlet::find, go::find, lua::find, boost::find];
        let programs = finders.iter().flat_map(|find| find(kinds)).chain(unobserved::find(kinds, quick));
        found.extend(programs.map(|found| {
            found.map(|(name, version, program)| System { name, version, how: How::Program(program) })
        }));
    }
    let mut missing = Vec::new();
    for found in found {
        match found {
            Ok(system) => systems.push(system),
            // Who is missing as a server may be missing otherwise, too.
            Err(absent) if missing.contains(&absent) => {}
            Err(absent) => missing.push(absent),
        }
    }
    (systems, missing)
}

/// Runs one round of a Rust peer in this process and prints what it measured.
///
/// # Errors
/// The peer is unknown, does not do such work, or could not finish it.
pub fn run_round(name: &str, scenario: Scenario, budget: Duration) -> Result<(), String> {
    let (_, _, job) = RUST.iter().find(|(n, _, _)| *n == name).ok_or_else(|| format!("no system {name}"))?;
    let job = job(scenario).ok_or_else(|| format!("{name} does not do {scenario:?}"))?;
    print(&job(budget)?)
}

/// The numbers in what a round has printed; other lines do not matter.
///
/// # Errors
/// There is none.
pub(crate) fn numbers(output: &str) -> Result<Numbers, String> {
    let mut numbers = HashMap::new();
    for line in output.lines() {
        let mut words = line.split_whitespace();
        if let (Some(metric), Some(Ok(value))) =
            (words.next().and_then(Metric::parse), words.next().map(str::parse))
        {
            numbers.insert(metric, value);
        }
    }
    if numbers.is_empty() { Err("printed no number".to_owned()) } else { Ok(numbers) }
}

fn print(outcome: &[(Metric, f64)]) -> Result<(), String> {
    let mut out = io::stdout().lock();
    for (metric, value) in outcome {
        writeln!(out, "{} {value}", metric.word()).map_err(|e| e.to_string())?;
    }
    out.flush().map_err(|e| e.to_string())
}

/// Prints what was measured and ends the process: for jobs whose tasks would sleep for an hour more.
fn finish_early(outcome: &[(Metric, f64)]) -> ! {
    let code = i32::from(print(outcome).is_err());
    std::process::exit(code)
}

#[expect(clippy::cast_precision_loss, reason = "a count of tasks, bytes of gigabytes")]
fn suspended(n: u64, bytes: u64, created: Duration, woken: Duration) -> Outcome {
    let n = n as f64;
    vec![
        (Metric::Bytes, bytes as f64 / n),
        (Metric::Create, created.as_nanos() as f64 / n),
        (Metric::Wake, woken.as_nanos() as f64 / n),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "a count of tasks")]
fn lateness(n: u64, cpu: Duration, sum: Duration, max: Duration) -> Outcome {
    vec![
        (Metric::Cpu, cpu.as_secs_f64() * 1e3),
        (Metric::Late, sum.as_secs_f64() * 1e3 / n as f64),
        (Metric::LateMax, max.as_secs_f64() * 1e3),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_is_the_numbers_a_process_prints() {
        let numbers = numbers("ns 12.5\nnonsense\ncpu 3\nrate 1e5\n");
        let expected = HashMap::from([(Metric::Time, 12.5), (Metric::Cpu, 3.0), (Metric::Rate, 1e5)]);
        assert_eq!(numbers, Ok(expected));
    }

    #[test]
    fn a_process_without_a_number_has_failed() {
        assert_eq!(numbers("hello\nns soon\n"), Err("printed no number".to_owned()));
    }
}
