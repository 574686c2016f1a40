//! The loop by single steps: one callback at a time, for those who want to look in between.

use std::ops::ControlFlow;
use std::rc::Rc;

use super::core::{LoopCore, State};
use super::loop_handle::LoopHandle;
use super::run::Stopped;
use super::shuffle::Shuffle;
use super::turn::Boundary;
use crate::error::Error;
use crate::observe::ReadyCallback;

/// Is asked before each callback whether to go on.
pub(crate) type Gate = Rc<dyn Fn(&LoopHandle) -> ControlFlow<()>>;

/// What [`LoopHandle::step`] did.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Stepped {
    /// It gave control to this, and got it back.
    Ran(ReadyCallback),
    /// Nothing is ready, no timer is set, and nobody outside can change that: a deadlock, or the end.
    Nothing,
}

impl LoopHandle {
    /// Runs exactly one callback, and says which: the loop as a machine to be looked at.
    ///
    /// If none is ready, it first waits until one is, as the loop would: it sleeps, or a virtual clock
    /// jumps. Turns are kept: timers and other threads are looked at only between two. What a step leaves
    /// behind can be seen in a [`snapshot`](Self::snapshot).
    ///
    /// ```
    /// use cede::{EventLoop, Stepped};
    ///
    /// let event_loop = EventLoop::new()?;
    /// let task = event_loop.create_task(cede::coroutine(|| cede::create_task(cede::coroutine(|| ())).await_()));
    /// # use cede::Awaitable;
    /// let mut steps = 0;
    /// while let Stepped::Ran(_) = event_loop.step()? {
    ///     steps += 1;
    /// }
    /// assert!(task.done());
    /// assert_eq!(steps, 3); // the task, its child, the task again
    /// # Ok::<(), cede::Error>(())
    /// ```
    ///
    /// # Errors
    /// When this loop, or another one on this thread, runs already; when it is closed.
    pub fn step(&self) -> Result<Stepped, Error> {
        self.check("step")?;
        let core = &self.core;
        let _inside = core.enter();
        core.state.set(State::Running);
        let _stopped = Stopped::quietly(core);
        let _hands = core.schedule.keep_hands(); // whoever parks gives control back to us
        loop {
            let next = core.schedule.first_ready();
            if let Some(callback) = core.schedule.next_of_turn() {
                core.run_callback(callback);
                return Ok(next.map_or(Stepped::Nothing, Stepped::Ran));
            }
            match core.boundary(false) {
                Boundary::Ready => {}
                Boundary::Dead => return Ok(Stepped::Nothing),
                Boundary::Forked => return Err(Error::forked("step")),
            }
            if core.stopping.get() && core.schedule.ready() == 0 {
                return Ok(Stepped::Nothing);
            }
            core.schedule.begin_turn();
        }
    }
}

/// What a loop does before it takes a callback, if it is not only to take the next.
#[derive(Clone, Default)]
pub(crate) struct Before {
    /// Is asked whether to go on.
    pub(crate) gate: Option<Gate>,
    /// Chooses which callback of the turn is next.
    pub(crate) shuffle: Option<Rc<Shuffle>>,
}

impl Before {
    pub(super) fn is_nothing(&self) -> bool {
        self.gate.is_none() && self.shuffle.is_none()
    }
}

impl LoopCore {
    /// As [`turn`](Self::turn), one callback at a time. Told to stop, it asks no more.
    #[cold]
    pub(super) fn turn_by_steps(self: &Rc<Self>, before: &Before, sleep_when_dead: bool) -> Boundary {
        match self.boundary(sleep_when_dead) {
            Boundary::Ready => {}
            ended => return ended,
        }
        let _hands = self.schedule.keep_hands();
        self.schedule.begin_turn();
        let handle = LoopHandle::of(self.clone());
        while self.schedule.left_in_turn() > 0 {
            if let Some(shuffle) = &before.shuffle {
                self.schedule.bring_forward(shuffle.choose(self.schedule.left_in_turn()));
            }
            if before.gate.as_ref().is_some_and(|gate| gate(&handle).is_break()) {
                drop(self.before.borrow_mut().gate.take());
                self.request_stop();
                break;
            }
            if let Some(callback) = self.schedule.next_of_turn() {
                self.run_callback(callback);
            }
        }
        Boundary::Ready
    }
}
