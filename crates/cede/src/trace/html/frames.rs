//! A log as frames: after each event, all that the page shows.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::outcome::Outcome;
use crate::trace::log::Log;
use crate::trace::record::{Event, Id, Record, Site};
use crate::trace::replay::{Control, Doing, OnList, State};

/// The files that a log's places are in.
pub(super) fn files(log: &Log) -> BTreeSet<&'static str> {
    let mut files: BTreeSet<_> = log.tasks().map(|(_, object)| object.created.file).collect();
    let mut state = State::default();
    for record in log.records() {
        if let Some(at) = log.sentence(&record.event, &state).and_then(|sentence| sentence.at) {
            files.insert(at.file);
        }
        state.apply(&record.event);
    }
    files
}

/// Turns in which the same happens as in the one before are counted in one frame.
fn without_repetition(frames: Vec<Value>) -> Vec<Value> {
    let turns: Vec<&[Value]> = frames.chunk_by(|one, other| one["turn"] == other["turn"]).collect();
    let alike = |one: &[Value], other: &[Value]| {
        // The first frame of a turn bears its number.
        one.len() == other.len()
            && one[1..].iter().zip(&other[1..]).all(|(one, other)| one["text"] == other["text"])
    };
    let mut kept = Vec::new();
    let mut place = 0;
    while let Some(turn) = turns.get(place) {
        kept.extend(turn.iter().cloned());
        let same = turns[place + 1..].iter().take_while(|other| turn.len() > 2 && alike(turn, other)).count();
        if same > 1 {
            let mut last = turns[place + same].last().cloned().unwrap_or_default();
            last["text"] = json!(format!("… and so on: {same} more turns are like this one."));
            kept.push(last);
        }
        place += 1 + if same > 1 { same } else { 0 };
    }
    kept
}

/// The lanes, and the last frames, at most so many.
pub(super) fn play(log: &Log, most: usize) -> Value {
    let mut state = State::default();
    let mut frames = Vec::new();
    for record in log.records() {
        let sentence = log.sentence(&record.event, &state);
        state.apply(&record.event);
        if let Some(sentence) = sentence {
            frames.push(frame(log, record, &state, &sentence.text, sentence.at));
        }
    }
    let mut frames = without_repetition(frames);
    let left_out = frames.len().saturating_sub(most);
    let lanes: Vec<_> = log.tasks().map(|(id, object)| json!({ "id": id, "label": object.label })).collect();
    json!({
        "lanes": lanes,
        "frames": frames.split_off(left_out),
        "leftOut": left_out as u64 + log.dropped(),
    })
}

fn frame(log: &Log, record: &Record, state: &State, text: &str, at: Option<Site>) -> Value {
    let printed = match &record.event {
        Event::Printed { text } => Some(text),
        _ => None,
    };
    let tasks: Vec<_> = state.tasks.keys().map(|id| task(log, *id, state)).collect();
    let lists: Vec<_> = state
        .lists
        .iter()
        .map(|(id, list)| {
            let entries: Vec<_> = list
                .iter()
                .map(|entry| match entry {
                    OnList::Step(task) => format!("step of {}", log.label(*task)),
                    OnList::Call => "a function".to_owned(),
                })
                .collect();
            json!({ "of": log.label(*id), "has": entries })
        })
        .collect();
    let timers: Vec<_> = state
        .timers
        .iter()
        .map(|(timer, when)| format!("{} at {:.3} s", log.label(*timer), when.as_secs_f64()))
        .collect();
    json!({
        "time": record.time.as_secs_f64(),
        "turn": state.turn,
        "text": text,
        "at": at.map(|at| json!([at.file, at.line])),
        "control": control(state),
        "ready": state.ready.iter().map(|job| log.job(*job)).collect::<Vec<_>>(),
        "left": state.left_in_turn,
        "lists": lists,
        "timers": timers,
        "tasks": tasks,
        "printed": printed,
    })
}

/// Who has control: `loop`, `call`, `program`, or a task's number.
fn control(state: &State) -> Value {
    match state.control.last() {
        None => json!("program"),
        Some(Control::Loop) => json!("loop"),
        Some(Control::Call(_)) => json!("call"),
        Some(Control::Task(task)) => json!(task),
    }
}

/// A task: number, how it stands, what it waits for, and what it awaits in place.
fn task(log: &Log, id: Id, state: &State) -> Value {
    let now = &state.tasks[&id];
    let (doing, on) = match now.doing {
        Doing::Nothing => ("made", None),
        Doing::Ready => ("ready", None),
        Doing::Runs => ("runs", None),
        Doing::Waits(on) => ("waits", Some(log.label(on))),
        Doing::Ended(Outcome::Finished) => ("finished", None),
        Doing::Ended(Outcome::Cancelled) => ("cancelled", None),
        Doing::Ended(_) => ("failed", None),
    };
    let inline: Vec<_> = now.inline.iter().map(|(coroutine, _)| coroutine).collect();
    json!([id, doing, inline, on, now.at.map(|at| at.to_string())])
}
