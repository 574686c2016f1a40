//! Saying why nothing can happen any more.

use std::fmt::Write;

use super::core::LoopCore;
use crate::blame::{self, Holder};
use crate::target::{Awaited, Target};
use crate::task::TaskRef;

/// How many tasks a report lists.
const LISTED: usize = 20;

impl LoopCore {
    /// Who waits for what, where, and whose fault it is.
    pub(super) fn deadlock_report(&self) -> String {
        let mut text =
            String::from("deadlock: nothing is ready, no timer is set, and nobody outside can wake the loop");
        text.push_str(&self.who_waits());
        text
    }

    /// The tasks that have not ended, a line each, and who is to blame.
    pub(crate) fn who_waits(&self) -> String {
        let tasks = self.schedule.tasks();
        let mut text = String::new();
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
        text.push_str(&self.who_is_to_blame(&tasks));
        if std::env::var("CEDE_BACKTRACE").as_deref() == Ok("1") {
            for task in tasks.iter().take(LISTED) {
                let _ = write!(text, "\n{}", stack_of(task));
            }
        }
        text
    }

    /// The circles of those of these tasks that wait for each other, and whose fault it is that others wait; a
    /// line each.
    pub(crate) fn who_is_to_blame(&self, tasks: &[TaskRef]) -> String {
        let circles = cycles(tasks).into_iter().map(|cycle| format!("\n  cycle: {}", cycle.join(" → ")));
        let culprits = self.culprits(tasks).into_iter().map(|culprit| format!("\n  {culprit}"));
        circles.chain(culprits).collect()
    }

    /// Who holds the locks that others wait for, and which promises nobody can set any more.
    fn culprits(&self, tasks: &[TaskRef]) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for task in tasks {
            let Some(target) = task.waiting() else { continue };
            let culprit = match blame::of(&target) {
                Some(holder) => self.who_holds(&holder),
                None => unset(task, &target),
            };
            found.extend(culprit.filter(|culprit| !found.contains(culprit)));
        }
        found
    }

    fn who_holds(&self, holder: &Holder) -> Option<String> {
        let (key, at) = holder.get()?;
        let Some(holder) = self.schedule.task(key) else {
            return Some(format!("a lock taken at {at} was never given back: who took it has ended"));
        };
        let mut text = format!("task '{}' holds the lock that it took at {at}", holder.name());
        if let Some(target) = holder.waiting() {
            let _ = write!(text, ", and waits for {}", short(&Awaited { target }));
        }
        Some(text)
    }
}

/// Why nobody will set the promise that the task waits for, if it is one that the program made.
fn unset(task: &TaskRef, target: &Target) -> Option<String> {
    let handles = target.handles()?;
    if task.waiting_at().is_some_and(|at| at == target.site()) {
        return None; // made by the very call that waits: nobody else ever had a handle
    }
    let made = target.site();
    Some(match handles {
        0 | 1 => {
            format!("nobody can set the promise made at {made}; whoever waits for it has its only handle")
        }
        _ => format!(
            "nobody sets the promise made at {made}; it has {handles} handles, all where nothing runs any more"
        ),
    })
}

/// The frames of a suspended task.
fn stack_of(task: &TaskRef) -> String {
    let frames = task.handle().backtrace().unwrap_or_else(|| "  (its stack cannot be read)\n".to_owned());
    format!("stack of task '{}':\n{}", task.name(), frames.trim_end())
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
    let holder = |target: &Target| {
        let (key, _) = blame::of(target)?.get()?;
        target.schedule().task(key)
    };
    let next = |task: &TaskRef| {
        task.waiting().and_then(|target| target.as_task().cloned().or_else(|| holder(&target)))
    };
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
