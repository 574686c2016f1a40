//! The turn: the heart of the loop.
//!
//! A turn runs exactly the callbacks that were ready when it began (asyncio's `ntodo`); what they make
//! ready waits for the next. Between turns, and only there, the loop looks at everything else:
//!
//! ```text
//!   boundary:  inbox ─► timers that are due ─► (nothing ready? sleep until there is) ─┐
//!              descriptors: in the sleep; else now and then (`Reactor::due`)          │
//!   ┌─────────────────────────────────────────────────────────────────────────────────┘
//!   └► turn:   pop, run, pop, run, … as many as were ready ─► stopping? ─► boundary
//! ```
//!
//! So `call_later(0, X)` followed by `create_task(t).await` gives t, X, awaiter; and `stop()` before an
//! await stops the loop before what is awaited runs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::clock::nanos;
use super::core::LoopCore;
use crate::callback::{Call, Callback, DoneCall, HandleCell};
use crate::context::CallbackContext;
use crate::error::panic_text;
use crate::foreign;
use crate::observe::{Called, Event, ReadyCallback};
use crate::reactor::Sleep;
use crate::report::{self, Report};
use crate::target::{Awaited, TargetCell as _};
use crate::task;
use crate::threads::shared::inbox::Post;

/// The most boundaries that are crossed without looking at timers.
const MOST_CROSSINGS: u32 = 63;
/// As many where there is nothing to look at but whether this is the child of a fork that the C library knows nothing
/// of (`schedule/fork.rs`).
const FREE_CROSSINGS: u32 = 1 << 16;
/// Nanoseconds between two looks that are long enough to look more often.
const LONG: u64 = 50_000;

/// What the boundary between two turns found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Boundary {
    Ready,
    /// Nothing is ready, no timer is set and nobody outside can change that.
    Dead,
    /// We are in a child that a task's fork made: what we would sleep on is the parent's.
    Forked,
}

impl LoopCore {
    /// One turn, after whatever sleep it takes until something is ready.
    pub(crate) fn turn(self: &Rc<Self>, sleep_when_dead: bool) -> Boundary {
        match self.boundary(sleep_when_dead) {
            Boundary::Ready => {}
            ended => return ended,
        }
        self.schedule.begin_turn();
        while let Some(callback) = self.schedule.next_of_turn() {
            self.run_callback(callback);
        }
        Boundary::Ready
    }

    #[inline]
    pub(super) fn run_callback(&self, callback: Callback) {
        if self.schedule.debug() { self.run_timed(callback) } else { self.give_control(callback) }
    }

    /// Everything between two turns.
    pub(super) fn boundary(&self, sleep_when_dead: bool) -> Boundary {
        if self.forked() {
            return Boundary::Forked;
        }
        if let Some(clock) = self.clock.as_virtual() {
            clock.tick();
        }
        loop {
            self.look_at_descriptors();
            self.take_posts();
            self.wake_timers();
            if self.schedule.ready() > 0 || self.stopping.get() {
                self.allow_crossings();
                return Boundary::Ready;
            }
            self.schedule.rests();
            self.ages.note(self.schedule.turn.callbacks.get(), self.clock.now());
            let sleep = match self.timers.next() {
                Some(when) => match self.clock.as_virtual() {
                    Some(clock) if self.inbox.idle() => {
                        // What descriptors do takes no virtual time: they have just been looked at.
                        clock.jump_to(when);
                        continue;
                    }
                    // Somebody works for us in a thread: that takes no virtual time.
                    Some(_) => Sleep::Forever,
                    None => {
                        let at = self.timers.wake_at(when);
                        let left = at.saturating_sub(self.clock.now());
                        Sleep::Until { at, left: Duration::from_nanos(left) }
                    }
                },
                None if sleep_when_dead || self.has_outside_source() => Sleep::Forever,
                None => return Boundary::Dead,
            };
            self.reactor.sleep(sleep);
            if self.reactor.awaited() {
                self.reactor.looked(self.clock.now());
            }
        }
    }

    /// Asks which descriptors are ready although no sleep does: under a virtual clock at every boundary that
    /// is looked at; under the real one every 64 callbacks, or every [`LONG`], for to ask costs 150 ns and
    /// more. With nothing ready nobody asks here, for the sleep does.
    fn look_at_descriptors(&self) {
        let due = match self.clock.as_virtual() {
            Some(_) => self.reactor.awaited(),
            None => {
                (self.schedule.ready() > 0 || self.timers.next().is_some())
                    && self.reactor.due(|| self.clock.now(), LONG)
                    && (self.schedule.ready() > 0 || self.timer_is_due())
            }
        };
        if due {
            self.reactor.sleep(Sleep::No);
            self.reactor.looked(self.clock.now());
        }
    }

    fn timer_is_due(&self) -> bool {
        self.timers.next().is_some_and(|when| when <= self.clock.now())
    }

    /// How many boundaries tasks may cross by themselves (`task/handoff.rs`) before we look at one again.
    ///
    /// Without timers and descriptors there is nothing to look at but the inbox, `stop` and a fork, which call for us:
    /// all but a fork by a bare system call, which can wait.
    /// With them under the real clock it is at most [`MOST_CROSSINGS`], and fewer while turns take long: a timer is
    /// late by no more than a few [`LONG`]s, or by one callback that keeps control. A virtual clock is exact.
    fn allow_crossings(&self) {
        let crossings = match (self.clock.as_virtual(), self.timers.next()) {
            _ if self.stopping.get() => 0, // this turn is the last
            (Some(clock), None) if !clock.ticks() && !self.reactor.awaited() => FREE_CROSSINGS,
            (Some(_), _) => 0,
            (None, None) if !self.reactor.awaited() => FREE_CROSSINGS,
            (None, _) => {
                let now = self.clock.now();
                let took = now.saturating_sub(self.looked_at.replace(now));
                let pace = self.crossings.get();
                let pace = if took > LONG { pace / 4 } else { (pace * 2 + 1).min(MOST_CROSSINGS) };
                self.crossings.set(pace);
                pace
            }
        };
        self.schedule.turn.allow(crossings);
    }

    /// Whether somebody else could still give us something to do.
    fn has_outside_source(&self) -> bool {
        !self.inbox.forsaken()
            || self.signals.awaited()
            || self.reactor.awaited()
            || self.schedule.waits.any()
    }

    fn take_posts(&self) {
        if self.inbox.rung() {
            self.inbox.take().into_iter().for_each(|post| self.accept(post));
            if self.signals.any() {
                self.signals.deliver(&self.schedule);
            }
        }
    }

    /// Does what others have asked for: queues it.
    #[track_caller]
    pub(super) fn accept(&self, post: Post) {
        match post {
            Post::Call(function) => {
                let cell = HandleCell::new(function, std::panic::Location::caller());
                self.schedule.push(Callback::Function(cell));
            }
            Post::Wake(task) => foreign::answer(&self.schedule, task),
        }
    }

    fn wake_timers(&self) {
        if self.timers.next().is_some() {
            let now = self.clock.now();
            while let Some(call) = self.timers.pop_due(now) {
                self.schedule.observe(|| Event::TimerFired { timer: Called::of(&call) });
                self.schedule.push(call.into());
            }
        }
    }

    /// Runs a callback and reports it if it kept control for too long, by the loop's clock or by the wall's.
    #[cold]
    fn run_timed(&self, callback: Callback) {
        let who = Who::of(self, &callback);
        let (began, began_real) = (self.clock.now(), Instant::now());
        self.give_control(callback);
        let took = Duration::from_nanos(self.clock.now() - began).max(began_real.elapsed());
        if nanos(took) >= nanos(self.slow_callback.get())
            && let Some(Who { name, created }) = who
        {
            report::report(&Report::SlowCallback { who: name(), created, took });
        }
    }

    /// Gives control to whatever the callback is for. Nothing unwinds out of it.
    #[inline]
    fn give_control(&self, callback: Callback) {
        match callback {
            Callback::Step(key) => {
                // A key whose task has ended finds nothing: the wake came too late and does nothing.
                match self.schedule.task(key) {
                    Some(task) => task::step(task),
                    None => self.schedule.skipped(&callback),
                }
            }
            Callback::Function(cell) => self.call(Call::Function(cell)),
            Callback::Sleep(sleeper) => self.call(Call::Sleep(sleeper)),
            Callback::Done(call) => {
                let DoneCall { target, run } = *call;
                let done = || ReadyCallback::Done(Awaited { target: target.clone() });
                self.schedule.observe(|| Event::CallBegins { callback: done() });
                guarded(run, "a done-callback", target.site());
                self.schedule.observe(|| Event::CallEnds { callback: done() });
            }
        }
    }

    /// Calls this, if it is still wanted.
    #[inline]
    fn call(&self, call: Call) {
        if !call.timer().call() {
            return self.schedule.skipped(&call.into());
        }
        let callback = || ReadyCallback::Call(Called::of(&call));
        self.schedule.observe(|| Event::CallBegins { callback: callback() });
        match &call {
            Call::Sleep(sleeper) => sleeper.wake(),
            Call::Function(cell) => {
                if let Some(function) = cell.take() {
                    guarded(|| function.call(), "a callback", cell.site);
                }
            }
        }
        self.schedule.observe(|| Event::CallEnds { callback: callback() });
    }
}

/// A callback that panics is reported, and the loop goes on.
fn guarded(run: impl FnOnce(), who: &str, created: &'static std::panic::Location<'static>) {
    let _context = CallbackContext::enter();
    if let Err(payload) = catch_unwind(AssertUnwindSafe(run)) {
        report::report(&Report::CallbackPanicked {
            who: who.to_owned(),
            created,
            error: panic_text(&*payload).to_owned(),
        });
    }
}

/// Who is given control, for the report that it did not give it back.
struct Who<'a> {
    name: Box<dyn Fn() -> String + 'a>,
    created: &'static std::panic::Location<'static>,
}

impl<'a> Who<'a> {
    fn callback(created: &'static std::panic::Location<'static>) -> Self {
        Who { name: Box::new(|| "a callback".to_owned()), created }
    }

    fn of(core: &'a LoopCore, callback: &Callback) -> Option<Self> {
        Some(match callback {
            Callback::Step(key) => {
                let task = core.schedule.task(*key)?;
                let created = task.site();
                Who { name: Box::new(move || task.name()), created }
            }
            Callback::Function(cell) => Who::callback(cell.site),
            Callback::Sleep(sleeper) => Who::callback(sleeper.site()),
            Callback::Done(call) => {
                Who { name: Box::new(|| "a done-callback".to_owned()), created: call.target.site() }
            }
        })
    }
}
