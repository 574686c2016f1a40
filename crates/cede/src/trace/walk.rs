//! The walk of control, place by place.
//!
//! Control is always in one place, so many calls away from the program:
//!
//! ```text
//!   0  program
//!   1    event loop
//!   2      main's step         the callback by which the loop gives a task control
//!   3        main              its coroutine
//!   4          await of …      what the coroutine waits for
//! ```
//!
//! The loop tells where control enters and where it is given up. A pause leaves the await, the coroutine and
//! the step one after the other, for none of them may go on; a resumption goes straight to the await.

use std::fmt::{self, Display, Formatter};

use super::log::Log;
use super::record::{Event, Id, Why};

/// A place where control was; `Display` indents its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// How many calls away from the program.
    pub depth: usize,
    /// What is there.
    pub name: String,
}

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:indent$}{}", "", self.name, indent = 2 * self.depth)
    }
}

impl Log {
    /// Every place that control came by, in order: the control flow of awaits that cede, as a walk.
    pub fn walk(&self) -> Vec<Place> {
        let mut walk = Walk { log: self, places: Vec::new(), coroutine: String::new() };
        self.records().iter().for_each(|record| walk.follow(&record.event));
        walk.places
    }

    fn coroutine_of(&self, task: Id) -> &str {
        self.object(task).coroutine().unwrap_or_default()
    }
}

struct Walk<'a> {
    log: &'a Log,
    places: Vec<Place>,
    /// Whose step it is.
    coroutine: String,
}

impl Walk<'_> {
    fn follow(&mut self, event: &Event) {
        match event {
            Event::RunBegins => {
                self.enter(0, "program");
                self.enter(1, "event loop");
            }
            Event::StepBegins { task } => {
                self.coroutine = self.log.coroutine_of(*task).to_owned();
                self.step();
            }
            Event::AwaitBegins { on, .. } => {
                self.run_coroutine();
                let on = match self.log.object(*on).coroutine() {
                    Some(coroutine) => format!("{coroutine}'s task"),
                    None => "a promise".to_owned(),
                };
                self.enter(4, &format!("await of {on}"));
            }
            Event::AwaitEnds { .. } => {
                if self.depth() < 4 {
                    self.enter(4, "await"); // resumed: the step went straight to where it had paused
                }
                self.run_coroutine();
            }
            Event::StepEnds { why, .. } => {
                self.run_coroutine();
                if *why == Why::Yielded {
                    self.enter(4, "yield");
                    self.run_coroutine();
                }
                self.step();
                self.enter(1, "event loop");
            }
            _ => {}
        }
    }

    /// Control is in the coroutine now, if it was not.
    fn run_coroutine(&mut self) {
        if self.depth() != 3 {
            self.enter(3, &self.coroutine.clone());
        }
    }

    fn step(&mut self) {
        self.enter(2, &format!("{}'s step", self.coroutine));
    }

    fn enter(&mut self, depth: usize, name: &str) {
        self.places.push(Place { depth, name: name.to_owned() });
    }

    fn depth(&self) -> usize {
        self.places.last().map_or(0, |place| place.depth)
    }
}
