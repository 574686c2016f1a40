//! The frames of a task that is suspended: read on its own stack, without running anything of it.

use std::backtrace::Backtrace;

use super::handle::AnyTask;

impl AnyTask {
    /// The frames of the task's stack from its await outwards, one or two lines each; nothing of it runs
    /// meanwhile. Names and lines are as good as the build's debug information.
    ///
    /// `None` for a task that is not suspended on a stack of its own: it has not begun, runs, carries another
    /// task on its stack, or has ended; and where the stack has no room left to be looked at.
    pub fn backtrace(&self) -> Option<String> {
        let mut worker = self.task.take_worker()?;
        let mut seen = None;
        worker.look(|| seen = Some(Backtrace::force_capture()));
        self.task.put_worker(worker);
        Some(trimmed(&seen?.to_string()))
    }
}

/// The frames between an await and the switch, from the outermost.
const SUSPENDS: [&str; 3] = ["cede::task::park::", "cede::task::handoff::wait_here", "cede::stack::worker::"];

/// Only the program's frames: without those that suspend above them, and those that run a body below.
fn trimmed(backtrace: &str) -> String {
    let mut frames: Vec<Vec<&str>> = Vec::new();
    for line in backtrace.lines() {
        let begins =
            line.trim_start().split_once(": ").is_some_and(|(number, _)| number.parse::<u32>().is_ok());
        match frames.last_mut() {
            Some(frame) if !begins => frame.push(line),
            _ => frames.push(vec![line]),
        }
    }
    let is = |frame: &[&str], name: &str| frame.first().is_some_and(|line| line.contains(name));
    // Below it there may be the frames of another task, on top of which this one runs.
    let below = frames.iter().position(|frame| is(frame, "run_body")).unwrap_or(frames.len());
    // Without debug information what is inlined has no frame, and the innermost one that suspends is it.
    let suspends = |frame: &Vec<&str>| SUSPENDS.iter().any(|name| is(frame, name));
    let above = frames[..below].iter().rposition(suspends).map_or(0, |at| at + 1);
    let body = &frames[above..below];
    // The number tells nothing once others are left out.
    let name = |frame: &[&str]| {
        let line = frame.first().copied().unwrap_or_default();
        line.split_once(": ").map_or(line, |(_, name)| name).to_owned()
    };
    let end = body.iter().rposition(|frame| !runs_a_body(&name(frame))).map_or(0, |last| last + 1);
    let mut text = String::new();
    for frame in &body[..end] {
        text.push_str(&format!("  {}\n", name(frame)));
        frame[1..].iter().for_each(|line| text.push_str(&format!("    {}\n", line.trim())));
    }
    text
}

/// Whether a function at the outer end of a task's frames is only there to call its body, and to catch its
/// panic.
pub(crate) fn runs_a_body(function: &str) -> bool {
    const NAMES: [&str; 5] =
        ["catch_unwind", "__rust_try", "do_call", "AssertUnwindSafe", "core::ops::function::FnOnce"];
    // Not what it is generic over: that may be anything.
    let end = function.get(1..).and_then(|rest| rest.find('<')).map_or(function.len(), |at| at + 1);
    NAMES.iter().any(|name| function[..end].contains(name))
}
