//! Runs the workloads: rounds interleaved (A B C A B C …), each round in a process of its own.

use crate::peers::{self, Missing, System};
use crate::stats::{Summary, ratio_to_cede};
use crate::workloads::{Kind, Metric, Scenario, Workload};
use std::collections::HashMap;
use std::io::{IsTerminal as _, Read, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// The name that ratios refer to.
pub const CEDE: &str = "cede";

/// One system's line in a table.
#[derive(Debug, Clone)]
pub struct Row {
    /// The name a reader knows.
    pub system: String,
    /// Its version; empty where there is none.
    pub version: String,
    /// What its rounds gave; `None` if none finished.
    pub summary: Option<Summary>,
    /// How much better cede is, above 1; `None` without cede in the run.
    pub ratio_to_cede: Option<f64>,
    /// Why it could not finish.
    pub error: Option<String>,
}

/// One workload's table, best median first, failures last.
#[derive(Debug, Clone)]
pub struct Table {
    /// What was measured.
    pub workload: Workload,
    /// One row a system.
    pub rows: Vec<Row>,
}

/// Everything a run gave.
#[derive(Debug)]
pub struct Results {
    /// Whether `--quick` was given.
    pub quick: bool,
    /// One table a workload.
    pub tables: Vec<Table>,
    /// The systems that are not on this machine.
    pub missing: Vec<Missing>,
    /// How long the run took.
    pub took: Duration,
}

type Round = Result<HashMap<Metric, f64>, String>;

/// How long, how often.
#[derive(Debug, Clone, Copy)]
struct Effort {
    budget: Duration,
    rounds: usize,
    limit: Duration,
}

impl Effort {
    fn of(scenario: Scenario, quick: bool) -> Self {
        let long = matches!(scenario.kind, Kind::WaitEvent | Kind::Sleeps | Kind::Cancel);
        let (millis, rounds, limit) = match (quick, long) {
            (true, false) => (50, 3, 30),
            (true, true) => (50, 3, 30),
            (false, false) => (250, 7, 60),
            (false, true) => (250, 5, 180),
        };
        Self { budget: Duration::from_millis(millis), rounds, limit: Duration::from_secs(limit) }
    }
}

/// Runs every workload for every system that supports it (with `only`: for cede and those whose name contains
/// one of these words); tells on standard error how far it is, and gives each table to `finished` at once, so
/// that a run that is broken off has shown what it had.
pub fn run(
    workloads: &[Workload],
    only: &[String],
    quick: bool,
    mut finished: impl FnMut(&Table),
) -> Results {
    let began = Instant::now();
    let mut scenarios: Vec<Scenario> = Vec::new();
    for workload in workloads {
        if !scenarios.contains(&workload.scenario) {
            scenarios.push(workload.scenario);
        }
    }
    let kinds: Vec<Kind> = scenarios.iter().map(|s| s.kind).collect();
    let (mut systems, mut missing) = peers::discover(&kinds, quick);
    let wanted = |name: &str| only.is_empty() || only.iter().any(|word| name.contains(word.as_str()));
    systems.retain(|s| s.name == CEDE || wanted(s.name));
    missing.retain(|m| wanted(m.system));
    let mut tables = HashMap::new();
    for (index, scenario) in scenarios.iter().enumerate() {
        let ids: Vec<&str> =
            workloads.iter().filter(|w| w.scenario == *scenario).map(|w| w.id.as_str()).collect();
        let place = format!("[{}/{}] {}", index + 1, scenarios.len(), ids.join(" "));
        let able: Vec<&System> = systems.iter().filter(|s| s.supports(*scenario)).collect();
        let rounds = run_scenario(&able, *scenario, Effort::of(*scenario, quick), &place);
        for workload in workloads.iter().filter(|w| w.scenario == *scenario) {
            let table = table(workload, &able, &rounds);
            progress("", true);
            finished(&table);
            tables.insert(workload.id.clone(), table);
        }
    }
    let tables = workloads.iter().filter_map(|w| tables.remove(&w.id)).collect();
    Results { quick, tables, missing, took: began.elapsed() }
}

/// One list of rounds a system. A system that failed is not asked again.
fn run_scenario(systems: &[&System], scenario: Scenario, effort: Effort, place: &str) -> Vec<Vec<Round>> {
    let mut rounds: Vec<Vec<Round>> = systems.iter().map(|_| Vec::new()).collect();
    for round in 1..=effort.rounds {
        for (system, own) in systems.iter().zip(&mut rounds) {
            if own.last().is_some_and(Result::is_err) {
                continue;
            }
            progress(&format!("{place}: round {round}/{}: {}", effort.rounds, system.name), false);
            let result = system.command(scenario, effort.budget).map_err(|e| e.to_string());
            own.push(result.and_then(|command| run_round(command, effort.limit)));
        }
    }
    rounds
}

fn table(workload: &Workload, systems: &[&System], rounds: &[Vec<Round>]) -> Table {
    let values: Vec<Vec<Option<f64>>> = rounds
        .iter()
        .map(|own| {
            let value = |round: &Round| Some(round.as_ref().ok()?.get(&workload.metric)? / workload.per);
            own.iter().map(value).collect()
        })
        .collect();
    let cede = systems.iter().position(|s| s.name == CEDE).map(|index| values[index].as_slice());
    let mut rows = Vec::new();
    for (index, system) in systems.iter().enumerate() {
        let error = rounds[index].iter().find_map(|round| round.as_ref().err().cloned());
        // Some scenarios give a system only some of their numbers.
        let summary = if error.is_some() { None } else { Summary::of(&values[index]) };
        if summary.is_none() && error.is_none() {
            continue;
        }
        let ratio = summary.and(cede).and_then(|cede| ratio_to_cede(&values[index], cede));
        let (system, version) = (system.name.to_owned(), system.version.clone());
        rows.push(Row { system, version, summary, ratio_to_cede: ratio, error });
    }
    let median = |row: &Row| row.summary.map_or(f64::INFINITY, |s| s.median);
    rows.sort_by(|a, b| median(a).total_cmp(&median(b)));
    Table { workload: workload.clone(), rows }
}

fn run_round(mut command: Command, limit: Duration) -> Round {
    // A backtrace would hide the reason.
    command.env("RUST_BACKTRACE", "0");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|e| format!("does not start: {e}"))?;
    let output = reader(child.stdout.take());
    let errors = reader(child.stderr.take());
    let Ok(output) = output.recv_timeout(limit) else {
        end(&mut child);
        return Err(format!("not finished within {} s", limit.as_secs()));
    };
    let status = child.wait().map_err(|e| e.to_string())?;
    if !status.success() {
        let errors = errors.recv().unwrap_or_default();
        return Err(reason(&errors).unwrap_or_else(|| format!("ended with {status}")));
    }
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

/// Reads a pipe to its end on a thread, so that the harness can wait with a limit.
fn reader(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            _ = pipe.read_to_end(&mut bytes);
        }
        _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

fn end(child: &mut Child) {
    _ = child.kill();
    _ = child.wait();
}

/// The line of a standard error that says most: the one after Rust's "panicked at", Go's "fatal error", else
/// the last one.
fn reason(errors: &str) -> Option<String> {
    let mut lines = errors.lines();
    let told = lines.find(|l| l.contains("panicked at")).and_then(|_| lines.next());
    let told = told.or_else(|| errors.lines().find(|l| l.contains("fatal error")));
    let told = told.or_else(|| errors.lines().rfind(|l| !l.trim().is_empty()))?;
    let mut told = told.trim().trim_start_matches("Error: ").to_owned();
    if let Some((at, _)) = told.char_indices().nth(160) {
        told.truncate(at);
        told.push('…');
    }
    Some(told)
}

/// Tells where the run is: on a terminal in one line that changes, else a line a step.
fn progress(text: &str, last: bool) {
    let mut err = std::io::stderr().lock();
    _ = if err.is_terminal() {
        write!(err, "\r\x1b[2K{text}").and_then(|()| err.flush())
    } else if last {
        Ok(())
    } else {
        writeln!(err, "{text}")
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_round_is_the_numbers_a_process_prints() {
        let round = run_round(shell("echo ns 12.5; echo nonsense; echo cpu 3"), Duration::from_secs(10));
        assert_eq!(round, Ok(HashMap::from([(Metric::Time, 12.5), (Metric::Cpu, 3.0)])));
    }

    #[test]
    fn a_process_that_fails_gives_its_reason() {
        let script = "echo \"thread 'main' panicked at x.rs:1:1:\" >&2; echo 'no stack' >&2; exit 101";
        assert_eq!(run_round(shell(script), Duration::from_secs(10)), Err("no stack".to_owned()));
    }

    #[test]
    fn a_process_that_hangs_is_ended() {
        let round = run_round(shell("exec sleep 60"), Duration::from_millis(50));
        assert_eq!(round, Err("not finished within 0 s".to_owned()));
    }
}
