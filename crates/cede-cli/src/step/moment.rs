//! What there is to see at a moment: plain data, made of the log so far.

use crate::demos::Demo;
use cede::trace::{Doing, Event, Job, Log, Site, State};

/// How things stand before a callback, or at the end.
#[derive(Debug, Default)]
pub struct Moment {
    pub title: String,
    pub turn: u64,
    /// The number of the callback that is next, from 1; none at the end.
    pub callback: Option<u64>,
    pub source: Vec<String>,
    /// The line that the last event with a place is about, from 1.
    pub line: Option<u32>,
    pub ready: Vec<String>,
    pub left_in_turn: usize,
    pub timers: Vec<String>,
    pub tasks: Vec<TaskLine>,
    pub output: Vec<String>,
    /// What has happened since the last look, in sentences.
    pub happened: Vec<String>,
    /// What will happen now.
    pub next: String,
    /// What the next callback is, as the ready queue names it.
    pub head: String,
}

/// A task that has not ended, or has.
#[derive(Debug, PartialEq, Eq)]
pub struct TaskLine {
    pub label: String,
    /// `ready`, `waits for promise 1`, `finished`, …
    pub stands: String,
    /// Its place in the ready queue, from 0.
    pub place: Option<usize>,
    pub ended: bool,
}

impl Moment {
    /// Before the callback of this number, or at the end; the story begins with the callback `from`.
    pub fn of(demo: &Demo, log: &Log, number: Option<u64>, from: u64, printed: &str) -> Moment {
        let mut state = State::default();
        let mut happened = Vec::new();
        let mut begun = 0;
        let mut line = None;
        let file = demo.file();
        for record in log.records() {
            let sentence = log.sentence(&record.event, &state);
            if matches!(
                record.event,
                Event::StepBegins { .. } | Event::CallBegins { .. } | Event::Skipped { .. }
            ) && state.depth() <= 1
            {
                begun += 1;
            }
            if let Some(sentence) = sentence {
                if let Some(at) = sentence.at.filter(|at| at.file == file) {
                    line = Some(at.line);
                }
                if begun > from || number == Some(0) {
                    happened.push(sentence.text);
                }
            }
            state.apply(&record.event);
        }
        let (next, at) = match state.ready.front() {
            Some(job) if number.is_some() => next(log, &state, *job),
            _ => ("The program has ended.".to_owned(), None),
        };
        if let Some(at) = at.filter(|at| at.file == file) {
            line = Some(at.line);
        }
        Moment {
            title: format!("{}: {}", demo.name, demo.title()),
            turn: state.turn,
            callback: number.map(|number| number + 1),
            source: demo.source.lines().map(ToOwned::to_owned).collect(),
            line,
            ready: state.ready.iter().map(|job| log.job(*job)).collect(),
            left_in_turn: state.left_in_turn,
            timers: state
                .timers
                .iter()
                .map(|(timer, when)| format!("{} at {:.3} s", log.label(*timer), when.as_secs_f64()))
                .collect(),
            tasks: tasks(log, &state),
            output: printed.lines().map(ToOwned::to_owned).collect(),
            happened,
            next,
            head: state.ready.front().map_or(String::new(), |job| log.job(*job)),
        }
    }
}

impl Moment {
    /// Leaves out the sentences that say what is ready.
    pub fn hide_the_queue(&mut self) {
        self.happened.retain(|sentence| !sentence.starts_with("Turn "));
    }
}

/// What the loop is about to do, and the place where the program goes on.
fn next(log: &Log, state: &State, job: Job) -> (String, Option<Site>) {
    match job {
        Job::Step(task) => match state.tasks.get(&task) {
            Some(now) if now.started => {
                let at = now.at.map_or(String::new(), |at| format!(" at line {}", at.line));
                (format!("The loop gives control to {}: it goes on{at}.", log.label(task)), now.at)
            }
            _ => {
                let created = log.object(task).created;
                (format!("The loop gives control to {}: it starts.", log.label(task)), Some(created))
            }
        },
        Job::Stale => ("A step whose task has ended: the loop leaves it out.".to_owned(), None),
        Job::Call(call) => (format!("The loop calls {}.", log.job(job)), Some(log.object(call).created)),
        Job::Done(of) => (format!("The loop calls {}.", log.job(job)), Some(log.object(of).created)),
    }
}

fn tasks(log: &Log, state: &State) -> Vec<TaskLine> {
    state
        .tasks
        .iter()
        .map(|(id, now)| {
            let inside = now.inline.last().map_or(String::new(), |(name, _)| format!(", in {name}()"));
            let stands = match now.doing {
                Doing::Nothing => "made".to_owned(),
                Doing::Ready => "ready".to_owned(),
                Doing::Runs => "runs".to_owned(),
                Doing::Waits(on) => format!("waits for {}", log.label(on)),
                Doing::Ended(outcome) => outcome.to_string(),
            };
            TaskLine {
                label: log.label(*id).to_owned(),
                stands: stands + &inside,
                place: state.ready.iter().position(|job| *job == Job::Step(*id)),
                ended: matches!(now.doing, Doing::Ended(_)),
            }
        })
        .collect()
}
