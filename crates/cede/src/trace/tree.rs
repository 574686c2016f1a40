//! Who waits for whom, for the eyes of whoever runs the system.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::snapshot::{Snapshot, TaskState, WaitState, Waited, Wants};
use crate::error::Error;
use crate::event_loop::LoopHandle;

impl Snapshot {
    /// The tasks, a line each, as `ps` lists processes: number, name, coroutine, how it stands, for how long,
    /// and where.
    pub fn ps(&self) -> String {
        let mut text = format!(
            "{:>6}  {:16}  {:20}  {:8}  {:>9}  {}\n",
            "task", "name", "coroutine", "state", "since", "where"
        );
        for task in &self.tasks {
            let (state, since, place) = match (task.wants, &task.waits) {
                (Wants::ToStart, _) => ("new", String::new(), format!("made at {}", task.created)),
                (Wants::Nothing, _) => ("runs", String::new(), format!("made at {}", task.created)),
                (wants, Some(wait)) => (
                    if wants == Wants::ItsTurn { "ready" } else { "waits" },
                    since(wait),
                    self.what_for(wait),
                ),
                (_, None) => ("ready", String::new(), String::new()),
            };
            let (number, name, coroutine) = (task.number, &task.name, &task.coroutine);
            let line = format!("{number:>6}  {name:16}  {coroutine:20}  {state:8}  {since:>9}  {place}");
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text
    }

    /// Who awaits whom: below each task what it waits for, and what that waits for. A task that several wait
    /// for stands below each; one that waits for itself, through others, is marked.
    pub fn tree(&self) -> String {
        let waited_for: BTreeSet<u64> = self.tasks.iter().filter_map(|task| self.next(task)).collect();
        let mut text = String::new();
        let mut shown = BTreeSet::new();
        for task in self.tasks.iter().filter(|task| !waited_for.contains(&task.number)) {
            self.branch(task, &mut text, &mut shown);
        }
        // What is left waits in circles.
        for task in &self.tasks {
            if !shown.contains(&task.number) {
                self.branch(task, &mut text, &mut shown);
            }
        }
        text
    }

    /// The tasks that wait for each other in a circle, each circle once: as numbers, the first one repeated at
    /// the end. They will wait for ever, whatever the others do.
    pub fn cycles(&self) -> Vec<Vec<u64>> {
        let mut done = BTreeSet::new();
        let mut found = Vec::new();
        for start in &self.tasks {
            let mut way = Vec::new();
            let mut at = Some(start);
            while let Some(task) = at.filter(|task| !done.contains(&task.number)) {
                if let Some(from) = way.iter().position(|number| *number == task.number) {
                    found.push([&way[from..], &[task.number]].concat());
                    break;
                }
                way.push(task.number);
                at = self.next(task).and_then(|number| self.task(number));
            }
            done.extend(way);
        }
        found
    }

    /// The task that this one waits for: awaited, or in possession of the lock.
    fn next(&self, task: &TaskState) -> Option<u64> {
        let wait = task.waits.as_ref()?;
        match wait.on {
            Waited::Task(number) => Some(number),
            Waited::Promise(_) => wait.held.and_then(|held| held.by),
        }
    }

    fn branch(&self, root: &TaskState, text: &mut String, shown: &mut BTreeSet<u64>) {
        let mut way = BTreeSet::new();
        let mut at = Some(root);
        let mut depth = 0;
        while let Some(task) = at {
            let twig = if depth == 0 {
                String::new()
            } else {
                format!("{:indent$}└ ", "", indent = 2 * (depth - 1))
            };
            let _ = write!(text, "{twig}{}", task.label());
            if !way.insert(task.number) {
                text.push_str(", which closes a circle\n");
                return;
            }
            shown.insert(task.number);
            match (task.wants, &task.waits) {
                (Wants::ToStart, _) => text.push_str(" has not started\n"),
                (Wants::Nothing, _) => text.push_str(" runs\n"),
                (Wants::ItsTurn, _) => text.push_str(" is ready\n"),
                (Wants::ToBeWoken, Some(wait)) => {
                    let since = since(wait);
                    let since = if since.is_empty() { since } else { format!(" ({since})") };
                    let _ = writeln!(text, " waits for {}{since}", self.what_for(wait));
                }
                (Wants::ToBeWoken, None) => text.push_str(" waits\n"),
            }
            at = self.next(task).and_then(|number| self.task(number));
            depth = (depth + 1).min(20);
        }
    }

    /// `child (Task-2) at main.rs:7`
    fn what_for(&self, wait: &WaitState) -> String {
        let what = match (&wait.on, wait.held) {
            (Waited::Task(number), _) => self.label(*number),
            (Waited::Promise(_), Some(held)) => match held.by {
                Some(by) => format!("the lock that {} took at {}", self.label(by), held.at),
                None => format!("the lock taken at {} by a task that has ended", held.at),
            },
            (Waited::Promise(place), None) => {
                let promise = &self.promises[*place];
                format!("{} made at {}", promise.what, promise.created)
            }
        };
        wait.at.map_or_else(|| what.clone(), |at| format!("{what}, at {at}"))
    }
}

/// How long, if that is worth saying.
fn since(wait: &WaitState) -> String {
    match wait.at_least.as_secs_f64() {
        seconds if seconds >= 0.001 => format!("{seconds:.3} s"),
        _ if wait.callbacks > 1 => format!("{} steps", wait.callbacks),
        _ => String::new(),
    }
}

impl LoopHandle {
    /// Prints the [list](Snapshot::ps) and the [tree](Snapshot::tree) of this loop's tasks on standard error
    /// whenever this signal comes, for a look at a program that runs: `kill -USR1 PID`.
    ///
    /// It is printed in a turn of the loop: of somebody who keeps control, a watchdog tells (the feature
    /// `watchdog`).
    ///
    /// # Errors
    /// As [`add_signal_handler`](Self::add_signal_handler).
    #[track_caller]
    pub fn print_tree_on(&self, signal: i32) -> Result<(), Error> {
        let core = std::rc::Rc::downgrade(&self.core);
        self.add_signal_handler(signal, move || {
            if let Some(core) = core.upgrade() {
                eprint!("cede: {}", LoopHandle::of(core).listing());
            }
        })
    }

    /// All tasks, as a list and as a tree.
    pub(crate) fn listing(&self) -> String {
        let snapshot = self.snapshot();
        format!("{} tasks\n{}\n{}", snapshot.tasks.len(), snapshot.ps(), snapshot.tree())
    }
}
