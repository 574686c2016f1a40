//! The stage a demo runs on: which clock its loop reads, how time passes, and who watches.

use cede::trace::Recorder;
use cede::{IntoTask, LoopHandle, Runner, VirtualClock};
use std::ops::ControlFlow;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

/// Is asked before each callback.
pub type Gate = Rc<dyn Fn(&LoopHandle) -> ControlFlow<()>>;

/// What the command line decides for a demo, so that the demo need not.
///
/// `stage.run(main())` is `cede::run(main())` with that choice made.
#[derive(Clone)]
pub struct Stage {
    virtual_clock: Option<VirtualClock>,
    recorder: Option<Recorder>,
    gate: Option<Gate>,
}

impl Stage {
    /// Loops read the real clock, and whoever keeps control really blocks.
    pub fn in_real_time() -> Self {
        Self { virtual_clock: None, recorder: None, gate: None }
    }

    /// Loops read a clock that jumps when there is nothing to do.
    ///
    /// A millisecond passes each turn: a task that watches the clock would otherwise watch for ever.
    pub fn in_virtual_time() -> Self {
        let clock = VirtualClock::new().with_tick(Duration::from_millis(1));
        Self { virtual_clock: Some(clock), recorder: None, gate: None }
    }

    /// The same stage with a recorder that is told what its loops do.
    pub fn recorded_by(self, recorder: Recorder) -> Self {
        Self { recorder: Some(recorder), ..self }
    }

    /// The same stage, on which loops ask before each callback whether to go on.
    pub fn asking(self, gate: Gate) -> Self {
        Self { gate: Some(gate), ..self }
    }

    /// Runs `main` on an event loop of its own until it ends, as `cede::run` does.
    #[track_caller]
    pub fn run<M: IntoTask>(&self, main: M) -> cede::Result<M::Output> {
        self.runner().run(main)
    }

    /// A runner with the clock and the observer chosen, for programs that set more.
    pub fn runner(&self) -> Runner {
        let mut runner = Runner::new();
        if let Some(clock) = &self.virtual_clock {
            runner = runner.clock(clock.clone());
        }
        if let Some(recorder) = &self.recorder {
            runner = runner.observer(recorder.clone());
        }
        if let Some(gate) = self.gate.clone() {
            runner = runner.ask_before_each(move |event_loop| gate(event_loop));
        }
        runner
    }

    /// Time passes while the caller keeps control: Python's `time.sleep`.
    pub fn keep_control(&self, duration: Duration) {
        match &self.virtual_clock {
            Some(clock) => clock.advance(duration),
            None => thread::sleep(duration),
        }
    }
}
