//! The catalogue: the article's programs, one a file, and what each needs around it.

mod async_sleep;
mod await_coroutine;
mod await_task;
mod coroutine_object;
mod debug_mode;
mod factorial;
mod future_cedes;
mod generator;
mod network;
mod never_awaited;
mod percolate;
mod perf_coroutine;
mod perf_task;
mod plant_a_tree;
mod rock;
mod task_creation;
mod task_lifetime;
mod timers_best_effort;
mod triple;

use crate::stage::Stage;
use std::error::Error;

/// One of the article's programs.
pub struct Demo {
    /// Its file's, with the dashes of a command line: `await-task`.
    pub name: &'static str,
    /// Its file, as it stands beside this one.
    pub source: &'static str,
    module: &'static str,
    pub world: World,
    program: fn(&Stage) -> Result<(), Box<dyn Error>>,
}

/// What a demo runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum World {
    /// No event loop: the program drives its coroutine itself.
    ByHand,
    /// An event loop on the real clock.
    RealTime,
    /// An event loop on the virtual clock, unless `--real-time` is asked for.
    VirtualTime,
}

impl Demo {
    /// Its file's path, as the places in a log name it.
    pub fn file(&self) -> String {
        file!().replace("mod.rs", &format!("{}.rs", self.module))
    }

    /// What it shows, in a sentence: the first line of its file.
    pub fn title(&self) -> &'static str {
        self.documentation().next().unwrap_or_default()
    }

    /// Why it prints what it prints: the other sentence above the program.
    pub fn why(&self) -> &'static str {
        self.documentation().last().unwrap_or_default()
    }

    /// The program alone, without the sentences above it.
    pub fn listing(&self) -> impl Iterator<Item = &'static str> {
        self.source.lines().skip_while(|line| line.is_empty() || line.starts_with("//!"))
    }

    fn documentation(&self) -> impl Iterator<Item = &'static str> {
        self.source.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim)
    }

    /// Runs the program; it prints to standard output.
    pub fn run(&self, stage: &Stage) -> Result<(), Box<dyn Error>> {
        (self.program)(stage)
    }
}

macro_rules! by_hand {
    ($name:literal, $module:ident) => {
        entry!($name, $module, ByHand, |_| $module::demo().outcome())
    };
}

macro_rules! on_a_loop {
    ($name:literal, $module:ident, $world:ident) => {
        entry!($name, $module, $world, |stage| $module::demo(stage).outcome())
    };
}

macro_rules! entry {
    ($name:literal, $module:ident, $world:ident, $program:expr) => {
        Demo {
            name: $name,
            source: include_str!(concat!(stringify!($module), ".rs")),
            module: stringify!($module),
            world: World::$world,
            program: $program,
        }
    };
}

/// Every demo, in the order of the article.
pub const DEMOS: [Demo; 19] = [
    by_hand!("generator", generator),
    by_hand!("coroutine-object", coroutine_object),
    on_a_loop!("never-awaited", never_awaited, RealTime),
    on_a_loop!("task-creation", task_creation, RealTime),
    on_a_loop!("plant-a-tree", plant_a_tree, RealTime),
    on_a_loop!("await-coroutine", await_coroutine, RealTime),
    on_a_loop!("await-task", await_task, RealTime),
    on_a_loop!("future-cedes", future_cedes, RealTime),
    on_a_loop!("timers-best-effort", timers_best_effort, VirtualTime),
    on_a_loop!("factorial", factorial, RealTime),
    by_hand!("percolate", percolate),
    by_hand!("rock", rock),
    on_a_loop!("async-sleep", async_sleep, VirtualTime),
    on_a_loop!("debug-mode", debug_mode, VirtualTime),
    on_a_loop!("task-lifetime", task_lifetime, RealTime),
    on_a_loop!("triple", triple, RealTime),
    on_a_loop!("network", network, RealTime),
    on_a_loop!("perf-coroutine", perf_coroutine, RealTime),
    on_a_loop!("perf-task", perf_task, RealTime),
];

/// What the programs give back: nothing, or the error they ended with.
trait Outcome {
    fn outcome(self) -> Result<(), Box<dyn Error>>;
}

impl Outcome for () {
    fn outcome(self) -> Result<(), Box<dyn Error>> {
        Ok(())
    }
}

impl<E: Into<Box<dyn Error>>> Outcome for Result<(), E> {
    fn outcome(self) -> Result<(), Box<dyn Error>> {
        self.map_err(Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_demo_says_in_one_line_what_it_shows_and_in_another_why() {
        for demo in &DEMOS {
            let lines: Vec<_> = demo.documentation().collect();
            assert!(matches!(lines[..], [_, "", _]), "{}: {lines:?}", demo.name);
            assert!(demo.title().chars().count() <= 58, "{}: {}", demo.name, demo.title());
            assert!(demo.why().chars().count() <= 77, "{}: {}", demo.name, demo.why());
        }
    }

    #[test]
    fn every_program_is_short_and_fits_a_terminal() {
        for demo in &DEMOS {
            let lines = demo.listing().filter(|line| !line.is_empty()).count();
            // `network` is the longest: it has a third part that its Python original has not.
            assert!((10..=76).contains(&lines), "{}: {lines}", demo.name);
            for line in demo.source.lines() {
                assert!(line.starts_with("//!") || line.chars().count() <= 78, "{}: {line}", demo.name);
            }
        }
    }
}
