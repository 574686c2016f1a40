//! Makes random programs: `tests/conformance/gen.py` and `gengen.py` once more, number for number and byte for byte.
//!
//! Programs of our own need no Python: what holds of every trace is tested on as many of them as we like.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

/// `--generate SEED COUNT GROUPS`: prints one `{"program"}` a line.
pub(super) fn print(request: &[String], out: &mut impl Write) -> Result<ExitCode> {
    let [first, count, groups] = request else { bail!("--generate takes SEED COUNT GROUPS") };
    let first: u64 = first.parse().context("SEED is a number")?;
    let count: u64 = count.parse().context("COUNT is a number")?;
    for seed in first..first + count {
        let program = if groups == "generators" {
            generator_program(seed)
        } else {
            task_program(seed, &groups.split(',').collect::<Vec<_>>())?
        };
        writeln!(out, r#"{{"program":{program}}}"#)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// splitmix64
struct Random(u64);

impl Random {
    const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;

    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(Self::GAMMA).wrapping_add(0x0123_4567))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(Self::GAMMA);
        let z = self.0;
        let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.next() as usize % from.len()]
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// The operations of each group, with how often they come.
const GROUPS: &[(&str, &[(&str, u64)])] = &[
    (
        "core",
        &[
            ("yield", 8),
            ("sleep", 12),
            ("spawn", 8),
            ("await_task", 7),
            ("await_coro", 4),
            ("cancel", 5),
            ("raise", 1),
            ("return", 0),
            ("try", 3),
            ("finally", 3),
        ],
    ),
    ("future", &[("fut_set", 3), ("fut_exc", 1), ("fut_cancel", 1), ("await_fut", 3), ("fut_cb", 2)]),
    ("callback", &[("call_soon", 2), ("call_later", 2), ("task_cb", 2), ("timer_cancel", 1)]),
    (
        "sync",
        &[
            ("ev_wait", 2),
            ("ev_set", 2),
            ("ev_clear", 1),
            ("lock", 3),
            ("sem", 2),
            ("cond_wait", 1),
            ("cond_notify", 2),
            ("q_put", 2),
            ("q_get", 2),
        ],
    ),
    ("combo", &[("gather", 2), ("wait", 2), ("shield", 2)]),
    ("timeout", &[("timeout", 4)]),
    ("wait_for", &[("wait_for", 4)]),
    ("group", &[("tg", 3)]),
    ("uncancel", &[("uncancel", 2), ("cancelling", 2)]),
    ("turn", &[("spawn_await", 8), ("call_now", 4), ("soon_chain", 3), ("cb_spawn", 2), ("cb_cancel", 2)]),
];

const FUTURES: u64 = 3;
const EVENTS: u64 = 2;
const LOCKS: u64 = 2;
const SEMAPHORES: u64 = 2;
const QUEUES: u64 = 2;

/// Operations that start a body: not in the last one, which has no later body.
const STARTS: &[&str] = &["spawn", "await_coro", "gather", "wait_for", "tg", "spawn_await", "cb_spawn"];
/// Operations that nest blocks: only three deep.
const NESTS: &[&str] = &["try", "finally", "timeout", "lock", "sem", "tg"];
const DEEPEST: u64 = 3;

/// gen.py's `make`. Numbers are drawn in its order, so the order of these lines matters.
fn task_program(seed: u64, groups: &[&str]) -> Result<String> {
    let mut table = Vec::new();
    for group in groups {
        let known = GROUPS.iter().find(|(name, _)| name == group);
        table.extend_from_slice(known.with_context(|| format!("there is no group `{group}`"))?.1);
    }
    let total = table.iter().map(|(_, weight)| weight).sum();
    ensure!(total > 0, "these groups have no operations");
    let mut random = Random::new(seed);
    let bodies = 3 + random.below(5);
    let budget = 60 + random.below(60);
    let mut maker = TaskMaker { random, table, total, bodies, budget };
    let bodies: Vec<Value> = (0..bodies)
        .map(|body| {
            let mut ops = Vec::new();
            if body == 0 {
                ops.extend((0..2).map(|_| json!(["spawn", 1 + maker.random.below(bodies - 1)])));
            }
            let count = if body == 0 { 7 } else { 3 } + maker.random.below(6);
            ops.extend(maker.block(body, 0, count));
            Value::Array(ops)
        })
        .collect();
    Ok(format!(
        r#"{{"seed":{seed},"groups":{},"futures":{FUTURES},"events":{EVENTS},"locks":{LOCKS},"sems":[1,2],"conds":1,"queues":[1,2],"bodies":{}}}"#,
        json!(groups),
        Value::Array(bodies)
    ))
}

struct TaskMaker {
    random: Random,
    table: Vec<(&'static str, u64)>,
    total: u64,
    bodies: u64,
    /// How many operations may still be made.
    budget: u64,
}

impl TaskMaker {
    fn block(&mut self, body: u64, depth: u64, count: u64) -> Vec<Value> {
        let mut ops = Vec::new();
        for _ in 0..count {
            if self.budget == 0 {
                break;
            }
            ops.push(self.op(body, depth));
        }
        ops
    }

    fn nested(&mut self, body: u64, depth: u64, below: u64) -> Vec<Value> {
        let count = 1 + self.random.below(below);
        self.block(body, depth, count)
    }

    fn name(&mut self) -> &'static str {
        let mut left = self.random.below(self.total);
        for (name, weight) in &self.table {
            if left < *weight {
                return name;
            }
            left -= weight;
        }
        unreachable!("the weights sum to the total")
    }

    fn duration(&mut self) -> u64 {
        1 + self.random.below(40)
    }

    fn later_body(&mut self, body: u64) -> u64 {
        body + 1 + self.random.below(self.bodies - body - 1)
    }

    fn later_bodies(&mut self, body: u64) -> Vec<u64> {
        let count = 1 + self.random.below(3);
        (0..count).map(|_| self.later_body(body)).collect()
    }

    fn op(&mut self, body: u64, depth: u64) -> Value {
        let mut op = self.name();
        self.budget -= 1;
        if STARTS.contains(&op) && body + 1 >= self.bodies {
            op = "sleep";
        }
        if NESTS.contains(&op) && depth >= DEEPEST {
            op = "yield";
        }
        match op {
            "sleep" | "call_later" => json!([op, self.duration()]),
            "spawn" | "await_coro" | "spawn_await" | "cb_spawn" => json!([op, self.later_body(body)]),
            "await_task" | "cancel" | "shield" | "task_cb" | "cb_cancel" => json!([op, self.random.below(8)]),
            "raise" => json!([op, self.random.below(5)]),
            "return" => json!([op, self.random.below(100)]),
            "try" => {
                let kind = self.random.pick(&["err", "cancel", "all"]);
                json!([op, kind, self.nested(body, depth + 1, 4)])
            }
            "finally" => {
                let block = self.nested(body, depth + 1, 3);
                json!([op, block, self.nested(body, DEEPEST, 2)])
            }
            "fut_set" | "fut_exc" | "fut_cancel" | "await_fut" | "fut_cb" => {
                json!([op, self.random.below(FUTURES)])
            }
            "soon_chain" => json!([op, 1 + self.random.below(4)]),
            "timer_cancel" => json!([op, self.random.below(4)]),
            "ev_wait" | "ev_set" | "ev_clear" => json!([op, self.random.below(EVENTS)]),
            "lock" => {
                let lock = self.random.below(LOCKS);
                json!([op, lock, self.nested(body, depth + 1, 3)])
            }
            "sem" => {
                let semaphore = self.random.below(SEMAPHORES);
                json!([op, semaphore, self.nested(body, depth + 1, 3)])
            }
            "cond_wait" => json!([op, 0]),
            "cond_notify" => json!([op, 0, 1 + self.random.below(2)]),
            "q_put" | "q_get" => json!([op, self.random.below(QUEUES)]),
            "gather" => {
                let return_exceptions = self.random.chance(50);
                json!([op, return_exceptions, self.later_bodies(body)])
            }
            "wait" => {
                let when = self.random.pick(&["FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED"]);
                let timeout = self.random.chance(60).then(|| self.duration());
                let count = 1 + self.random.below(3);
                let tasks: Vec<u64> = (0..count).map(|_| self.random.below(8)).collect();
                json!([op, when, timeout, tasks])
            }
            "timeout" => {
                let time = self.duration();
                json!([op, time, self.nested(body, depth + 1, 4)])
            }
            "wait_for" => {
                let time = self.duration();
                json!([op, time, self.later_body(body)])
            }
            "tg" => {
                let children = self.later_bodies(body);
                json!([op, children, self.nested(body, depth + 1, 3)])
            }
            // yield, call_soon, call_now, uncancel, cancelling
            alone => json!([alone]),
        }
    }
}

/// gengen.py's `make`.
fn generator_program(seed: u64) -> String {
    let mut random = Random::new(seed.wrapping_add(77777));
    let bodies = 1 + random.below(4);
    let budget = 14 + random.below(14);
    let steps = 4 + random.below(8);
    let mut drive: Vec<Value> = (0..steps).map(|step| drive_step(&mut random, step == 0)).collect();
    drive.push(json!(["close"]));
    let mut maker = GeneratorMaker { random, bodies, budget };
    let bodies: Vec<Value> = (0..bodies)
        .map(|body| {
            let count = 2 + maker.random.below(5);
            maker.block(body, 0, count)
        })
        .collect();
    format!(r#"{{"seed":{seed},"bodies":{},"drive":{}}}"#, Value::Array(bodies), Value::Array(drive))
}

fn drive_step(random: &mut Random, first: bool) -> Value {
    // The first step is mostly `next`; gengen.py draws the numbers of the later ones before it picks.
    let (send, throw) = if first { (1, 1) } else { (random.below(9), random.below(4)) };
    let nexts = if first { 3 } else { 2 };
    let mut steps = vec![json!(["next"]); nexts];
    steps.extend([json!(["send", send]), json!(["throw", throw]), json!(["close"])]);
    let picked = random.below(steps.len() as u64) as usize;
    steps.swap_remove(picked)
}

struct GeneratorMaker {
    random: Random,
    bodies: u64,
    budget: u64,
}

impl GeneratorMaker {
    fn block(&mut self, body: u64, depth: u64, count: u64) -> Value {
        let mut ops = Vec::new();
        for _ in 0..count {
            if self.budget == 0 {
                break;
            }
            self.budget -= 1;
            ops.push(self.op(body, depth));
        }
        Value::Array(ops)
    }

    fn op(&mut self, body: u64, depth: u64) -> Value {
        match self.random.below(20) {
            0..9 => json!(["yield", self.random.below(100)]),
            9..11 if body + 1 < self.bodies => {
                json!(["from", body + 1 + self.random.below(self.bodies - body - 1)])
            }
            9..12 => json!(["raise", self.random.below(4)]),
            12 => json!(["return", self.random.below(50)]),
            13..16 if depth < DEEPEST => {
                let kind = self.random.pick(&["err", "exit", "all", "swallow"]);
                let count = 1 + self.random.below(3);
                let block = self.block(body, depth + 1, count);
                let count = self.random.below(2);
                json!(["try", kind, block, self.block(body, DEEPEST, count)])
            }
            13..19 if depth < DEEPEST => {
                let count = 1 + self.random.below(3);
                let block = self.block(body, depth + 1, count);
                let count = 1 + self.random.below(2);
                json!(["finally", block, self.block(body, DEEPEST, count)])
            }
            _ => json!(["yield", 0]),
        }
    }
}
