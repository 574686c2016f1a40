//! The workloads, described once: what a system is asked to do, and how the answer is shown.
//!
//! A [`Scenario`] is what one process runs; a [`Workload`] is one number of it with an id, a title and a
//! unit. Several workloads may read the same scenario (W7 gives bytes, creation and wake at once), which is
//! then run only once.

mod served;

/// The piece of work, the same for every system. `n` and `m` are the fields of [`Scenario`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `n` generators, resumed round robin with a number; each yields a number. A run is one resume of each.
    Resume,
    /// A run is a recursion of depth `n` that adds 1 a level, each level awaiting the next coroutine.
    NestedCoroutines,
    /// A task stands under a chain of `n` awaits; a run is one yield to the loop from the leaf.
    SuspendUnder,
    /// A run is the recursion of depth `n`, each level creating a task and awaiting it.
    NestedTasks,
    /// A run awaits `n` trivial coroutines, one after another.
    SequentialCoroutines,
    /// A run creates a trivial task and awaits it, `n` times.
    SequentialTasks,
    /// A run creates `n` trivial tasks, then awaits them all.
    SpawnAll,
    /// A run is `n` tasks that have all started and then yield to the loop `m` times each.
    Yield,
    /// Two tasks on one loop; a run is a message there and one back over the system's own channel.
    PingPong,
    /// `n` tasks waiting for one event: memory, creation, then one wake for all.
    WaitEvent,
    /// `n` sleeping tasks: memory and creation.
    WaitSleep,
    /// `n` tasks, each sleeps a random time of 0 to 1,000 ms: CPU time and lateness.
    Sleeps,
    /// `n` tasks wait for an event; a run cancels them all and waits for their end.
    Cancel,
    /// A server that echoes on `n` TCP connections, 64 bytes a request, the next one after the answer.
    Echo,
    /// A Redis server: SET, then GET, from `n` clients, `m` requests at a time each.
    Redis,
    /// An HTTP server: a small page to `n` connections that are kept alive.
    Http,
}

impl Kind {
    /// Every kind, with the word that names it on a peer's command line.
    pub const ALL: [(Kind, &'static str); 16] = [
        (Kind::Resume, "resume"),
        (Kind::NestedCoroutines, "nested-coroutines"),
        (Kind::SuspendUnder, "suspend-under"),
        (Kind::NestedTasks, "nested-tasks"),
        (Kind::SequentialCoroutines, "sequential-coroutines"),
        (Kind::SequentialTasks, "sequential-tasks"),
        (Kind::SpawnAll, "spawn-all"),
        (Kind::Yield, "yield"),
        (Kind::PingPong, "ping-pong"),
        (Kind::WaitEvent, "wait-event"),
        (Kind::WaitSleep, "wait-sleep"),
        (Kind::Sleeps, "sleeps"),
        (Kind::Cancel, "cancel"),
        (Kind::Echo, "echo"),
        (Kind::Redis, "redis"),
        (Kind::Http, "http"),
    ];

    /// Whether a system only serves, and another process measures.
    #[must_use]
    pub fn is_served(self) -> bool {
        matches!(self, Self::Echo | Self::Redis | Self::Http)
    }

    /// The word that names this kind on a peer's command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(kind, _)| *kind == self).map_or("", |(_, word)| word)
    }
}

/// What one process runs: a kind of work and its sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scenario {
    /// The kind of work.
    pub kind: Kind,
    /// How many, or how deep.
    pub n: u64,
    /// How often ([`Kind::Yield`]), how many at a time ([`Kind::Redis`]), otherwise 0.
    pub m: u64,
}

impl Scenario {
    /// A scenario of one size.
    #[must_use]
    pub const fn new(kind: Kind, n: u64) -> Self {
        Self { kind, n, m: 0 }
    }

    /// The words for a peer's command line: kind, `n`, `m`.
    #[must_use]
    pub fn args(self) -> [String; 3] {
        [self.kind.word().to_owned(), self.n.to_string(), self.m.to_string()]
    }

    /// Reads what [`Scenario::args`] wrote.
    #[must_use]
    pub fn parse(kind: &str, n: &str, m: &str) -> Option<Self> {
        let (kind, _) = *Kind::ALL.iter().find(|(_, word)| *word == kind)?;
        Some(Self { kind, n: n.parse().ok()?, m: m.parse().ok()? })
    }
}

/// One number that a scenario gives. A peer prints it as a line `word number`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metric {
    /// Nanoseconds a run.
    Time,
    /// Resident bytes a task, page tables counted.
    Bytes,
    /// Nanoseconds to create a task and bring it to its wait.
    Create,
    /// Nanoseconds a task from the one wake to the last task's end.
    Wake,
    /// CPU time of the whole process, in milliseconds.
    Cpu,
    /// Mean lateness of a sleep, in milliseconds.
    Late,
    /// The largest lateness, in milliseconds.
    LateMax,
    /// Requests a second.
    Rate,
    /// What a server spends on a request, in microseconds of CPU time.
    CpuRequest,
    /// Redis's SET, a second.
    Set,
    /// Redis's GET, a second.
    Get,
}

/// Which of two numbers is the better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Better {
    /// The smaller: a time, a size.
    Lower,
    /// The larger: a throughput.
    Higher,
}

impl Better {
    /// `lower` or `higher`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Higher => "higher",
        }
    }
}

impl Metric {
    const ALL: [(Metric, &'static str); 11] = [
        (Metric::Time, "ns"),
        (Metric::Bytes, "bytes"),
        (Metric::Create, "create"),
        (Metric::Wake, "wake"),
        (Metric::Cpu, "cpu"),
        (Metric::Late, "late"),
        (Metric::LateMax, "late-max"),
        (Metric::Rate, "rate"),
        (Metric::CpuRequest, "cpu-request"),
        (Metric::Set, "set"),
        (Metric::Get, "get"),
    ];

    /// Which of two of its values is the better one.
    #[must_use]
    pub fn better(self) -> Better {
        match self {
            Self::Rate | Self::Set | Self::Get => Better::Higher,
            _ => Better::Lower,
        }
    }

    /// The word a peer prints before this number.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(metric, _)| *metric == self).map_or("", |(_, word)| word)
    }

    /// The metric that a peer's word means.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, w)| *w == word).map(|(metric, _)| *metric)
    }
}

/// One number under an id: what the reports show as one table and one chart.
#[derive(Debug, Clone)]
pub struct Workload {
    /// The id that the command line selects by prefix.
    pub id: String,
    /// What is done, in words.
    pub title: String,
    /// The unit of the rows.
    pub unit: &'static str,
    /// What is run.
    pub scenario: Scenario,
    /// Which of the scenario's numbers this is.
    pub metric: Metric,
    /// How many operations one run holds; the number is divided by it.
    pub per: f64,
}

/// Every workload, in the order of the reports.
#[must_use]
pub fn all(quick: bool) -> Vec<Workload> {
    let mut list = Vec::new();
    generators(&mut list);
    awaits(&mut list);
    tasks(&mut list, quick);
    suspended(&mut list, quick);
    time(&mut list);
    served::echo(&mut list);
    cancel(&mut list);
    served::programs(&mut list);
    article(&mut list);
    list
}

/// The workloads whose id begins with one of the prefixes; all of them if there is no prefix.
#[must_use]
pub fn selected(prefixes: &[String], quick: bool) -> Vec<Workload> {
    let mut list = all(quick);
    list.retain(|w| prefixes.is_empty() || prefixes.iter().any(|p| w.id.starts_with(p.as_str())));
    list
}

fn add(list: &mut Vec<Workload>, id: &str, title: &str, unit: &'static str, scenario: Scenario, per: u64) {
    let (id, title) = (id.to_owned(), title.to_owned());
    #[expect(clippy::cast_precision_loss, reason = "at most a few millions")]
    list.push(Workload { id, title, unit, scenario, metric: Metric::Time, per: per as f64 });
}

fn generators(list: &mut Vec<Workload>) {
    let unit = "ns/resume";
    add(list, "W1", "one generator: resume and yield a number", unit, Scenario::new(Kind::Resume, 1), 1);
    for n in [64, 1_000, 10_000] {
        let title = format!("{} generators round robin: resume and yield a number", thousands(n));
        add(list, &format!("W1-{n}"), &title, unit, Scenario::new(Kind::Resume, n), n);
    }
}

fn awaits(list: &mut Vec<Workload>) {
    let nested = Scenario::new(Kind::NestedCoroutines, 10);
    add(list, "W2", "await coroutine: recursion of depth 10, a level", "ns/level", nested, 10);
    for (id, depth) in [("W2b", 100), ("W2b-0", 0), ("W2b-10", 10)] {
        let title = format!("one yield to the loop under a chain of {depth} awaits");
        add(list, id, &title, "ns/yield", Scenario::new(Kind::SuspendUnder, depth), 1);
    }
}

fn tasks(list: &mut Vec<Workload>, quick: bool) {
    let nested = Scenario::new(Kind::NestedTasks, 10);
    add(list, "W3", "await task: recursion of depth 10, a new task a level", "ns/task", nested, 10);
    let one = Scenario::new(Kind::SequentialTasks, 100);
    add(list, "W4a", "create one trivial task and await it, in a loop", "ns/task", one, 100);
    let all = Scenario::new(Kind::SpawnAll, 100_000);
    add(list, "W4b", "create 100,000 trivial tasks, then await them all", "ns/task", all, 100_000);
    // The interpreters need seconds for a million yields: --quick has fewer (the title says how many).
    let times = if quick { [100, 20, 4] } else { [1_000, 100, 10] };
    for ((id, n), m) in [("W5", 1_000), ("W5-10000", 10_000), ("W5-100000", 100_000)].into_iter().zip(times) {
        let title = format!("yield to the loop: {} tasks, {} times each", thousands(n), thousands(m));
        add(list, id, &title, "ns/yield", Scenario { kind: Kind::Yield, n, m }, n * m);
    }
    let ping = Scenario::new(Kind::PingPong, 0);
    add(list, "W6", "ping-pong of two tasks over a channel, one way", "ns/message", ping, 2);
}

fn suspended(list: &mut Vec<Workload>, quick: bool) {
    let million = if quick { 200_000 } else { 1_000_000 };
    let sizes = [("", million), ("-100000", 100_000), ("-10000", 10_000)];
    let event = [("bytes", Metric::Bytes), ("create", Metric::Create), ("wake", Metric::Wake)];
    for (name, metric) in event {
        for (suffix, n) in sizes {
            let mut title = format!("{} tasks waiting for one event: {}", thousands(n), what(metric));
            if n != 1_000_000 && suffix.is_empty() {
                title.push_str(" (--quick: 200,000 in place of 1,000,000)");
            }
            push_suspended(
                list,
                &format!("W7-{name}{suffix}"),
                title,
                Scenario::new(Kind::WaitEvent, n),
                metric,
            );
        }
    }
    for (name, metric) in [("bytes", Metric::Bytes), ("create", Metric::Create)] {
        let title = format!("100,000 sleeping tasks: {}", what(metric));
        let scenario = Scenario::new(Kind::WaitSleep, 100_000);
        push_suspended(list, &format!("W7-{name}-sleep"), title, scenario, metric);
    }
}

fn push_suspended(list: &mut Vec<Workload>, id: &str, title: String, scenario: Scenario, metric: Metric) {
    let unit = if metric == Metric::Bytes { "bytes/task" } else { "ns/task" };
    list.push(Workload { id: id.to_owned(), title, unit, scenario, metric, per: 1.0 });
}

fn what(metric: Metric) -> &'static str {
    match metric {
        Metric::Bytes => "resident memory, page tables counted",
        Metric::Create => "creation up to the wait",
        _ => "from the one wake to the last task's end",
    }
}

fn time(list: &mut Vec<Workload>) {
    let rows = [
        ("W8-cpu", "CPU time of the process", Metric::Cpu),
        ("W8-late", "mean lateness", Metric::Late),
        ("W8-max", "largest lateness", Metric::LateMax),
    ];
    for (id, what, metric) in rows {
        let title = format!("100,000 tasks, each sleeps a random 0 to 1,000 ms: {what}");
        let scenario = Scenario::new(Kind::Sleeps, 100_000);
        list.push(Workload { id: id.to_owned(), title, unit: "ms", scenario, metric, per: 1.0 });
    }
}

fn cancel(list: &mut Vec<Workload>) {
    let cancel = Scenario::new(Kind::Cancel, 100_000);
    add(list, "W10", "cancel 100,000 waiting tasks and await their end", "ns/task", cancel, 100_000);
}

/// The article's two programs (9 and 10: nested, depth 10), and the same for other depths and in sequence.
fn article(list: &mut Vec<Workload>) {
    let kinds = [
        ("nested-coroutines", Kind::NestedCoroutines, "await coroutine, nested", "program 9"),
        ("nested-tasks", Kind::NestedTasks, "await task, nested", "program 10"),
        ("sequential-coroutines", Kind::SequentialCoroutines, "await coroutine, in sequence", ""),
        ("sequential-tasks", Kind::SequentialTasks, "await task, in sequence", ""),
    ];
    for (name, kind, title, program) in kinds {
        for n in [1, 10, 100, 1_000] {
            let mut title = format!("{title}: {} a run", thousands(n));
            if n == 10 && !program.is_empty() {
                title = format!("{title} (the article's {program})");
            }
            add(list, &format!("article-{name}-{n}"), &title, "ns/run", Scenario::new(kind, n), 1);
        }
    }
}

fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique() {
        let mut ids: Vec<String> = all(false).into_iter().map(|w| w.id).collect();
        ids.sort();
        let count = ids.len();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn a_prefix_selects_all_that_begin_with_it() {
        let list = selected(&["W7-bytes".to_owned()], true);
        let ids: Vec<&str> = list.iter().map(|w| w.id.as_str()).collect();
        assert_eq!(ids, ["W7-bytes", "W7-bytes-100000", "W7-bytes-10000", "W7-bytes-sleep"]);
    }

    #[test]
    fn a_scenario_survives_the_command_line() {
        for workload in all(false) {
            let [kind, n, m] = workload.scenario.args();
            assert_eq!(Scenario::parse(&kind, &n, &m), Some(workload.scenario));
        }
    }

    #[test]
    fn the_served_workloads_are_selected_by_their_prefixes() {
        let ids = |prefix: &str| -> Vec<String> {
            selected(&[prefix.to_owned()], true).into_iter().map(|w| w.id).collect()
        };
        assert_eq!(ids("W9"), ["W9-50", "W9-50-cpu", "W9-1000", "W9-1000-cpu"]);
        assert_eq!(ids("http"), ["http-50", "http-50-cpu", "http-1000", "http-1000-cpu"]);
        assert_eq!(ids("redis-50"), ["redis-50-p1-cpu", "redis-50-p16-cpu"]);
        assert_eq!(
            ids("redis-set"),
            ["redis-set-50-p1", "redis-set-50-p16", "redis-set-1000-p1", "redis-set-1000-p16"]
        );
    }

    #[test]
    fn of_requests_a_second_more_are_better() {
        let higher: Vec<Workload> =
            all(true).into_iter().filter(|w| w.metric.better() == Better::Higher).collect();
        assert!(higher.iter().all(|w| w.unit == "requests/s"));
        assert_eq!(higher.len(), 2 + 8 + 2);
    }

    #[test]
    fn a_smaller_size_is_said_in_the_title() {
        let quick = all(true).into_iter().find(|w| w.id == "W7-create").unwrap();
        assert!(quick.title.contains("200,000 in place of 1,000,000"), "{}", quick.title);
    }
}
