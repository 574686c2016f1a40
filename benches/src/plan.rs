//! How much of what, and about how long that takes: everything within ten minutes with `--quick`, else within 45.

use crate::served;
use crate::workloads::{Kind, Scenario};
use std::time::Duration;

/// How long, how often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    /// What a round measures.
    pub(crate) budget: Duration,
    pub(crate) rounds: u32,
    /// After this a round has failed.
    pub(crate) limit: Duration,
    /// A system whose round took longer has no more of them.
    pub(crate) patience: Duration,
}

impl Effort {
    /// So many rounds, if that is said.
    pub(crate) fn of(scenario: Scenario, quick: bool, asked: Option<u32>) -> Self {
        let long = matches!(scenario.kind, Kind::WaitEvent | Kind::Sleeps | Kind::Cancel);
        let served = scenario.kind.is_served();
        let (millis, rounds, limit) = match quick {
            true if served => (300, 3, 30),
            true => (50, 3, 30),
            false if served => (1_000, 5, 60),
            false => (250, 5, if long { 180 } else { 60 }),
        };
        // Interpreters need many seconds for 100,000 tasks.
        let patience = if quick { Duration::from_secs(3) } else { Duration::MAX };
        let rounds = asked.unwrap_or(rounds);
        Self { budget: Duration::from_millis(millis), rounds, limit: Duration::from_secs(limit), patience }
    }
}

/// About how long `systems` need for all rounds of a scenario: a guess from runs on a machine of two cores, for the
/// line that says how long to wait.
#[must_use]
pub fn estimate(scenario: Scenario, systems: usize, quick: bool, asked: Option<u32>) -> Duration {
    let Effort { budget, rounds, .. } = Effort::of(scenario, quick, asked);
    let Scenario { kind, n, m } = scenario;
    let micros = Duration::from_micros;
    // A process starts; interpreters take longer.
    let round = micros(30_000)
        + match kind {
            // The mean of all systems, interpreters among them, for one of the tasks.
            Kind::SpawnAll | Kind::WaitSleep => budget + micros(2 * n),
            Kind::WaitEvent | Kind::Cancel => budget + micros(4 * n),
            Kind::Yield => budget + micros(n * m),
            Kind::Sleeps => Duration::from_millis(1_300) + micros(2 * n),
            Kind::Echo | Kind::Redis | Kind::Http => micros(300_000) + served::expected(scenario, budget),
            // Warming up takes a quarter of the budget, or what a batch takes.
            _ => budget * 7 / 5,
        };
    round * rounds * u32::try_from(systems).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workloads;

    /// The estimate of everything, were every system here that could be.
    fn everything(quick: bool) -> Duration {
        let mut scenarios: Vec<Scenario> = workloads::all(quick).iter().map(|w| w.scenario).collect();
        scenarios.sort_by_key(|s| (s.kind.word(), s.n, s.m));
        scenarios.dedup();
        scenarios.iter().map(|scenario| estimate(*scenario, most(scenario.kind), quick, None)).sum()
    }

    fn most(kind: Kind) -> usize {
        match kind {
            Kind::Resume => 9,
            Kind::Redis => 3,
            Kind::Http => 5,
            _ => 16,
        }
    }

    #[test]
    fn everything_fits_its_time() {
        let minutes = |quick| everything(quick).as_secs() / 60;
        assert!(minutes(true) < 10, "{}", minutes(true));
        assert!(minutes(false) < 45, "{}", minutes(false));
    }
}
