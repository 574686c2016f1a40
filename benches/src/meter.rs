//! Measuring: a stopwatch that warms up and repeats, and what the process has used.
//!
//! ```
//! use cede_benches::meter::Meter;
//! use std::time::Duration;
//!
//! let mut meter = Meter::new(Duration::from_millis(5));
//! let mut sum = 0u64;
//! while let Some(runs) = meter.batch() {
//!     for run in 0..runs {
//!         sum = std::hint::black_box(sum + run);
//!     }
//! }
//! assert!(meter.per_run() > 0.0);
//! ```

use crate::stats::median;
use std::time::{Duration, Instant};

/// A stopwatch for one round: warms up, finds how many runs make a batch, then times batches until its
/// budget is spent. It asks for batches and is told nothing, so it works in plain code, in an `async` block
/// and on a coroutine's stack alike.
#[derive(Debug)]
pub struct Meter {
    budget: Duration,
    /// Runs a batch; doubled while warming up, unless `fixed`.
    runs: u64,
    fixed: bool,
    warm: bool,
    began: Option<Instant>,
    spent: Duration,
    /// Nanoseconds a run, one entry a batch.
    samples: Vec<f64>,
}

impl Meter {
    /// A meter that repeats short runs in batches.
    #[must_use]
    pub fn new(budget: Duration) -> Self {
        Self {
            budget,
            runs: 1,
            fixed: false,
            warm: false,
            began: None,
            spent: Duration::ZERO,
            samples: vec![],
        }
    }

    /// A meter for long runs with a set-up of their own: every batch is one run.
    #[must_use]
    pub fn one_by_one(budget: Duration) -> Self {
        Self { fixed: true, ..Self::new(budget) }
    }

    /// Ends the running batch and says how many runs to do next; `None` when the budget is spent.
    pub fn batch(&mut self) -> Option<u64> {
        if let Some(began) = self.began.take() {
            self.note(began.elapsed());
        }
        if self.warm && self.spent >= self.budget {
            return None;
        }
        self.began = Some(Instant::now());
        Some(self.runs)
    }

    /// The batch's set-up ends here: its time counts from now.
    pub fn restart(&mut self) {
        self.began = Some(Instant::now());
    }

    /// The batch's work ends here: what follows, up to the next [`Meter::batch`], is not counted.
    pub fn stop(&mut self) {
        if let Some(began) = self.began.take() {
            self.note(began.elapsed());
        }
    }

    fn note(&mut self, took: Duration) {
        self.spent += took;
        if self.warm {
            #[expect(clippy::cast_precision_loss, reason = "nanoseconds of seconds, runs of millions")]
            self.samples.push(took.as_nanos() as f64 / self.runs as f64);
            return;
        }
        // A batch is a sixteenth of the budget, so that an interruption spoils one sample and not the median.
        let long_enough = took * 16 >= self.budget;
        if !long_enough && !self.fixed {
            self.runs *= 2;
        }
        if (long_enough || self.fixed) && self.spent * 4 >= self.budget {
            self.warm = true;
            self.spent = Duration::ZERO;
        }
    }

    /// The median over the batches, in nanoseconds a run.
    #[must_use]
    pub fn per_run(&self) -> f64 {
        median(&self.samples).unwrap_or(f64::NAN)
    }
}

/// What the kernel keeps resident for this process, page tables counted, in bytes.
#[must_use]
pub fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = |key: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
    };
    (kib("VmRSS:") + kib("VmPTE:")) * 1024
}

/// CPU time that all threads of another process that still run have used so far; `None` where the kernel does not
/// count it.
#[must_use]
pub fn cpu_time_of(process: u32) -> Option<Duration> {
    let mut sum = 0;
    for thread in std::fs::read_dir(format!("/proc/{process}/task")).ok()? {
        let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        sum += text.split(' ').next()?.parse::<u64>().ok()?;
    }
    Some(Duration::from_nanos(sum))
}

/// CPU time of the whole process so far.
#[must_use]
pub fn cpu_time() -> Duration {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(now.tv_sec.unsigned_abs(), now.tv_nsec.unsigned_abs() as u32)
}

/// The random sleeps of W8, the same for every system: a generator with fixed seed.
#[derive(Debug, Clone)]
pub struct Sleeps(u64);

impl Sleeps {
    /// The generator at its beginning.
    #[must_use]
    pub fn new() -> Self {
        Self(42)
    }

    /// The next sleep, of 0 to `below` milliseconds.
    pub fn within(&mut self, below: Duration) -> Duration {
        // Knuth's MMIX constants; every peer's source repeats them.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_nanos((self.0 >> 33) % u64::try_from(below.as_nanos()).unwrap_or(u64::MAX).max(1))
    }
}

impl Default for Sleeps {
    fn default() -> Self {
        Self::new()
    }
}
