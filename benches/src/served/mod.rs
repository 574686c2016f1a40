//! A round of a workload with two sides: a server, and a load from another process.
//!
//! ```text
//!   harness ──starts──▶ server   on a port of its own, a process a round     (servers/)
//!           ──waits───▶          until it accepts
//!           ──asks────▶          one question by hand: is the answer right?  (check.rs)
//!           ──starts──▶ driver   the same for every system: load.rs, redis-benchmark or wrk   (driver.rs)
//!           ◀─numbers──
//!           ──ends────▶ server
//! ```
//!
//! Everything stays on the loopback address, and every driver is bounded in count or time.

mod check;
mod driver;
mod launch;
pub mod load;
mod port;

pub(crate) use check::PAGE;
pub(crate) use driver::expected;
pub use launch::{LAUNCH, become_program};

use crate::meter::cpu_time_of;
use crate::peers::{Numbers, System};
use crate::process::{capture, end, quiet, reader, reason};
use crate::workloads::{Metric, Scenario};
use launch::{Side, launched};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;
use std::time::Duration;

/// How long a server may take until it listens: interpreters on a busy machine need seconds.
const START: Duration = Duration::from_secs(20);

/// One round: the server's process from its start to its end, and what the driver measured meanwhile.
///
/// # Errors
/// The server or the driver does not start, or fails; an answer is wrong or missing.
pub fn round(
    system: &System,
    scenario: Scenario,
    budget: Duration,
    limit: Duration,
) -> Result<Numbers, String> {
    driver::available(scenario.kind)?;
    let port = port::free()?;
    let command = system.server(scenario.kind, port).map_err(|e| e.to_string())?;
    let mut server = Server::start(&command, port)?;
    let measured = check::answers(scenario.kind, port).and_then(|()| {
        let command =
            driver::command(scenario, port, server.child.id(), budget).map_err(|e| e.to_string())?;
        let command = launched(Side::Load, &command).map_err(|e| e.to_string())?;
        let before = cpu_time_of(server.child.id());
        let output = capture(command, limit)?;
        let mut numbers = driver::numbers(scenario.kind, &output)?;
        let cpu = before.zip(cpu_time_of(server.child.id()));
        if let Some(((before, after), requests)) = cpu.zip(driver::requests(scenario, budget, &output)) {
            let micros = after.saturating_sub(before).as_secs_f64() * 1e6;
            numbers.insert(Metric::CpuRequest, micros / requests as f64);
        }
        Ok(numbers)
    });
    match measured {
        // A server that has ended knows better why than the load it has left.
        Err(error) => Err(server.reason_if_ended().unwrap_or(error)),
        numbers => numbers,
    }
}

/// A server's process; it is ended when this is dropped.
struct Server {
    child: Child,
    errors: Receiver<String>,
}

impl Server {
    fn start(command: &Command, port: u16) -> Result<Self, String> {
        let mut command = launched(Side::Server, command).map_err(|e| e.to_string())?;
        quiet(&mut command).stdout(Stdio::null());
        let mut child = command.spawn().map_err(|e| format!("the server does not start: {e}"))?;
        let errors = reader(child.stderr.take());
        let mut server = Server { child, errors };
        match port::wait(&mut server.child, port, START) {
            Ok(()) => Ok(server),
            Err(error) => Err(server.reason_if_ended().unwrap_or(error)),
        }
    }

    /// What the server said before it ended by itself; `None` while it runs.
    fn reason_if_ended(&mut self) -> Option<String> {
        let status = self.child.try_wait().ok()??;
        let said = self.errors.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
        Some(reason(&said).unwrap_or_else(|| format!("the server ended with {status}")))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}
