//! The servers that are measured: one file each. A Rust server is a function that this binary, started again, runs
//! on a port; any other is a program.
//!
//! All do the same, on one core and one thread of their own choice: what comes is echoed, with a buffer of
//! 4 KiB a connection and `TCP_NODELAY`; Redis and HTTP are whole programs.

mod cede;
mod epoll;
mod go;
mod hyper;
mod may;
mod monoio;
mod nginx;
mod python;
mod redis;
mod smol;
mod tokio;

use crate::peers::{How, Missing, System};
use crate::workloads::Kind;
use std::io::{self, Read, Write};
use std::process::Command;

/// What one read of an echo server can bring.
pub(crate) const BUFFER: usize = 4_096;

/// A connection of the servers that read and write as one would in a thread.
fn echo_all(mut stream: impl Read + Write) -> io::Result<()> {
    let mut bytes = [0; BUFFER];
    loop {
        let count = stream.read(&mut bytes)?;
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&bytes[..count])?;
    }
}

/// The word on this binary's command line that asks for a Rust server.
pub const SERVE: &str = "serve";

/// How to start a server.
pub(crate) struct Server {
    /// What it serves.
    pub(crate) kinds: Vec<Kind>,
    /// The command that serves a kind on a port of the loopback address.
    pub(crate) command: Box<dyn Fn(Kind, u16) -> io::Result<Command>>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("kinds", &self.kinds).finish_non_exhaustive()
    }
}

/// Serves on a port of the loopback address until the process is killed.
type Serve = fn(u16) -> anyhow::Result<()>;

struct RustServer {
    name: &'static str,
    /// The crate whose version counts.
    version_of: Option<&'static str>,
    serves: &'static [(Kind, Serve)],
    env: Option<(&'static str, &'static str)>,
}

const CEDE: &[(Kind, Serve)] =
    &[(Kind::Echo, cede::echo), (Kind::Redis, cede::redis), (Kind::Http, cede::http)];

const RUST: &[RustServer] = &[
    RustServer {
        name: crate::runner::CEDE,
        version_of: Some("cede"),
        serves: CEDE,
        env: Some((cede::REACTOR, "epoll")),
    },
    RustServer {
        name: "cede (io_uring)",
        version_of: Some("cede"),
        serves: CEDE,
        env: Some((cede::REACTOR, "uring")),
    },
    rust("epoll by hand", None, &[(Kind::Echo, epoll::echo)]),
    rust("tokio (current-thread)", Some("tokio"), &[(Kind::Echo, tokio::echo)]),
    rust("hyper on tokio (current-thread)", Some("hyper"), &[(Kind::Http, hyper::http)]),
    rust("monoio (io_uring)", Some("monoio"), &[(Kind::Echo, monoio::on_uring)]),
    rust("monoio (epoll)", Some("monoio"), &[(Kind::Echo, monoio::on_epoll)]),
    rust("smol (async-executor)", Some("async-executor"), &[(Kind::Echo, smol::echo)]),
    rust("may", Some("may"), &[(Kind::Echo, may::echo)]),
];

const fn rust(
    name: &'static str,
    version_of: Option<&'static str>,
    serves: &'static [(Kind, Serve)],
) -> RustServer {
    RustServer { name, version_of, serves, env: None }
}

impl RustServer {
    fn system(&self) -> System {
        let (name, env) = (self.name, self.env);
        let command = move |kind: Kind, port: u16| {
            let mut command = Command::new(std::env::current_exe()?);
            command.args([SERVE, name, kind.word(), &port.to_string()]).envs(env);
            Ok(command)
        };
        let server =
            Server { kinds: self.serves.iter().map(|(kind, _)| *kind).collect(), command: Box::new(command) };
        let version = self.version_of.and_then(crate::versions::of).unwrap_or_default();
        System { name, version, how: How::Server(server) }
    }
}

/// A server that is another program: its name, version, kinds, and the arguments for a kind and a port.
pub(crate) fn program(
    name: &'static str,
    version: String,
    kinds: &[Kind],
    command: impl Fn(Kind, u16) -> io::Result<Command> + 'static,
) -> System {
    let server = Server { kinds: kinds.to_vec(), command: Box::new(command) };
    System { name, version, how: How::Server(server) }
}

/// Every server on this machine that serves one of the kinds, and those that are missing.
pub(crate) fn discover(kinds: &[Kind]) -> Vec<Result<System, Missing>> {
    if !kinds.iter().any(|kind| kind.is_served()) {
        return Vec::new();
    }
    let mut found: Vec<_> = RUST.iter().map(|server| Ok(server.system())).collect();
    found.extend([go::find, redis::find, nginx::find, python::find].iter().flat_map(|find| find(kinds)));
    found
}

/// Serves in this process: what [`SERVE`] asks for.
///
/// # Errors
/// There is no such server, or it cannot serve.
pub fn serve(name: &str, kind: Kind, port: u16) -> anyhow::Result<()> {
    let server = RUST.iter().find(|server| server.name == name);
    let serves = server.ok_or_else(|| anyhow::anyhow!("no server {name}"))?.serves;
    let (_, serve) = serves
        .iter()
        .find(|(own, _)| *own == kind)
        .ok_or_else(|| anyhow::anyhow!("{name} does not serve {}", kind.word()))?;
    serve(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cede_serves_every_kind_with_either_reactor() {
        let served: Vec<Kind> = Kind::ALL.iter().map(|(kind, _)| *kind).filter(|k| k.is_served()).collect();
        for server in &RUST[..2] {
            let kinds: Vec<Kind> = server.serves.iter().map(|(kind, _)| *kind).collect();
            assert_eq!(kinds, served, "{}", server.name);
        }
    }

    #[test]
    fn a_rust_server_s_command_names_it_its_kind_and_its_port() {
        let command = (RUST[1].system(), Kind::Http, 20_001);
        let command = command.0.server(command.1, command.2).expect("this binary has a path");
        assert_eq!(command.get_args().collect::<Vec<_>>(), ["serve", "cede (io_uring)", "http", "20001"]);
        let set: Vec<_> = command.get_envs().collect();
        assert_eq!(set, [("CEDE_REACTOR".as_ref(), Some("uring".as_ref()))]);
    }

    #[test]
    fn who_does_not_serve_says_so() {
        let error = serve("may", Kind::Http, 1).expect_err("it serves no HTTP");
        assert_eq!(error.to_string(), "may does not serve http");
        assert_eq!(serve("nobody", Kind::Http, 1).expect_err("nobody").to_string(), "no server nobody");
    }
}
