//! A log told in plain words, turn by turn.

use std::fmt::Write;

use super::log::Log;
use super::record::{Event, Record};
use super::replay::State;

impl Log {
    /// The log in plain words: who has control, what it does, and where control goes. Turns that are like the
    /// one before are counted, not told.
    ///
    /// ```
    /// use cede::trace::Recorder;
    /// let recorder = Recorder::new();
    /// cede::Runner::new().observer(recorder.clone()).run(cede::coroutine(|| ()).named("main"))?;
    /// let story = recorder.log().narration();
    /// assert!(story.contains("The loop gives control to main (Task-1): it starts."), "{story}");
    /// # Ok::<(), cede::Error>(())
    /// ```
    pub fn narration(&self) -> String {
        let mut story = Story { turns: vec![Vec::new()] };
        let mut state = State::default();
        if self.dropped() > 0 {
            story.add(0, format!("({} earlier events were not kept.)", self.dropped()));
        }
        for Record { event, .. } in &self.records {
            let depth = match event {
                Event::TurnBegins { .. } | Event::RunEnds => 0,
                Event::StepBegins { .. } | Event::CallBegins { .. } => 1,
                Event::StepEnds { .. } => state.depth().min(2),
                _ => state.depth(),
            };
            if let Event::TurnBegins { .. } = event {
                story.turns.push(Vec::new());
            }
            if let Some(sentence) = self.sentence(event, &state) {
                let at = sentence.at.map_or(String::new(), |at| format!("  [{at}]"));
                story.add(depth, sentence.text + &at);
            }
            state.apply(event);
        }
        story.told()
    }
}

/// Lines, turn by turn.
struct Story {
    turns: Vec<Vec<String>>,
}

impl Story {
    fn add(&mut self, depth: usize, line: String) {
        let turn = self.turns.last_mut().expect("there is always one");
        turn.push(format!("{:indent$}{line}", "", indent = 2 * depth));
    }

    fn told(&self) -> String {
        let mut told = String::new();
        let mut place = 0;
        while let Some(turn) = self.turns.get(place) {
            turn.iter().for_each(|line| _ = writeln!(told, "{line}"));
            let alike = self.turns[place + 1..].iter().take_while(|other| same(turn, other)).count();
            if alike > 0 {
                let (turns, are) = if alike == 1 { ("turn", "is") } else { ("turns", "are") };
                let _ = writeln!(told, "… {alike} more {turns} {are} the same …");
            }
            place += 1 + alike;
        }
        told
    }
}

/// Whether two turns tell the same but for their numbers.
fn same(one: &[String], other: &[String]) -> bool {
    let numberless = |line: &str| match line.split_once(". ") {
        Some((turn, rest)) if turn.starts_with("Turn ") => rest.to_owned(),
        _ => line.to_owned(),
    };
    one.len() > 1
        && one.len() == other.len()
        && one.iter().zip(other).all(|(one, other)| numberless(one) == numberless(other))
}
