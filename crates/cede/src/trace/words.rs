//! An event in plain words.

use super::log::{Log, ObjectKind};
use super::record::{Event, Id, Job, Site, Why};
use super::replay::{Control, State};
use crate::outcome::Outcome;

/// A sentence about an event, and the place in the source that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// What happened.
    pub text: String,
    /// Where, if the event has a place.
    pub at: Option<Site>,
}

impl Log {
    /// An event in plain words; `before` is how the loop stood before it. None where the event next to it
    /// says it all.
    pub fn sentence(&self, event: &Event, before: &State) -> Option<Sentence> {
        let (text, at) = match event {
            Event::RunBegins => ("The program gives control to the event loop.".into(), None),
            Event::RunEnds => ("The event loop gives control back to the program.".into(), None),
            Event::TurnBegins { turn, .. } => (self.turn(*turn, before), None),
            Event::TaskCreated { task, by } => (
                format!(
                    "{} makes a task of {}: {}. Nothing of it runs yet.",
                    self.who(*by, before),
                    self.object(*task).coroutine().unwrap_or_default(),
                    self.short(*task)
                ),
                Some(self.object(*task).created),
            ),
            Event::Queued { job, by, because } => (self.queued(*job, *by, *because, before)?, None),
            Event::Skipped { job: Job::Stale } => {
                ("The task of the next callback has ended meanwhile: nothing to do.".into(), None)
            }
            Event::Skipped { job } => {
                (format!("{} was cancelled: it is left out.", capital(&self.job(*job))), None)
            }
            Event::CallBegins { job } => (format!("The loop calls {}.", self.job(*job)), self.site_of(*job)),
            Event::CallEnds { .. } => ("It returns to the loop.".into(), None),
            Event::StepBegins { task } => self.step_begins(*task, before),
            Event::StepEnds { task, why, at } => self.step_ends(*task, *why, *at, before),
            Event::AwaitBegins { task, on, at } => (
                format!(
                    "{} awaits {}, which has not ended: its next step goes on the callback list there.",
                    self.label(*task),
                    self.short(*on)
                ),
                Some(*at),
            ),
            Event::AwaitEnds { on, .. } => (format!("Its await of {} is over.", self.short(*on)), None),
            Event::AwaitPassed { task, on, at } => (
                format!(
                    "{} awaits {}, which has ended already: it does not cede.",
                    self.who(*task, before),
                    self.short(*on)
                ),
                Some(*at),
            ),
            Event::CallbackAdded { to, by } => (
                format!(
                    "{} puts a function on the callback list of {}.",
                    self.who(*by, before),
                    self.short(*to)
                ),
                None,
            ),
            Event::Ended { what, outcome, by } => (self.ended(*what, *outcome, *by, before)?, None),
            Event::TimerSet { timer, when, by } => (
                format!(
                    "{} sets {} for {:.3} s.",
                    self.who(*by, before),
                    self.label(*timer),
                    when.as_secs_f64()
                ),
                Some(self.object(*timer).created),
            ),
            Event::TimerCancelled { timer, by } => {
                (format!("{} withdraws {}.", self.who(*by, before), self.label(*timer)), None)
            }
            Event::TimerFired { timer } => {
                (format!("{} is due.", capital(self.label(*timer))), Some(self.object(*timer).created))
            }
            Event::InlineBegins { task, coroutine, at } => (
                format!(
                    "{} awaits {coroutine}() in place: a call, on its own stack.",
                    self.who(*task, before)
                ),
                Some(*at),
            ),
            Event::InlineEnds { task, coroutine, at } => {
                (format!("{coroutine}() returns to {}.", self.who(*task, before)), Some(*at))
            }
            Event::StackTaken { .. } | Event::StackReturned { .. } => return None,
            Event::Printed { text } => (format!("It prints: {}", text.trim_end().replace('\n', " ⏎ ")), None),
        };
        Some(Sentence { text: capital(&text), at })
    }

    /// `Task-2 (dig)` is `task dig (Task-2)` in a sentence about tasks, and a promise is one.
    fn short(&self, id: Id) -> String {
        match self.object(id).kind {
            ObjectKind::Task { .. } => format!("task {}", self.label(id)),
            _ => self.label(id).to_owned(),
        }
    }

    /// Who does it: a task, or whoever else has control.
    fn who(&self, task: Option<Id>, now: &State) -> String {
        match (task, now.control.last()) {
            (Some(task), _) => self.label(task).to_owned(),
            (None, Some(Control::Call(job))) => self.job(*job),
            (None, Some(Control::Loop)) => "the loop".to_owned(),
            (None, _) => "the program".to_owned(),
        }
    }

    fn turn(&self, turn: u64, before: &State) -> String {
        let ready: Vec<_> = before.ready.iter().take(6).map(|job| self.job(*job)).collect();
        let more = before.ready.len().saturating_sub(6);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        match &ready[..] {
            [] => format!("Turn {turn}: nothing is ready."),
            _ => format!("Turn {turn}. Ready: {}{more}.", ready.join(", ")),
        }
    }

    fn queued(&self, job: Job, by: Option<Id>, because: Option<Id>, before: &State) -> Option<String> {
        let tail = "goes to the tail of the ready queue";
        let queued = match (job, because) {
            (Job::Step(task), Some(ended)) => {
                format!("{} waited for {}: its step {tail}.", self.label(task), self.label(ended))
            }
            (Job::Step(task), None) if by == Some(task) => {
                format!("Its own next step {tail}: others go first.")
            }
            (Job::Step(task), None) => format!("The first step of {} {tail}.", self.label(task)),
            (Job::Stale, _) => format!("The step of a task that has ended {tail}."),
            (Job::Call(call), _) => format!("{} {tail}.", capital(self.label(call))),
            (Job::Done(of), _) if before.control.is_empty() => {
                format!("A callback of {} {tail}.", self.label(of))
            }
            (Job::Done(of), _) => format!("The function on the callback list of {} {tail}.", self.label(of)),
        };
        Some(queued)
    }

    fn step_begins(&self, task: Id, before: &State) -> (String, Option<Site>) {
        let now = before.tasks.get(&task);
        let eager = !before.ready.contains(&Job::Step(task));
        let label = self.label(task);
        match now {
            Some(now) if now.started => {
                (format!("The loop gives control to {label}: it goes on where it ceded."), now.at)
            }
            _ if eager => (format!("{label} is eager: it starts at once."), None),
            _ => (format!("The loop gives control to {label}: it starts."), Some(self.object(task).created)),
        }
    }

    fn step_ends(&self, task: Id, why: Why, at: Option<Site>, before: &State) -> (String, Option<Site>) {
        let to = match before.control.iter().rev().nth(1) {
            Some(Control::Task(other)) => self.label(*other).to_owned(),
            Some(Control::Call(job)) => self.job(*job),
            _ => "the loop".to_owned(),
        };
        let label = self.label(task);
        match why {
            Why::Awaits(_) => (format!("{label} cedes: control goes to {to}."), at),
            Why::Yielded => (format!("{label} yields: control goes to {to}."), at),
            Why::Ended(_) => (format!("Control goes to {to}."), None),
        }
    }

    fn ended(&self, what: Id, outcome: Outcome, by: Option<Id>, before: &State) -> Option<String> {
        let how = match outcome {
            Outcome::Pending => return None,
            Outcome::Finished => "has its result",
            Outcome::Failed => "has failed",
            Outcome::Cancelled => "is cancelled",
            Outcome::Panicked => "has panicked",
        };
        let awaited = if before.lists.contains_key(&what) { "" } else { " Nobody waits for it." };
        Some(match by {
            Some(by) if by != what => {
                format!("{} {how}, set by {}.{awaited}", self.short(what), self.label(by))
            }
            _ if self.object(what).is_task() => format!("{} ends: it {how}.{awaited}", self.label(what)),
            _ => format!("{} {how}.{awaited}", self.short(what)),
        })
    }

    fn site_of(&self, job: Job) -> Option<Site> {
        match job {
            Job::Call(id) | Job::Done(id) => Some(self.object(id).created),
            Job::Step(_) | Job::Stale => None,
        }
    }
}

/// With its first letter large, unless it begins with a name.
fn capital(text: &str) -> String {
    for word in ["the ", "task ", "promise ", "a ", "step ", "callback ", "timer "] {
        if text.starts_with(word) {
            return text[..1].to_uppercase() + &text[1..];
        }
    }
    text.to_owned()
}
