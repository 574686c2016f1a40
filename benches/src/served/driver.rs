//! Who makes the load: this binary for TCP, `redis-benchmark` for Redis, `wrk` for HTTP.

use super::load::LOAD;
use crate::peers::{Numbers, numbers as printed};
use crate::workloads::{Kind, Metric, Scenario};
use std::collections::HashMap;
use std::io;
use std::process::Command;
use std::time::Duration;

/// A driver that is not part of this binary, and the package that brings it.
const TOOLS: [(Kind, &str, &str); 2] =
    [(Kind::Redis, "redis-benchmark", "redis-tools (Debian)"), (Kind::Http, "wrk", "wrk (Debian)")];

/// Whether the driver of a kind is on this machine.
///
/// # Errors
/// It is not: what to install.
pub(super) fn available(kind: Kind) -> Result<(), String> {
    let Some((_, tool, package)) = TOOLS.iter().find(|(of, _, _)| *of == kind) else { return Ok(()) };
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|directory| directory.join(tool).is_file());
    found.then_some(()).ok_or_else(|| format!("needs {tool}: install {package}"))
}

/// The command that loads the server on the port for about the budget.
///
/// # Errors
/// This binary's own path cannot be found.
pub(super) fn command(scenario: Scenario, port: u16, server: u32, budget: Duration) -> io::Result<Command> {
    let Scenario { kind, n, m } = scenario;
    let mut command;
    match kind {
        Kind::Redis => {
            command = Command::new("redis-benchmark");
            command.args(["-h", "127.0.0.1", "-p", &port.to_string(), "-t", "set,get", "--csv"]);
            let count = redis_requests(m, budget).to_string();
            command.args(["-c", &n.to_string(), "-P", &m.to_string(), "-n", &count]);
        }
        Kind::Http => {
            command = Command::new("wrk");
            let duration = format!("-d{}s", wrk_seconds(budget));
            command.args(["-t1", &format!("-c{n}"), &duration, &format!("http://127.0.0.1:{port}/")]);
        }
        _ => {
            command = Command::new(std::env::current_exe()?);
            command.args([LOAD, &port.to_string(), &n.to_string(), &server.to_string()]);
            command.arg(budget.as_millis().to_string());
        }
    }
    Ok(command)
}

/// `redis-benchmark` counts requests instead of time: as many as a good server answers in the budget, of each
/// of its two commands.
fn redis_requests(pipeline: u64, budget: Duration) -> u64 {
    let a_second = if pipeline == 1 { 100_000 } else { 600_000 };
    a_second * u64::try_from(budget.as_millis()).unwrap_or(u64::MAX) / 1_000
}

/// `wrk` counts whole seconds, and two say more than one.
fn wrk_seconds(budget: Duration) -> u64 {
    (budget.as_secs() * 2).max(1)
}

/// About how long a driver takes.
pub(crate) fn expected(scenario: Scenario, budget: Duration) -> Duration {
    match scenario.kind {
        // Two commands, and servers that are slower than a good one.
        Kind::Redis => budget * 3,
        Kind::Http => Duration::from_secs(wrk_seconds(budget)),
        _ => budget * 5 / 4,
    }
}

/// What a driver's output says.
///
/// # Errors
/// It tells of errors, or tells nothing.
pub(super) fn numbers(kind: Kind, output: &str) -> Result<Numbers, String> {
    match kind {
        Kind::Redis => redis(output),
        Kind::Http => wrk(output),
        _ => printed(output),
    }
}

/// How many requests were answered from the beginning to the end; `None` for the load that knows better itself when
/// its warm-up is over.
pub(super) fn requests(scenario: Scenario, budget: Duration, output: &str) -> Option<u64> {
    match scenario.kind {
        Kind::Redis => Some(2 * redis_requests(scenario.m, budget)),
        // "  98765 requests in 1.00s, 9.51MB read"
        Kind::Http => output.lines().find_map(|line| line.split_once(" requests in ")?.0.trim().parse().ok()),
        _ => None,
    }
}

/// Lines like `"SET","121951.22","0.209",…`: the command and its requests a second.
fn redis(output: &str) -> Result<Numbers, String> {
    let rate = |command: &str| -> Option<f64> {
        let start = format!("\"{command}\",\"");
        let rest = output.lines().find_map(|line| line.strip_prefix(&start))?;
        rest.split('"').next()?.parse().ok()
    };
    match (rate("SET"), rate("GET")) {
        (Some(set), Some(get)) => Ok(HashMap::from([(Metric::Set, set), (Metric::Get, get)])),
        _ => Err(format!("redis-benchmark says {output:?}")),
    }
}

/// The line `Requests/sec:  98765.43`, provided that no line tells of errors.
fn wrk(output: &str) -> Result<Numbers, String> {
    let wrong = ["Socket errors:", "Non-2xx or 3xx responses:"];
    if let Some(line) = output.lines().find(|line| wrong.iter().any(|words| line.contains(words))) {
        return Err(format!("wrk: {}", line.trim()));
    }
    let rate = output.lines().find_map(|line| line.strip_prefix("Requests/sec:")?.trim().parse().ok());
    let rate = rate.ok_or_else(|| format!("wrk says {output:?}"))?;
    Ok(HashMap::from([(Metric::Rate, rate)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redis_benchmark_s_table_is_read() {
        let csv = "\"test\",\"rps\",\"avg_latency_ms\"\n\"SET\",\"121951.22\",\"0.209\"\n\"GET\",\"130000.00\",\"0.2\"\n";
        assert_eq!(redis(csv), Ok(HashMap::from([(Metric::Set, 121_951.22), (Metric::Get, 130_000.0)])));
        assert_eq!(redis("refused\n"), Err("redis-benchmark says \"refused\\n\"".to_owned()));
    }

    #[test]
    fn wrk_s_summary_is_read() {
        let said =
            "  98765 requests in 1.00s, 9.51MB read\nRequests/sec:  98543.21\nTransfer/sec:      9.49MB\n";
        assert_eq!(wrk(said), Ok(HashMap::from([(Metric::Rate, 98_543.21)])));
        let scenario = Scenario::new(Kind::Http, 50);
        assert_eq!(requests(scenario, Duration::from_secs(1), said), Some(98_765));
    }

    #[test]
    fn errors_that_wrk_tells_of_are_not_a_number() {
        let said = "  Socket errors: connect 0, read 3, write 0, timeout 0\nRequests/sec:  98543.21\n";
        assert_eq!(wrk(said), Err("wrk: Socket errors: connect 0, read 3, write 0, timeout 0".to_owned()));
        let said = "  Non-2xx or 3xx responses: 7\nRequests/sec:  98543.21\n";
        assert_eq!(wrk(said), Err("wrk: Non-2xx or 3xx responses: 7".to_owned()));
    }

    #[test]
    fn every_driver_is_bounded_by_the_budget() {
        let budget = Duration::from_millis(300);
        assert_eq!((redis_requests(1, budget), redis_requests(16, budget)), (30_000, 180_000));
        let both = requests(Scenario { kind: Kind::Redis, n: 50, m: 16 }, budget, "");
        assert_eq!(both, Some(360_000), "as many of each command");
        assert_eq!((wrk_seconds(budget), wrk_seconds(Duration::from_secs(1))), (1, 2));
    }
}
