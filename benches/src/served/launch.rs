//! What a server or its load is before it is itself: this binary, which sets what must be the same for all and
//! then becomes the program.
//!
//! ```text
//!   cores   0          1 … n
//!           the server the load
//! ```
//!
//! Every server has one core, however many threads it starts, and the load has the others: left to itself the
//! scheduler pulls the two of a loopback connection onto one core now and then, and a round measures chance.

use rustix::process::{Resource, Rlimit, Signal, getrlimit, set_parent_process_death_signal, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// The word on this binary's command line that asks for it.
pub const LAUNCH: &str = "launch";

/// Which side of the connections a program is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Server,
    Load,
}

const WORDS: [(Side, &str); 2] = [(Side::Server, "server"), (Side::Load, "load")];

/// The same command, on its side's cores.
///
/// # Errors
/// This binary's own path cannot be found.
pub(crate) fn launched(side: Side, command: &Command) -> io::Result<Command> {
    let word = WORDS.iter().find(|(known, _)| *known == side).map_or("", |(_, word)| word);
    let mut outer = Command::new(std::env::current_exe()?);
    outer.args([LAUNCH, word]).arg(command.get_program()).args(command.get_args());
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(key, value),
            None => outer.env_remove(key),
        };
    }
    Ok(outer)
}

/// `launch SIDE PROGRAM ARGUMENT…`: sets this process up and becomes the program; returns only if it cannot.
#[must_use]
pub fn become_program(args: &[OsString]) -> anyhow::Error {
    let [side, program, args @ ..] = args else {
        return anyhow::anyhow!("{LAUNCH} SIDE PROGRAM ARGUMENT…");
    };
    let Some((side, _)) = WORDS.iter().find(|(_, word)| side == word) else {
        return anyhow::anyhow!("no side {}", side.display());
    };
    if let Err(error) = set_up(*side) {
        return anyhow::anyhow!("setting up {}: {error}", program.display());
    }
    let error = Command::new(program).args(args).exec();
    anyhow::anyhow!("{} does not start: {error}", program.display())
}

fn set_up(side: Side) -> rustix::io::Result<()> {
    // A harness that is broken off leaves nobody behind.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // A thousand connections are more than the usual soft limit of descriptors.
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit })?;
    let allowed = sched_getaffinity(None)?;
    match cores(side, &allowed) {
        Some(own) => sched_setaffinity(None, &own),
        None => Ok(()),
    }
}

/// The side's part of the allowed cores; `None` where there is nothing to divide.
fn cores(side: Side, allowed: &CpuSet) -> Option<CpuSet> {
    let first = (0..CpuSet::MAX_CPU).find(|core| allowed.is_set(*core))?;
    if allowed.count() < 2 {
        return None;
    }
    let mut own = CpuSet::new();
    match side {
        Side::Server => own.set(first),
        Side::Load => {
            (first + 1..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).for_each(|core| own.set(core))
        }
    }
    Some(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(cores: &[usize]) -> CpuSet {
        let mut set = CpuSet::new();
        cores.iter().for_each(|core| set.set(*core));
        set
    }

    #[test]
    fn a_server_has_the_first_core_and_the_load_the_others() {
        let allowed = of(&[2, 3, 7]);
        assert_eq!(cores(Side::Server, &allowed), Some(of(&[2])));
        assert_eq!(cores(Side::Load, &allowed), Some(of(&[3, 7])));
    }

    #[test]
    fn one_core_is_not_divided() {
        assert_eq!(cores(Side::Server, &of(&[1])), None);
        assert_eq!(cores(Side::Load, &of(&[1])), None);
    }

    #[test]
    fn a_launched_command_keeps_its_words_and_its_environment() {
        let mut command = Command::new("prog");
        command.args(["a", "b c"]).env("KEY", "value");
        let outer = launched(Side::Load, &command).expect("this binary has a path");
        let words: Vec<_> = outer.get_args().collect();
        assert_eq!(words, [LAUNCH, "load", "prog", "a", "b c"]);
        let set: Vec<_> = outer.get_envs().collect();
        assert_eq!(set, [("KEY".as_ref(), Some("value".as_ref()))]);
    }
}
