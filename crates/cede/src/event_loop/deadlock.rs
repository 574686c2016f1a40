//! Saying why nothing can happen any more.

use std::fmt::Write;

use super::core::LoopCore;
use crate::target::Awaited;
use crate::task::TaskRef;

/// How many tasks a report lists.
const LISTED: usize = 20;

impl LoopCore {
    /// Who waits for what, where, and the cycle if there is one.
    pub(super) fn deadlock_report(&self) -> String {
        let tasks = self.schedule.tasks();
        let mut text =
            String::from("deadlock: nothing is ready, no timer is set, and nobody outside can wake the loop");
        for task in tasks.iter().take(LISTED) {
            let _ =
                write!(text, "\n  task '{}' ({}, created at {})", task.name(), task.coroutine(), task.site());
            if let Some(target) = task.waiting() {
                let _ = write!(text, " waits for {}", short(&Awaited { target }));
            }
            if let Some(at) = task.waiting_at() {
                let _ = write!(text, " at {at}");
            }
        }
        if tasks.len() > LISTED {
            let _ = write!(text, "\n  … and {} more", tasks.len() - LISTED);
        }
        for cycle in cycles(&tasks) {
            let _ = write!(text, "\n  cycle: {}", cycle.join(" → "));
        }
        text
    }
}

fn short(on: &Awaited) -> String {
    match on.task() {
        Some(task) => format!("task '{}'", task.name()),
        None => format!("{on:?}, created at {}", on.created()),
    }
}

/// The tasks that wait for each other in a ring, each ring once. Walks with a colour a task, not by
/// recursion: chains may be long.
fn cycles(tasks: &[TaskRef]) -> Vec<Vec<String>> {
    use std::collections::HashMap;
    let next = |task: &TaskRef| task.waiting().and_then(|target| target.as_task().cloned());
    let mut walk_of: HashMap<u64, usize> = HashMap::new();
    let mut found = Vec::new();
    for (walk, start) in tasks.iter().enumerate() {
        let mut way: Vec<(u64, String)> = Vec::new();
        let mut at = Some(start.clone());
        while let Some(task) = at {
            match walk_of.get(&task.number()) {
                Some(seen) if *seen == walk => {
                    let number = task.number();
                    let from = way.iter().position(|(other, _)| *other == number).unwrap_or(0);
                    let mut ring: Vec<String> = way[from..].iter().map(|(_, name)| quoted(name)).collect();
                    ring.extend(ring.first().cloned());
                    found.push(ring);
                    break;
                }
                Some(_) => break,
                None => {
                    walk_of.insert(task.number(), walk);
                    way.push((task.number(), task.name()));
                    at = next(&task);
                }
            }
        }
    }
    found
}

fn quoted(name: &str) -> String {
    format!("'{name}'")
}
