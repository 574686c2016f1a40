//! How many instructions the machine's basic moves take, counted by valgrind's callgrind and compared with
//! what `benches/instructions.txt` says: times differ from run to run, instructions do not, so this can
//! guard against a regression.
//!
//! ```text
//! cargo run --release -p cede --example instructions             # compare: 1 where one has grown by 10 %
//! cargo run --release -p cede --example instructions -- --record # write the file anew
//! ```
//!
//! Each move is made N times and 2 N times in processes of their own; what the longer one took more,
//! divided by N, is the cost of one: start and end cancel out.

#![forbid(unsafe_code)]

use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, ExitCode};

use cede::channel::mpsc;
use cede::trace::Recorder;
use cede::{Awaitable, Generator, GeneratorState, Runner, coroutine, create_task, yield_now};

/// How often a move is made in the shorter run.
const TIMES: u64 = 10_000;
/// By how much it may grow, in percent.
const TOLERANCE: u64 = 10;

/// A move, made this many times inside a task.
type Move = fn(u64);

const MOVES: &[(&str, Move)] = &[
    ("await-coroutine", await_coroutine),
    ("spawn+await", spawn_and_await),
    ("spawn+await, depth 10", spawn_and_await_deep),
    ("yield, 100 tasks", yield_among_many),
    ("resume+yield", resume_and_yield),
    ("ping-pong, one way", ping_pong),
    ("future, pending once", future_pending_once),
    ("await-coroutine, recorded", await_coroutine),
    ("spawn+await, recorded", spawn_and_await),
    ("yield, 100 tasks, recorded", yield_among_many),
];

fn await_coroutine(times: u64) {
    for number in 0..times {
        black_box(coroutine(|| black_box(number) + 1).await_());
    }
}

fn spawn_and_await(times: u64) {
    for number in 0..times {
        black_box(create_task(coroutine(move || number + 1)).await_().unwrap());
    }
}

fn spawn_and_await_deep(times: u64) {
    fn nested(depth: u64) -> u64 {
        if depth == 0 { 0 } else { create_task(coroutine(move || nested(depth - 1))).await_().unwrap() + 1 }
    }
    (0..times / 10).for_each(|_| assert_eq!(nested(black_box(10)), 10));
}

fn yield_among_many(times: u64) {
    let turns = times / 100;
    let yields = move || (0..turns).for_each(|_| yield_now().await_().unwrap());
    let tasks: Vec<_> = (0..100).map(|_| create_task(coroutine(yields))).collect();
    tasks.into_iter().for_each(|task| task.await_().unwrap());
}

fn resume_and_yield(times: u64) {
    let generator = Generator::<u64, u64>::new(|co| {
        let mut number = co.yield_(0);
        loop {
            number = co.yield_(number + 1);
        }
    });
    generator.start().unwrap();
    for number in 0..times {
        assert!(matches!(generator.resume(number), Ok(GeneratorState::Yielded(next)) if next == number + 1));
    }
}

fn ping_pong(times: u64) {
    let (ping, pings) = mpsc::channel(1);
    let (pong, pongs) = mpsc::channel(1);
    let other = create_task(coroutine(move || {
        while let Ok(Some(number)) = pings.recv().await_() {
            pong.send(number).await_().unwrap();
        }
    }));
    for number in 0..times / 2 {
        ping.send(number).await_().unwrap();
        assert_eq!(pongs.recv().await_().unwrap(), Some(number));
    }
    drop(ping);
    other.await_().unwrap();
}

fn future_pending_once(times: u64) {
    for _ in 0..times {
        let mut woken = false;
        let once = std::future::poll_fn(|cx| {
            if std::mem::replace(&mut woken, true) {
                return std::task::Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            std::task::Poll::Pending
        });
        once.await_().unwrap();
    }
}

/// Makes a move, in a process that valgrind watches.
fn perform(name: &str, times: u64) {
    let (_, perform) = MOVES.iter().find(|(other, _)| *other == name).expect("a move of that name");
    let perform = *perform;
    let mut runner = Runner::new().debug(false);
    if name.ends_with(", recorded") {
        runner = runner.observer(Recorder::with_capacity(1 << 12));
    }
    runner.run(coroutine(move || perform(times))).expect("it runs");
}

fn instructions(name: &str, times: u64) -> Result<u64, Box<dyn Error>> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["perform", name, &times.to_string()])
        .output()
        .map_err(|error| format!("cannot run valgrind (Debian's package valgrind): {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let count = said.lines().find_map(|line| line.split("Collected :").nth(1));
    match count {
        Some(count) if output.status.success() => Ok(count.trim().parse()?),
        _ => Err(format!("{name}: {said}").into()),
    }
}

fn known(path: &Path) -> Result<BTreeMap<String, u64>, Box<dyn Error>> {
    let text = std::fs::read_to_string(path)?;
    let line =
        |line: &str| Some((line.split_once('\t')?.0.to_owned(), line.split_once('\t')?.1.parse().ok()?));
    Ok(text.lines().filter_map(line).collect())
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["perform", name, times] = arguments[..] {
        perform(name, times.parse()?);
        return Ok(ExitCode::SUCCESS);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches/instructions.txt");
    let record = arguments == ["--record"];
    let known = if record { BTreeMap::new() } else { known(&path)? };
    let mut lines = Vec::new();
    let mut grown = false;
    for (name, _) in MOVES {
        let count = (instructions(name, 2 * TIMES)? - instructions(name, TIMES)?) / TIMES;
        lines.push(format!("{name}\t{count}\n"));
        let before = known.get(*name).copied();
        let verdict = match before {
            Some(before) if count * 100 > before * (100 + TOLERANCE) + 100 => {
                grown = true;
                format!("GROWN from {before}")
            }
            Some(before) => format!("was {before}"),
            None if record => "recorded".to_owned(),
            None => {
                grown = true;
                "not in the file: run with --record".to_owned()
            }
        };
        println!("{name:<28}{count:>7} instructions, {verdict}");
    }
    if record {
        std::fs::write(&path, lines.concat())?;
    }
    Ok(if grown { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
