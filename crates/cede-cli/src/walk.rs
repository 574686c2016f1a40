//! The walk of control, place by place, out of what an event loop tells its observer.
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

use cede::{AnyTask, LoopEvent, Observer, StepEnd};
use std::cell::RefCell;
use std::fmt::{self, Display, Formatter};
use std::rc::Rc;
use std::time::Duration;

/// What the loop told, as far as the walk needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moment {
    RunBegins,
    /// The loop gave control to the task of this coroutine.
    StepBegins(String),
    /// The coroutine waits for this.
    AwaitBegins(String),
    AwaitEnds,
    StepEnds {
        /// It let others go first.
        yielded: bool,
    },
}

/// A place where control was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// How many calls away from the program.
    depth: usize,
    name: String,
}

impl Display for Place {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{:indent$}{}", "", self.name, indent = 2 * self.depth)
    }
}

/// Every place that control came by, in order.
pub fn walk(moments: &[Moment]) -> Vec<Place> {
    let mut walk = Walk::default();
    for moment in moments {
        walk.follow(moment);
    }
    walk.places
}

#[derive(Default)]
struct Walk {
    places: Vec<Place>,
    /// Whose step it is.
    coroutine: String,
}

impl Walk {
    fn follow(&mut self, moment: &Moment) {
        match moment {
            Moment::RunBegins => {
                self.enter(0, "program");
                self.enter(1, "event loop");
            }
            Moment::StepBegins(coroutine) => {
                self.coroutine.clone_from(coroutine);
                self.step();
            }
            Moment::AwaitBegins(on) => {
                self.run_coroutine();
                self.enter(4, &format!("await of {on}"));
            }
            Moment::AwaitEnds => {
                if self.depth() < 4 {
                    self.enter(4, "await"); // resumed: the step went straight to where it had paused
                }
                self.run_coroutine();
            }
            Moment::StepEnds { yielded } => {
                self.run_coroutine();
                if *yielded {
                    self.enter(4, "yield");
                    self.run_coroutine();
                }
                self.step();
                self.enter(1, "event loop");
            }
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

/// An observer that keeps what it is told; its clones keep it together.
#[derive(Clone, Default)]
pub struct Recorder {
    moments: Rc<RefCell<Vec<Moment>>>,
}

impl Recorder {
    /// The walk so far.
    pub fn walk(&self) -> Vec<Place> {
        walk(&self.moments.borrow())
    }
}

impl Observer for Recorder {
    fn event(&self, _time: Duration, event: &LoopEvent) {
        let moment = match event {
            LoopEvent::RunBegins => Moment::RunBegins,
            LoopEvent::StepBegins { task } => Moment::StepBegins(coroutine_of(task)),
            LoopEvent::AwaitBegins { on, .. } => Moment::AwaitBegins(match on.task() {
                Some(task) => format!("{}'s task", coroutine_of(&task)),
                None => "a promise".to_owned(),
            }),
            LoopEvent::AwaitEnds { .. } => Moment::AwaitEnds,
            LoopEvent::StepEnds { why, .. } => Moment::StepEnds { yielded: matches!(why, StepEnd::Yielded) },
            _ => return,
        };
        self.moments.borrow_mut().push(moment);
    }
}

fn coroutine_of(task: &AnyTask) -> String {
    task.coroutine().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(moments: &[Moment]) -> String {
        walk(moments).iter().map(|place| format!("{place}\n")).collect()
    }

    fn step(coroutine: &str) -> Moment {
        Moment::StepBegins(coroutine.to_owned())
    }

    const CEDED: Moment = Moment::StepEnds { yielded: false };

    #[test]
    fn awaiting_a_task_goes_up_to_the_loop_and_comes_back_by_the_await() {
        let moments = [
            Moment::RunBegins,
            step("main"),
            Moment::AwaitBegins("triple's task".to_owned()),
            CEDED,
            step("triple"),
            CEDED,
            step("main"),
            Moment::AwaitEnds,
            CEDED,
        ];
        let expected = "\
program
  event loop
    main's step
      main
        await of triple's task
      main
    main's step
  event loop
    triple's step
      triple
    triple's step
  event loop
    main's step
        await
      main
    main's step
  event loop
";
        assert_eq!(drawn(&moments), expected);
    }

    #[test]
    fn a_yield_goes_up_to_the_loop_too() {
        let moments = [step("main"), Moment::StepEnds { yielded: true }, step("main"), CEDED];
        let expected = [
            "    main's step",
            "      main",
            "        yield",
            "      main",
            "    main's step",
            "  event loop",
            "    main's step",
            "      main",
            "    main's step",
            "  event loop",
        ];
        assert_eq!(drawn(&moments).lines().collect::<Vec<_>>(), expected);
    }
}
