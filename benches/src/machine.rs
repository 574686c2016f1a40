//! The machine a run was made on, as the reports show it.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

/// Processor, memory, system and time of a run.
#[derive(Debug, Clone)]
pub struct Machine {
    /// The processor's name.
    pub cpu: String,
    /// How many of its cores this process may use.
    pub cores: usize,
    /// Memory in GiB.
    pub memory_gib: f64,
    /// The system's name.
    pub os: String,
    /// The kernel's version.
    pub kernel: String,
    /// The load average of the last minute when the run began: above 0.5, others were at work too.
    pub load: f64,
    /// When the run was made, UTC: `2026-11-22 06:30`.
    pub time: String,
}

impl Machine {
    /// This machine, now.
    #[must_use]
    pub fn here() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, key: &str, separator: char| {
            let line = text.lines().find(|line| line.starts_with(key))?;
            Some(line.split_once(separator)?.1.trim().trim_matches('"').to_owned())
        };
        let unknown = || "unknown".to_owned();
        let memory = field(&read("/proc/meminfo"), "MemTotal", ':').unwrap_or_default();
        let kib: f64 = memory.trim_end_matches(" kB").parse().unwrap_or(0.0);
        Self {
            cpu: field(&read("/proc/cpuinfo"), "model name", ':').unwrap_or_else(unknown),
            cores: std::thread::available_parallelism().map_or(0, Into::into),
            memory_gib: (kib / 1024.0 / 1024.0 * 10.0).round() / 10.0,
            os: field(&read("/etc/os-release"), "PRETTY_NAME", '=').unwrap_or_else(unknown),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load: read("/proc/loadavg").split(' ').next().and_then(|l| l.parse().ok()).unwrap_or(0.0),
            time: utc(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs())),
        }
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { cpu, cores, memory_gib, os, kernel, load, time } = self;
        write!(f, "{cpu}, {cores} cores, {memory_gib} GiB; {os}, Linux {kernel}; load {load}; {time} UTC")
    }
}

/// Civil date and time of seconds since 1970 (Howard Hinnant's algorithm).
fn utc(seconds: u64) -> String {
    let days = seconds / 86_400 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    let (hour, minute) = (seconds / 3_600 % 24, seconds / 60 % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn dates_are_civil() {
        assert_eq!(super::utc(0), "1970-01-01 00:00");
        assert_eq!(super::utc(1_709_208_000), "2024-02-29 12:00");
    }
}
