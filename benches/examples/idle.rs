//! An idle loop sleeps in the kernel, with ten thousand connections too, and another thread wakes it at once. It
//! measures time, so it is no test:
//!
//! ```text
//! cargo run -p cede-benches --example idle
//! ```
//!
//! Exits with 1 if two seconds of `run_forever` cost 20 ms of CPU time or more, or if it takes 5 ms or more
//! until a function given to `call_soon_threadsafe` is called: the median of some, for one alone may meet a
//! busy machine.
//!
//! Then this process serves connections that another one opens, and says what memory each takes; exits with 1 if
//! three seconds in which nobody says anything cost 5 ms of CPU time or more, or if there cannot be ten thousand.
//! `CEDE_REACTOR=uring` has it done by io_uring.

#![forbid(unsafe_code)]

use anyhow::{Context as _, ensure};
use cede::net::{TcpListener, TcpStream};
use cede::process::{Child, Command, Stdio};
use cede::{Awaitable as _, EventLoop, LoopHandle, LoopProxy, Task, coroutine, create_task, sleep, timeout};
use cede_benches::meter::{cpu_time, resident};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::{self, Read as _, Write as _};
use std::net;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

const IDLE: Duration = Duration::from_secs(2);
const MOST_CPU: Duration = Duration::from_millis(20);

const WAKES: usize = 21;
const BETWEEN_WAKES: Duration = Duration::from_millis(20);
const MOST_LATENCY: Duration = Duration::from_millis(5);

const CONNECTIONS: u64 = 10_000;
/// What a process needs besides the connections.
const OTHER_DESCRIPTORS: u64 = 100;
const SILENCE: Duration = Duration::from_secs(3);
const MOST_CPU_IN_SILENCE: Duration = Duration::from_millis(5);
/// Whoever takes longer to open or close all connections has failed.
const LONGEST: Duration = Duration::from_secs(60);
/// The word on the command line that asks for the other side.
const CLIENTS: &str = "clients";

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().collect();
    if let [_, word, address, count] = &args[..]
        && word == CLIENTS
    {
        return clients(address.parse()?, count.parse()?);
    }
    watch("with nothing to do", |_| {})?;
    watch("with a timer an hour away", |event_loop| {
        event_loop.call_later(Duration::from_secs(3600), || {});
    })?;
    cede::run(coroutine(serve_in_silence))?
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

/// The server: opened by the other process, every connection has echoed once and then waits to read.
fn serve_in_silence() -> anyhow::Result<()> {
    allow_descriptors(CONNECTIONS + OTHER_DESCRIPTORS)?;
    let count = CONNECTIONS;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?.to_string();
    sleep(Duration::from_millis(10)).await_()?;
    let before = resident();
    let mut other_side = Command::new(std::env::current_exe()?)
        .args([CLIENTS, &address, &count.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let echoes = timeout(LONGEST, || accept_all(&listener, &mut other_side, count))
        .context("the connections were not opened")?;

    // At rest, the loop has given back what it needed for a moment.
    sleep(Duration::from_millis(10)).await_()?;
    let bytes = resident().saturating_sub(before) / count;
    let (cpu, turns) = (cpu_time(), cede::running_loop()?.turns());
    sleep(SILENCE).await_()?;
    let cpu = cpu_time().saturating_sub(cpu);
    let turns = cede::running_loop()?.turns() - turns;
    let backend = cede::running_loop()?.backend();
    println!("with {count} connections by {backend}: {cpu:.1?} of CPU time in {SILENCE:?}, {turns} turns");
    println!("  {bytes} bytes of memory a connection, page tables counted");

    // The other side ends with its input, and our tasks with its connections.
    let ended = timeout(LONGEST, || {
        let status = other_side.wait()?;
        echoes.into_iter().try_for_each(|echo| echo.await_()?)?;
        io::Result::Ok(status)
    });
    let status = ended.context("the connections were not closed")?;
    ensure!(status.success(), "the other side ended with {status}");
    ensure!(
        cpu < MOST_CPU_IN_SILENCE,
        "with {count} silent connections, the loop used {cpu:?} of CPU time; the limit is {MOST_CPU_IN_SILENCE:?}"
    );
    Ok(())
}

/// Raises the limit to so many, also for the other process.
fn allow_descriptors(count: u64) -> anyhow::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let maximum = limit.maximum.map(|most| most.max(count)); // more than it was only for root
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
        .with_context(|| format!("{count} descriptors are needed; `ulimit -Hn` allows {:?}", limit.maximum))
}

fn accept_all(
    listener: &TcpListener,
    other_side: &mut Child,
    count: u64,
) -> io::Result<Vec<Task<io::Result<()>>>> {
    let mut echoes = Vec::new();
    for _ in 0..count {
        let (stream, _) = listener.accept()?;
        echoes.push(create_task(coroutine(move || echo(&stream))));
    }
    // It has its last answer.
    let said = other_side.stdout.as_mut().expect("it is a pipe");
    said.read_exact(&mut [0])?;
    Ok(echoes)
}

fn echo(mut stream: &TcpStream) -> io::Result<()> {
    let mut bytes = [0; 64];
    loop {
        match stream.read(&mut bytes)? {
            0 => return Ok(()),
            count => stream.write_all(&bytes[..count])?,
        }
    }
}

/// The other side: opens the connections, says so, and holds them until its input ends.
fn clients(address: net::SocketAddr, count: usize) -> anyhow::Result<()> {
    let mut streams = Vec::with_capacity(count);
    for _ in 0..count {
        let mut stream = net::TcpStream::connect(address)?;
        stream.write_all(b"ping")?;
        stream.read_exact(&mut [0; 4])?;
        streams.push(stream);
    }
    println!();
    io::stdin().read_line(&mut String::new())?;
    Ok(())
}
