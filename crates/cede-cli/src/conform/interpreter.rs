//! Runs a program of tasks on cede under a virtual clock, and gives its trace.
//!
//! It is written as a user of the library would write it: a task is a coroutine that walks over the operations of
//! its body, an inline coroutine a call, and an exception an `Err` that `?` carries.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use cede::{Awaitable, EventLoop, LoopHandle, Promise, Task, TimerHandle, VirtualClock};
use serde_json::{Value, json};

use super::exception::{Exc, Flow, Outcome, outcome_json};
use super::program::{Op, Program};
use super::sync_ops::Synchronisation;

/// What a program did: its events, and how it ended if it did not end well.
#[derive(Debug)]
pub(super) struct Execution {
    pub(super) flags: Vec<&'static str>,
    pub(super) trace: Vec<Value>,
}

/// Nothing happened in the last drain round, yet there are tasks that are not done.
const STUCK: &str = "stuck";
/// The main task waits, and nobody is left who could end its wait.
const DEADLOCK: &str = "deadlock";

/// Long enough for every timer of a program, and never at the same moment as one.
const DRAIN_ROUND: Duration = Duration::from_millis(1_000_500);

/// Runs a program to its end, whichever that is.
pub(super) fn execute(program: Program) -> Result<Execution> {
    let clock = VirtualClock::new();
    let event_loop = EventLoop::with_clock(clock.clone()).context("cannot make an event loop")?;
    event_loop.set_exception_handler(|_, _| ());
    let run = Rc::new(Run::new(program, (*event_loop).clone(), clock));

    let mut flags = Vec::new();
    let main = {
        let run = Rc::clone(&run);
        cede::coroutine(move || run.main()).named("main")
    };
    match event_loop.run_until_complete(main) {
        Ok(result) => result.context("the main coroutine failed")?,
        Err(error) if error.is_deadlock() => flags.push(DEADLOCK),
        Err(error) => bail!(error),
    }
    // What is still running goes on until nothing more comes of it.
    while flags.is_empty() && run.tasks.borrow().iter().any(|task| !task.done()) {
        let events = run.trace.borrow().len();
        let round = cede::coroutine(|| cede::sleep(DRAIN_ROUND).await_()).named("drain");
        event_loop.run_until_complete(round)?.context("a drain round was cancelled")?;
        if run.trace.borrow().len() == events {
            flags.push(STUCK);
        }
    }
    run.record_outcomes();

    // Closing the loop cancels what hangs; that is no part of the program.
    let trace = run.trace.take();
    run.over.set(true);
    event_loop.close()?;
    // Programs raise errors that nobody awaits; to have looked at them says that this is known.
    run.promises.iter().for_each(|promise| drop(promise.exception()));
    run.tasks.take().iter().for_each(|task| drop(task_outcome(task)));
    run.timers.take();
    Ok(Execution { flags, trace })
}

/// A program that is being run.
pub(super) struct Run {
    pub(super) program: Program,
    pub(super) event_loop: LoopHandle,
    clock: VirtualClock,
    trace: RefCell<Vec<Value>>,
    /// Set once the trace is complete: from then on no operation begins.
    over: Cell<bool>,
    pub(super) tasks: RefCell<Vec<Rc<Task<Outcome>>>>,
    pub(super) timers: RefCell<Vec<TimerHandle>>,
    pub(super) promises: Vec<Promise<Value>>,
    pub(super) sync: Synchronisation,
    inline_coroutines: Cell<u64>,
    callbacks: Cell<u64>,
}

impl Run {
    fn new(program: Program, event_loop: LoopHandle, clock: VirtualClock) -> Self {
        let promises = (0..program.shared.promises).map(|_| event_loop.create_promise()).collect();
        let sync = Synchronisation::new(&program.shared);
        Self {
            program,
            event_loop,
            clock,
            trace: RefCell::default(),
            over: Cell::new(false),
            tasks: RefCell::default(),
            timers: RefCell::default(),
            promises,
            sync,
            inline_coroutines: Cell::new(0),
            callbacks: Cell::new(0),
        }
    }

    /// Starts body 0 and waits until its task is done, however that ends.
    ///
    /// This is `asyncio.wait([task])`, whose number of turns decides what is still seen of the others.
    fn main(self: &Rc<Self>) -> cede::Result<()> {
        let first = self.start(0);
        let done = Promise::new();
        self.task(first).add_done_callback({
            let done = done.clone();
            move |_| {
                // Refused where the loop is being closed and has cancelled us.
                let _ = done.set_result(());
            }
        });
        done.await_()
    }

    // ---- what is traced ----

    /// Adds the event `[time, who, what, …]`.
    pub(super) fn event<const N: usize>(&self, who: &str, what: &str, values: [Value; N]) {
        if self.over.get() {
            return;
        }
        let mut event = vec![json!(self.clock.elapsed().as_secs()), who.into(), what.into()];
        event.extend(values);
        self.trace.borrow_mut().push(Value::Array(event));
    }

    /// Traces an operation that awaits: `label?` before, then `label` and its result, or `label!` and what it raised.
    pub(super) fn waits(&self, who: &str, label: &str, operation: impl FnOnce() -> Outcome) -> Flow {
        self.event(who, &format!("{label}?"), []);
        match operation() {
            Ok(value) => {
                self.event(who, label, [value]);
                Ok(())
            }
            Err(exc) => {
                self.event(who, &format!("{label}!"), [exc.to_json()]);
                Err(exc)
            }
        }
    }

    /// The last event: how every task ended.
    fn record_outcomes(&self) {
        let state =
            |task: &Rc<Task<Outcome>>| if task.done() { task_outcome(task) } else { "pending".into() };
        let states: Vec<Value> = self.tasks.borrow().iter().map(state).collect();
        self.event("end", "state", [Value::Array(states)]);
    }

    // ---- tasks, coroutines, callbacks ----

    /// Starts a task that runs a body; gives its number.
    pub(super) fn start(self: &Rc<Self>, body: usize) -> usize {
        let number = self.tasks.borrow().len();
        self.keep(cede::create_task(self.body_of(number, body)));
        number
    }

    /// The coroutine object of a body that is to be the `number`th task.
    pub(super) fn body_of(
        self: &Rc<Self>,
        number: usize,
        body: usize,
    ) -> cede::Coroutine<impl FnOnce() -> Outcome + use<>> {
        self.coroutine(body, format!("T{number}")).fallible()
    }

    pub(super) fn keep(&self, task: Task<Outcome>) {
        self.tasks.borrow_mut().push(Rc::new(task));
    }

    /// The coroutine object of a body, to be awaited inline by `who`.
    pub(super) fn inline(
        self: &Rc<Self>,
        body: usize,
        who: &str,
    ) -> cede::Coroutine<impl FnOnce() -> Outcome + use<>> {
        let number = next(&self.inline_coroutines);
        self.coroutine(body, format!("{who}/{number}"))
    }

    fn coroutine(
        self: &Rc<Self>,
        body: usize,
        who: String,
    ) -> cede::Coroutine<impl FnOnce() -> Outcome + use<>> {
        let run = Rc::clone(self);
        cede::coroutine(move || run.body(body, &who))
    }

    /// The `number`th task started so far, modulo how many there are.
    pub(super) fn task(&self, number: usize) -> Rc<Task<Outcome>> {
        let tasks = self.tasks.borrow();
        Rc::clone(&tasks[number % tasks.len()])
    }

    /// The same, unless it is the task that runs: that one cannot await itself.
    pub(super) fn other_task(&self, number: usize) -> Option<Rc<Task<Outcome>>> {
        let task = self.task(number);
        if cede::current_task() == Some(task.handle()) { None } else { Some(task) }
    }

    /// Callbacks are numbered from 1 in the order of their registration.
    pub(super) fn number_callback(&self) -> u64 {
        next(&self.callbacks)
    }

    // ---- bodies ----

    fn body(self: &Rc<Self>, number: usize, who: &str) -> Outcome {
        self.event(who, "start", [json!(number)]);
        let left = match self.block(&self.program.bodies[number], who) {
            Ok(()) => Ok(json!(number)),
            Err(Exc::Return(value)) => Ok(value),
            Err(exc) => Err(exc),
        };
        match &left {
            Ok(value) => self.event(who, "end", [value.clone()]),
            Err(exc) => self.event(who, "exit", [exc.to_json()]),
        }
        left
    }

    pub(super) fn block(self: &Rc<Self>, ops: &[Op], who: &str) -> Flow {
        for op in ops {
            if self.over.get() {
                return Err(Exc::Cancelled);
            }
            self.op(op, who)?;
        }
        Ok(())
    }
}

/// The outcome of a task that is done.
pub(super) fn task_outcome(task: &Task<Outcome>) -> Value {
    outcome_json(&task.result().unwrap_or_else(|error| Err(error.into())))
}

fn next(counter: &Cell<u64>) -> u64 {
    counter.set(counter.get() + 1);
    counter.get()
}
