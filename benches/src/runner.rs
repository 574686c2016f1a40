//! Runs the workloads: rounds interleaved (A B C A B C …), each round in a process of its own.

use crate::peers::{self, Missing, Numbers, System};
use crate::plan::{Effort, estimate};
use crate::process::capture;
use crate::served;
use crate::stats::{Summary, ratio_to_cede};
use crate::workloads::{Better, Kind, Scenario, Workload};
use std::collections::HashMap;
use std::io::{IsTerminal as _, Write as _};
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

type Round = Result<Numbers, String>;

/// Runs every workload for every system that supports it (with `only`: for cede and those whose name contains
/// one of these words), so many rounds of each if that is said; tells on standard error how far it is, and gives each table to `finished` at once, so
/// that a run that is broken off has shown what it had.
pub fn run(
    workloads: &[Workload],
    only: &[String],
    quick: bool,
    rounds: Option<u32>,
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
    let able = |scenario: Scenario| -> Vec<&System> {
        systems.iter().filter(|system| system.supports(scenario)).collect()
    };
    let expected: Duration = scenarios.iter().map(|s| estimate(*s, able(*s).len(), quick, rounds)).sum();
    let minutes = expected.as_secs_f64() / 60.0;
    progress(&format!("about {minutes:.1} minutes for {} scenarios", scenarios.len()), false);
    let mut tables = HashMap::new();
    for (index, scenario) in scenarios.iter().enumerate() {
        let ids: Vec<&str> =
            workloads.iter().filter(|w| w.scenario == *scenario).map(|w| w.id.as_str()).collect();
        let place = format!("[{}/{}] {}", index + 1, scenarios.len(), ids.join(" "));
        let able = able(*scenario);
        let rounds = run_scenario(&able, *scenario, Effort::of(*scenario, quick, rounds), &place);
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

/// One list of rounds a system.
fn run_scenario(systems: &[&System], scenario: Scenario, effort: Effort, place: &str) -> Vec<Vec<Round>> {
    interleaved(systems.len(), effort, |system, round| {
        progress(&format!("{place}: round {round}/{}: {}", effort.rounds, systems[system].name), false);
        let began = Instant::now();
        (run_round(systems[system], scenario, effort), began.elapsed())
    })
}

/// A round of each system, then the next of each. One that failed is not asked again, nor one whose round took longer
/// than there is patience for: it has shown that it is no matter of a few per cent.
fn interleaved(
    systems: usize,
    effort: Effort,
    mut run: impl FnMut(usize, u32) -> (Round, Duration),
) -> Vec<Vec<Round>> {
    let mut rounds: Vec<Vec<Round>> = vec![Vec::new(); systems];
    let mut done = vec![false; systems];
    for round in 1..=effort.rounds {
        for system in 0..systems {
            if !done[system] {
                let (outcome, took) = run(system, round);
                done[system] = outcome.is_err() || took > effort.patience;
                rounds[system].push(outcome);
            }
        }
    }
    rounds
}

fn run_round(system: &System, scenario: Scenario, effort: Effort) -> Round {
    if scenario.kind.is_served() {
        return served::round(system, scenario, effort.budget, effort.limit);
    }
    let command = system.command(scenario, effort.budget).map_err(|e| e.to_string())?;
    peers::numbers(&capture(command, effort.limit)?)
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
    let better = workload.metric.better();
    let mut rows = Vec::new();
    for (index, system) in systems.iter().enumerate() {
        let error = rounds[index].iter().find_map(|round| round.as_ref().err().cloned());
        // Some scenarios give a system only some of their numbers.
        let summary = if error.is_some() { None } else { Summary::of(&values[index]) };
        if summary.is_none() && error.is_none() {
            continue;
        }
        let ratio = summary.and(cede).and_then(|cede| ratio_to_cede(&values[index], cede, better));
        let (system, version) = (system.name.to_owned(), system.version.clone());
        rows.push(Row { system, version, summary, ratio_to_cede: ratio, error });
    }
    let place = |row: &Row| match (row.summary, better) {
        (None, _) => f64::INFINITY,
        (Some(s), Better::Lower) => s.median,
        (Some(s), Better::Higher) => -s.median,
    };
    rows.sort_by(|a, b| place(a).total_cmp(&place(b)));
    Table { workload: workload.clone(), rows }
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

    #[test]
    fn rounds_are_interleaved_and_who_fails_or_takes_too_long_is_not_asked_again() {
        let (budget, limit) = (Duration::from_millis(50), Duration::from_secs(30));
        let effort = Effort { budget, rounds: 3, limit, patience: Duration::from_secs(3) };
        let mut asked = Vec::new();
        let rounds = interleaved(3, effort, |system, round| {
            asked.push((system, round));
            match system {
                0 => (Ok(Numbers::new()), Duration::from_secs(3)),
                1 => (Ok(Numbers::new()), Duration::from_secs(4)),
                _ => (Err("no memory".to_owned()), Duration::ZERO),
            }
        });
        assert_eq!(asked, [(0, 1), (1, 1), (2, 1), (0, 2), (0, 3)]);
        assert_eq!(rounds.iter().map(Vec::len).collect::<Vec<_>>(), [3, 1, 1]);
    }
}
