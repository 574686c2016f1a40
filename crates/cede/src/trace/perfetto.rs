//! The log as a file that Perfetto and Chrome's tracing open: one track a task, with arrows from whoever
//! woke it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::log::Log;
use super::record::{Event, Id, Job};
use super::replay::State;

/// The loop's own track.
const LOOP: u64 = 0;

impl Log {
    /// The log in the trace event format, for <https://ui.perfetto.dev>. Times are microseconds of the loop's
    /// clock; events that share a time stand a microsecond apart, for a virtual clock stands still while
    /// somebody has control.
    pub fn perfetto(&self) -> String {
        let mut file = File { log: self, events: Vec::new(), now: 0, flows: 0, woken: BTreeMap::new() };
        file.name(LOOP, "event loop");
        for (id, object) in self.tasks() {
            file.name(id.0, &object.label);
        }
        let mut state = State::default();
        for record in self.records() {
            file.add(record.time, &record.event, &state);
            state.apply(&record.event);
        }
        json!({ "traceEvents": file.events, "displayTimeUnit": "ns" }).to_string()
    }
}

struct File<'a> {
    log: &'a Log,
    events: Vec<Value>,
    /// Microseconds; each event has its own.
    now: u64,
    flows: u64,
    /// The arrow that ends where this task goes on.
    woken: BTreeMap<Id, u64>,
}

impl File<'_> {
    fn name(&mut self, track: u64, name: &str) {
        let args = json!({ "name": name });
        self.events.push(json!({ "ph": "M", "name": "thread_name", "pid": 1, "tid": track, "args": args }));
        let args = json!({ "sort_index": track });
        self.events
            .push(json!({ "ph": "M", "name": "thread_sort_index", "pid": 1, "tid": track, "args": args }));
    }

    fn push(&mut self, phase: &str, track: u64, name: &str, more: Value) {
        let mut event =
            json!({ "ph": phase, "pid": 1, "tid": track, "ts": self.now, "name": name, "cat": "cede" });
        if let (Some(event), Value::Object(more)) = (event.as_object_mut(), more) {
            event.extend(more);
        }
        self.events.push(event);
    }

    fn add(&mut self, time: Duration, event: &Event, before: &State) {
        let time = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.now = time.max(self.now + 1);
        let log = self.log;
        match event {
            Event::RunBegins => self.push("B", LOOP, "run", json!({})),
            Event::RunEnds => self.push("E", LOOP, "run", json!({})),
            Event::TurnBegins { turn, ready } => {
                self.push("C", LOOP, "ready callbacks", json!({ "args": { "ready": ready } }));
                let args = json!({ "turn": turn, "ready": ready });
                self.push("i", LOOP, &format!("turn {turn}"), json!({ "s": "t", "args": args }));
            }
            Event::Queued { job: Job::Step(task), by, because } => {
                let track = by.map_or(LOOP, |by| by.0);
                self.flows += 1;
                self.woken.insert(*task, self.flows);
                let why = because.map(|id| log.label(id));
                let args = json!({ "wakes": log.label(*task), "ended": why });
                self.push(
                    "i",
                    track,
                    &format!("queues {}", log.label(*task)),
                    json!({ "s": "t", "args": args }),
                );
                self.push("s", track, "wake", json!({ "id": self.flows }));
            }
            Event::CallBegins { job } => self.push("B", LOOP, &log.job(*job), json!({})),
            Event::CallEnds { job } => self.push("E", LOOP, &log.job(*job), json!({})),
            Event::StepBegins { task } => {
                self.push("B", task.0, log.object(*task).coroutine().unwrap_or_default(), json!({}));
                if let Some(flow) = self.woken.remove(task) {
                    self.push("f", task.0, "wake", json!({ "id": flow, "bp": "e" }));
                }
                self.inline("B", *task, before);
            }
            Event::StepEnds { task, .. } => {
                self.inline("E", *task, before);
                let name = log.object(*task).coroutine().unwrap_or_default();
                self.push("E", task.0, name, json!({ "args": { "why": log.line(event) } }));
            }
            Event::InlineBegins { task: Some(task), coroutine, at } => {
                self.push("B", task.0, coroutine, json!({ "args": { "at": at.to_string() } }));
            }
            Event::InlineEnds { task: Some(task), coroutine, .. } => {
                self.push("E", task.0, coroutine, json!({}))
            }
            Event::AwaitBegins { task, on, at } => {
                let args = json!({ "at": at.to_string(), "on": log.label(*on) });
                self.push(
                    "i",
                    task.0,
                    &format!("awaits {}", log.label(*on)),
                    json!({ "s": "t", "args": args }),
                );
            }
            Event::Printed { text } => {
                let track = before.running().map_or(LOOP, |task| task.0);
                self.push("i", track, &format!("prints {}", text.trim_end()), json!({ "s": "t" }));
            }
            Event::TimerFired { timer } => self.push("i", LOOP, log.label(*timer), json!({ "s": "t" })),
            _ => {}
        }
    }

    /// What the task awaits in place begins again with its step, and ends with it.
    fn inline(&mut self, phase: &str, task: Id, state: &State) {
        let names: Vec<String> = state
            .tasks
            .get(&task)
            .map_or(Vec::new(), |now| now.inline.iter().map(|(name, _)| name.clone()).collect());
        for name in names {
            self.push(phase, task.0, &name, json!({}));
        }
    }
}
