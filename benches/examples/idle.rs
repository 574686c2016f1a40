//! An idle loop sleeps in the kernel, and another thread wakes it at once. It measures time, so it is no test:
//!
//! ```text
//! cargo run -p cede-benches --example idle
//! ```
//!
//! Exits with 1 if two seconds of `run_forever` cost 20 ms of CPU time or more, or if it takes 5 ms or more
//! until a function given to `call_soon_threadsafe` is called: the median of some, for one alone may meet a
//! busy machine.

#![forbid(unsafe_code)]

use anyhow::{Context as _, ensure};
use cede::{EventLoop, LoopHandle, LoopProxy};
use cede_benches::meter::cpu_time;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

const IDLE: Duration = Duration::from_secs(2);
const MOST_CPU: Duration = Duration::from_millis(20);

const WAKES: usize = 21;
const BETWEEN_WAKES: Duration = Duration::from_millis(20);
const MOST_LATENCY: Duration = Duration::from_millis(5);

fn main() -> anyhow::Result<()> {
    watch("with nothing to do", |_| {})?;
    watch("with a timer an hour away", |event_loop| {
        event_loop.call_later(Duration::from_secs(3600), || {});
    })
}

/// Lets a loop idle, then wakes it a few times.
fn watch(what: &str, set_up: impl FnOnce(&LoopHandle)) -> anyhow::Result<()> {
    let event_loop = EventLoop::new()?;
    set_up(&event_loop);
    let proxy = event_loop.proxy();
    let before = cpu_time();
    let other_thread = thread::spawn(move || idle_then_wake(&proxy));
    event_loop.run_forever()?;
    let (after, mut latencies) = other_thread.join().expect("it does not panic")?;

    let cpu = after.saturating_sub(before);
    latencies.sort();
    let (latency, worst) = (latencies[WAKES / 2], latencies[WAKES - 1]);
    let turns = event_loop.turns();
    println!("{what}: {cpu:.1?} of CPU time in {IDLE:?}");
    println!(
        "  woken in {latency:.1?} (median of {WAKES} wakes; the worst {worst:.1?}); {turns} turns in all"
    );
    ensure!(cpu < MOST_CPU, "idle {what}, the loop used {cpu:?} of CPU time; the limit is {MOST_CPU:?}");
    ensure!(
        latency < MOST_LATENCY,
        "idle {what}, the loop woke in {latency:?}; the limit is {MOST_LATENCY:?}"
    );
    Ok(())
}

/// On the other thread: the CPU time when the loop has idled, and how long each wake took. Stops the loop.
fn idle_then_wake(proxy: &LoopProxy) -> anyhow::Result<(Duration, Vec<Duration>)> {
    thread::sleep(IDLE);
    let cpu = cpu_time();
    let mut latencies = Vec::new();
    for _ in 0..WAKES {
        thread::sleep(BETWEEN_WAKES);
        let (sender, receiver) = mpsc::channel();
        let posted = Instant::now();
        proxy.call_soon_threadsafe(move || {
            let _ = sender.send(posted.elapsed());
        })?;
        latencies.push(receiver.recv().context("the loop dropped a callback")?);
    }
    proxy.call_soon_threadsafe(|| cede::running_loop().expect("we are in a callback").stop())?;
    Ok((cpu, latencies))
}
