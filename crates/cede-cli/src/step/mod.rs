//! `cede demo NAME --step`: the event loop one callback at a time, forward and backward.
//!
//! The demo runs on a real loop, which asks before each callback ([`Runner::ask_before_each`]); that is when
//! the screen is drawn and a key awaited. Backward is forward again: the run is stopped, and the demo begins
//! anew on a fresh loop, silently up to the callback before.
//!
//! | file | its one idea |
//! |---|---|
//! | `mod.rs` | who goes where: forward, backward, to the end |
//! | `moment.rs` | what there is to see at a moment |
//! | `predict.rs` | "who runs next?", and why an answer is wrong |
//! | `view.rs` | a moment on the screen |
//! | `screen.rs` | the terminal, and how it is left clean |
//!
//! [`Runner::ask_before_each`]: cede::Runner::ask_before_each

mod moment;
mod predict;
mod screen;
mod view;

use crate::demos::{Demo, World};
use crate::picture;
use crate::stage::Stage;
use anyhow::{Result, anyhow};
use cede::LoopHandle;
use cede::trace::{Capture, Recorder};
use moment::Moment;
use ratatui::crossterm::event::KeyCode;
use screen::Screen;
use std::cell::RefCell;
use std::io::{self, IsTerminal};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::rc::Rc;
use view::Look;

/// Steps through the demo, in a terminal.
pub fn main(demo: &'static Demo) -> Result<ExitCode> {
    if let Some(refusal) = refusal(demo) {
        eprintln!("cede: {refusal}");
        return Ok(ExitCode::from(2));
    }
    if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
        eprintln!("cede: --step needs a terminal to draw on and a keyboard to ask; this is none");
        return Ok(ExitCode::from(2));
    }
    let session = Rc::new(RefCell::new(Session::new(demo, Screen::open()?)));
    loop {
        play(&session)?;
        if session.borrow().quit {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// Why this demo cannot be stepped, if it cannot.
fn refusal(demo: &Demo) -> Option<String> {
    let name = demo.name;
    if name.starts_with("perf-") || picture::needs_real_time(demo) {
        return Some(format!("'{name}' cannot be stepped: it is about real time, which does not wait"));
    }
    (demo.world == World::ByHand).then(|| {
        format!("'{name}' cannot be stepped: it has no event loop, the program drives its coroutine itself")
    })
}

/// What is to happen until the next look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goal {
    /// Stop before the callback of this number, from 0.
    Callback(u64),
    /// Stop at the first callback of a turn after this one.
    TurnAfter(u64),
    End,
}

/// A person at the screen, over all runs.
struct Session {
    demo: &'static Demo,
    screen: Screen,
    goal: Goal,
    /// How many callbacks there were before the last look, where the next one's story begins.
    seen: u64,
    predicting: bool,
    /// What became of the last prediction.
    verdict: Option<String>,
    quit: bool,
    /// The run is to be given up, and begun anew.
    again: bool,
}

impl Session {
    fn new(demo: &'static Demo, screen: Screen) -> Self {
        Session {
            demo,
            screen,
            goal: Goal::Callback(0),
            seen: 0,
            predicting: false,
            verdict: None,
            quit: false,
            again: false,
        }
    }
}

/// One run of the demo.
struct Run {
    recorder: Recorder,
    output: Capture,
    /// What it has printed.
    printed: RefCell<String>,
    /// Callbacks that were begun.
    callbacks: RefCell<u64>,
}

/// Runs the demo once, from its beginning to its end or to where it is given up.
fn play(session: &Rc<RefCell<Session>>) -> Result<()> {
    session.borrow_mut().again = false;
    let demo = session.borrow().demo;
    let output = Capture::with_errors()?;
    let recorder = Recorder::new();
    let run = Rc::new(Run { recorder, output, printed: RefCell::default(), callbacks: RefCell::new(0) });
    let (asked, person) = (run.clone(), session.clone());
    let ask = move |event_loop: &LoopHandle| person.borrow_mut().before_callback(&asked, event_loop);
    let stage = Stage::in_virtual_time().recorded_by(run.recorder.clone()).asking(Rc::new(ask));
    let ran = demo.run(&stage);
    let mut session = session.borrow_mut();
    if session.quit || session.again {
        return Ok(());
    }
    ran.map_err(|error| anyhow!("{}: {error}", demo.name))?;
    session.at_the_end(&run)
}

impl Session {
    /// The loop is about to give control to a callback.
    fn before_callback(&mut self, run: &Run, event_loop: &LoopHandle) -> ControlFlow<()> {
        let number = *run.callbacks.borrow();
        let turn = event_loop.turns();
        let stop = match self.goal {
            Goal::Callback(wanted) => number >= wanted,
            Goal::TurnAfter(before) => turn > before,
            Goal::End => false,
        };
        if stop && self.look(run, Some(number)).is_err() {
            self.quit = true;
        }
        if self.quit || self.again {
            return ControlFlow::Break(());
        }
        *run.callbacks.borrow_mut() += 1;
        ControlFlow::Continue(())
    }

    /// The program has ended; one can still go back.
    fn at_the_end(&mut self, run: &Run) -> Result<()> {
        let all = *run.callbacks.borrow();
        self.look(run, None)?;
        if !self.quit && !self.again {
            // Onward from the end is the end.
            self.goal = Goal::Callback(all + 1);
            self.again = true;
        }
        Ok(())
    }

    /// Shows how things stand before this callback, or at the end, until a key says where to go.
    fn look(&mut self, run: &Run, number: Option<u64>) -> Result<()> {
        run.printed.borrow_mut().push_str(&run.output.take());
        let log = run.recorder.log();
        let all = *run.callbacks.borrow();
        let from = if self.seen < all { self.seen } else { all.saturating_sub(1) };
        let mut moment = Moment::of(self.demo, &log, number, from, &run.printed.borrow());
        self.seen = number.unwrap_or(all);
        let here = number.unwrap_or(all);
        loop {
            let question = self.predicting && number.is_some();
            if question {
                moment.hide_the_queue();
            }
            let look = Look { asks: question, verdict: self.verdict.as_deref() };
            self.screen.draw(&moment, &look)?;
            let key = self.screen.key()?;
            match key {
                KeyCode::Char('q') | KeyCode::Esc => self.quit = true,
                KeyCode::Char('p') => {
                    self.predicting = !self.predicting;
                    self.verdict = None;
                    continue;
                }
                KeyCode::Char(digit @ '1'..='9') if question => {
                    let Some(verdict) = predict::answer(&moment, digit) else { continue };
                    self.verdict = Some(verdict);
                    self.goal = Goal::Callback(here + 1);
                }
                KeyCode::Right | KeyCode::Char('n' | ' ') | KeyCode::Enter if number.is_some() => {
                    if question {
                        continue; // an answer first
                    }
                    self.verdict = None;
                    self.goal = Goal::Callback(here + 1);
                }
                KeyCode::Down | KeyCode::Char('t') if number.is_some() => {
                    self.verdict = None;
                    self.goal = Goal::TurnAfter(moment.turn);
                }
                KeyCode::End | KeyCode::Char('e') if number.is_some() => {
                    self.verdict = None;
                    self.goal = Goal::End;
                }
                KeyCode::Left | KeyCode::Char('b') if here > 0 => self.back_to(here - 1),
                KeyCode::Home if here > 0 => self.back_to(0),
                _ => continue,
            }
            return Ok(());
        }
    }

    fn back_to(&mut self, callback: u64) {
        self.goal = Goal::Callback(callback);
        self.seen = callback.saturating_sub(1);
        self.verdict = None;
        self.again = true;
    }
}
