//! Random programs against models a page long: generators, timers, callback lists, the register of tasks.
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::rc::Rc;
use std::time::Duration;

use cede::{Awaitable, CallbackId, Co, Generator, GeneratorState, LoopHandle, Promise, ResumeError, Thrown};
use cede_tests::trace::{Trace, event_loop, run_briefly};
use proptest::prelude::*;

// ---- generators

/// What a body does, one after another; at the end it returns 0.
#[derive(Clone, Debug)]
enum Do {
    /// A plain yield: whatever is thrown leaves the body.
    Yield(u8),
    /// Catches errors and goes on; returns 99 when told to exit.
    Catch(u8),
    /// Catches all and goes on, even when told to exit.
    Ignore(u8),
    Raise(u8),
    Return(u8),
    /// Delegates to another body.
    From(Vec<Do>),
}

/// What is done to a generator.
#[derive(Clone, Debug)]
enum Drive {
    Start,
    Send(u8),
    Throw(u8),
    Close,
}

const AT_EXIT: u8 = 99;

fn real(script: Vec<Do>, trace: Trace) -> Generator<u8, u8, u8> {
    Generator::new(move |co: Co<u8, u8>| {
        for step in script {
            match step {
                Do::Yield(value) => trace.add(format!("got {}", co.yield_(value))),
                Do::Catch(value) => match co.try_yield(value) {
                    Ok(sent) => trace.add(format!("got {sent}")),
                    Err(Thrown::Exit) => return AT_EXIT,
                    Err(thrown) => trace.add(format!("caught {thrown}")),
                },
                Do::Ignore(value) => match co.try_yield(value) {
                    Ok(sent) => trace.add(format!("got {sent}")),
                    Err(thrown) => trace.add(format!("caught {thrown}")),
                },
                Do::Raise(error) => co.raise(error.to_string()),
                Do::Return(value) => return value,
                Do::From(inner) => trace.add(format!("from {}", co.yield_from(real(inner, trace.clone())))),
            }
        }
        0
    })
}

/// What comes of driving a generator.
#[derive(Clone, Debug, PartialEq)]
enum Came {
    Yielded(u8),
    Returned(u8),
    Closed(Option<u8>),
    Error(String),
}

const FINISHED: &str = "generator has finished";
const IGNORED: &str = "generator ignored GeneratorExit";

fn drive_real(generator: &Generator<u8, u8, u8>, drive: &Drive) -> Came {
    let came = |outcome: Result<GeneratorState<u8, u8>, ResumeError>| match outcome {
        Ok(GeneratorState::Yielded(value)) => Came::Yielded(value),
        Ok(GeneratorState::Complete(value)) => Came::Returned(value),
        Err(error) => Came::Error(error.to_string()),
    };
    match drive {
        Drive::Start => came(generator.start()),
        Drive::Send(value) => came(generator.resume(*value)),
        Drive::Throw(error) => came(generator.throw(error.to_string())),
        Drive::Close => match generator.close() {
            Ok(value) => Came::Closed(value),
            Err(error) => Came::Error(error.to_string()),
        },
    }
}

/// What goes into a suspended body.
#[derive(Clone, Debug)]
enum Input {
    Send(u8),
    Throw(String),
    Exit,
}

/// How a body comes to rest.
enum Rest {
    Yielded(u8),
    Returned(u8),
    Raised(String),
    Exited,
}

/// A body as a list and a place in it.
struct Model {
    script: Vec<Do>,
    at: usize,
    inner: Option<Box<Model>>,
    state: State,
    trace: Trace,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    New,
    Suspended,
    Finished,
}

impl Model {
    fn new(script: Vec<Do>, trace: Trace) -> Self {
        Model { script, at: 0, inner: None, state: State::New, trace }
    }

    fn drive(&mut self, drive: &Drive) -> Came {
        let input = match (drive, self.state) {
            (Drive::Start, State::New) => return self.came(None),
            (Drive::Start, State::Suspended) => {
                return Came::Error("generator has already started; resume it instead".into());
            }
            (Drive::Send(_), State::New) => {
                return Came::Error("can't send non-None value to a just-started generator".into());
            }
            (Drive::Start | Drive::Send(_), State::Finished) => return Came::Error(FINISHED.into()),
            (Drive::Throw(error), State::New | State::Finished) => {
                self.state = State::Finished;
                return Came::Error(error.to_string());
            }
            (Drive::Close, State::New | State::Finished) => {
                self.state = State::Finished;
                return Came::Closed(None);
            }
            (Drive::Send(value), State::Suspended) => Input::Send(*value),
            (Drive::Throw(error), State::Suspended) => Input::Throw(error.to_string()),
            (Drive::Close, State::Suspended) => return self.close(),
        };
        self.came(Some(input))
    }

    fn came(&mut self, input: Option<Input>) -> Came {
        match self.step(input) {
            Rest::Yielded(value) => Came::Yielded(value),
            Rest::Returned(value) => Came::Returned(value),
            Rest::Raised(error) => Came::Error(error),
            Rest::Exited => Came::Error("GeneratorExit".into()),
        }
    }

    fn close(&mut self) -> Came {
        match self.step(Some(Input::Exit)) {
            Rest::Yielded(_) => Came::Error(IGNORED.into()),
            Rest::Returned(value) => Came::Closed(Some(value)),
            Rest::Raised(error) => Came::Error(error),
            Rest::Exited => Came::Closed(None),
        }
    }

    /// Runs from where it is to its next rest.
    fn step(&mut self, input: Option<Input>) -> Rest {
        let rest = self.advance(input);
        self.state = if let Rest::Yielded(_) = rest { State::Suspended } else { State::Finished };
        rest
    }

    fn advance(&mut self, mut input: Option<Input>) -> Rest {
        while let Some(step) = self.script.get(self.at).cloned() {
            match (step, input.take()) {
                (Do::From(script), input) => match self.delegate(&script, input) {
                    Ok(value) => self.trace.add(format!("from {value}")),
                    Err(rest) => return rest,
                },
                (Do::Raise(error), _) => return Rest::Raised(error.to_string()),
                (Do::Return(value), _) => return Rest::Returned(value),
                (Do::Yield(value) | Do::Catch(value) | Do::Ignore(value), None) => {
                    return Rest::Yielded(value);
                }
                (_, Some(Input::Send(value))) => self.trace.add(format!("got {value}")),
                (Do::Yield(_), Some(Input::Throw(error))) => return Rest::Raised(error),
                (Do::Yield(_), Some(Input::Exit)) => return Rest::Exited,
                (Do::Catch(_), Some(Input::Exit)) => return Rest::Returned(AT_EXIT),
                (_, Some(Input::Throw(error))) => self.trace.add(format!("caught {error}")),
                (_, Some(Input::Exit)) => self.trace.add("caught GeneratorExit"),
            }
            self.at += 1;
        }
        Rest::Returned(0)
    }

    /// PEP 380. `Ok` with the inner one's result, else how this one rests.
    fn delegate(&mut self, script: &[Do], input: Option<Input>) -> Result<u8, Rest> {
        let (inner, fresh) = match self.inner.take() {
            Some(inner) => (inner, false),
            None => (Box::new(Model::new(script.to_vec(), self.trace.clone())), true),
        };
        let mut inner = inner;
        let came = match input {
            None if fresh => inner.drive(&Drive::Start),
            Some(Input::Exit) => {
                let rest = match inner.close() {
                    Came::Error(error) => Rest::Raised(error),
                    _ => Rest::Exited,
                };
                inner.dropped();
                return Err(rest);
            }
            input => inner.came(input),
        };
        match came {
            Came::Yielded(value) => {
                self.inner = Some(inner);
                Err(Rest::Yielded(value))
            }
            Came::Returned(value) => Ok(value),
            Came::Error(error) => Err(Rest::Raised(error)),
            Came::Closed(_) => unreachable!("it was not closed"),
        }
    }

    /// What a drop does: closes until it has ended.
    fn dropped(&mut self) {
        while self.state == State::Suspended {
            self.close();
        }
    }
}

fn script() -> impl Strategy<Value = Vec<Do>> {
    let leaf = prop_oneof![
        6 => (0u8..9).prop_map(Do::Yield),
        4 => (10u8..19).prop_map(Do::Catch),
        2 => (20u8..29).prop_map(Do::Ignore),
        1 => (30u8..39).prop_map(Do::Raise),
        1 => (40u8..49).prop_map(Do::Return),
    ];
    let step = leaf.prop_recursive(3, 24, 4, |step| prop::collection::vec(step, 0..4).prop_map(Do::From));
    prop::collection::vec(step, 0..8)
}

fn drives() -> impl Strategy<Value = Vec<Drive>> {
    let drive = prop_oneof![
        1 => Just(Drive::Start),
        6 => (50u8..59).prop_map(Drive::Send),
        2 => (60u8..69).prop_map(Drive::Throw),
        1 => Just(Drive::Close),
    ];
    prop::collection::vec(drive, 0..16)
}

proptest! {
    #[test]
    fn a_generator_does_what_its_script_says(script in script(), started: bool, drives in drives()) {
        let (trace, expected) = (Trace::new(), Trace::new());
        let (generator, mut model) = (real(script.clone(), trace.clone()), Model::new(script, expected.clone()));
        let first = started.then_some(Drive::Start);
        for drive in first.iter().chain(&drives) {
            prop_assert_eq!(drive_real(&generator, drive), model.drive(drive), "{:?}", drive);
            prop_assert_eq!(trace.take(), expected.take(), "{:?}", drive);
        }
        drop(generator);
        model.dropped();
        prop_assert_eq!(trace.take(), expected.take(), "the drop");
    }
}

// ---- timers

/// A timer, and what it does when it is called.
#[derive(Clone, Debug)]
struct Timer {
    delay: u64,
    /// Makes these.
    makes: Vec<Timer>,
    /// Cancels the timer that was made as this many-th, if there is one.
    cancels: Option<usize>,
}

fn timers() -> impl Strategy<Value = Vec<Timer>> {
    let timer = (0u64..6, prop::option::of(0usize..30)).prop_map(|(delay, cancels)| Timer {
        delay,
        makes: Vec::new(),
        cancels,
    });
    let timer = timer.prop_recursive(3, 24, 3, |timer| {
        (0u64..6, prop::collection::vec(timer, 0..3), prop::option::of(0usize..30))
            .prop_map(|(delay, makes, cancels)| Timer { delay, makes, cancels })
    });
    prop::collection::vec(timer, 0..12)
}

#[derive(Clone)]
struct RealTimers {
    event_loop: LoopHandle,
    made: Rc<RefCell<Vec<cede::TimerHandle>>>,
    trace: Trace,
}

impl RealTimers {
    fn make(&self, timer: Timer) {
        let (this, number) = (self.clone(), self.made.borrow().len());
        let delay = Duration::from_secs(timer.delay);
        let handle = self.event_loop.call_later(delay, move || {
            this.trace.add(number);
            for timer in timer.makes {
                this.make(timer);
            }
            let cancelled = timer.cancels.and_then(|other| this.made.borrow().get(other).cloned());
            if let Some(handle) = cancelled {
                handle.cancel();
            }
        });
        self.made.borrow_mut().push(handle);
    }
}

/// The numbers of the timers, in the order of their calls.
fn order_of_calls(timers: Vec<Timer>) -> Vec<String> {
    let mut waiting = BTreeMap::new();
    let mut place_of = Vec::new();
    let mut called = Vec::new();
    let make = |timer: Timer, now: u64, waiting: &mut BTreeMap<_, _>, place_of: &mut Vec<_>| {
        let place = (now + timer.delay, place_of.len());
        waiting.insert(place, timer);
        place_of.push(place);
    };
    for timer in timers {
        make(timer, 0, &mut waiting, &mut place_of);
    }
    while let Some(((now, number), timer)) = waiting.pop_first() {
        called.push(number.to_string());
        for timer in timer.makes {
            make(timer, now, &mut waiting, &mut place_of);
        }
        if let Some(place) = timer.cancels.and_then(|other| place_of.get(other)) {
            waiting.remove(place);
        }
    }
    called
}

proptest! {
    #[test]
    fn timers_are_called_by_deadline_and_then_by_age_without_the_cancelled(timers in timers()) {
        let trace = Trace::new();
        let event_loop = event_loop(&trace);
        let real = RealTimers { event_loop: LoopHandle::clone(&event_loop), made: Rc::default(), trace: trace.clone() };
        for timer in &timers {
            real.make(timer.clone());
        }
        event_loop
            .run_until_complete(cede::coroutine(|| cede::sleep(Duration::from_secs(1_000)).await_()))
            .unwrap()
            .unwrap();
        prop_assert_eq!(trace.take(), order_of_calls(timers));
    }
}

// ---- callback lists

/// What is done to a promise.
#[derive(Clone, Debug)]
enum Op {
    Add(Callback),
    /// Removes the callback that was added as this many-th.
    Remove(usize),
    Set,
    Fail,
    Cancel,
    Turn,
}

/// What a callback does besides saying its number.
#[derive(Clone, Debug)]
enum Callback {
    Nothing,
    Adds,
    Removes(usize),
    Sets,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let callback = prop_oneof![
        4 => Just(Callback::Nothing),
        1 => Just(Callback::Adds),
        1 => (0usize..12).prop_map(Callback::Removes),
        1 => Just(Callback::Sets),
    ];
    let op = prop_oneof![
        8 => callback.prop_map(Op::Add),
        4 => (0usize..12).prop_map(Op::Remove),
        1 => Just(Op::Set),
        1 => Just(Op::Fail),
        1 => Just(Op::Cancel),
        3 => Just(Op::Turn),
    ];
    prop::collection::vec(op, 0..40)
}

#[derive(Clone)]
struct RealPromise {
    promise: Promise<u8>,
    added: Rc<RefCell<Vec<CallbackId>>>,
    trace: Trace,
}

impl RealPromise {
    fn add(&self, callback: Callback) {
        let (this, number) = (self.clone(), self.added.borrow().len());
        let id = self.promise.add_done_callback(move |promise| {
            this.trace.add(format!("{number} {}", promise.outcome()));
            match callback {
                Callback::Nothing => {}
                Callback::Adds => this.add(Callback::Nothing),
                Callback::Removes(other) => this.remove(other),
                Callback::Sets => this.trace.add(format!("set {}", promise.set_result(2).is_ok())),
            }
        });
        self.added.borrow_mut().push(id);
    }

    fn remove(&self, number: usize) {
        let id = self.added.borrow().get(number).copied();
        if let Some(id) = id {
            self.trace.add(format!("removed {}", self.promise.remove_done_callback(id)));
        }
    }
}

struct PromiseModel {
    outcome: Option<&'static str>,
    added: usize,
    waiting: Vec<(usize, Callback)>,
    queue: Vec<(usize, Callback)>,
    trace: Trace,
}

impl PromiseModel {
    fn add(&mut self, callback: Callback) {
        let entry = (self.added, callback);
        self.added += 1;
        if self.outcome.is_some() { self.queue.push(entry) } else { self.waiting.push(entry) }
    }

    fn remove(&mut self, number: usize) {
        if number < self.added {
            let before = self.waiting.len();
            self.waiting.retain(|(other, _)| *other != number);
            self.trace.add(format!("removed {}", before - self.waiting.len()));
        }
    }

    /// Whether it could.
    fn end(&mut self, outcome: &'static str) -> bool {
        let pending = self.outcome.is_none();
        if pending {
            self.outcome = Some(outcome);
            self.queue.append(&mut self.waiting);
        }
        pending
    }

    fn turn(&mut self) {
        for (number, callback) in std::mem::take(&mut self.queue) {
            self.trace.add(format!("{number} {}", self.outcome.unwrap_or("pending")));
            match callback {
                Callback::Nothing => {}
                Callback::Adds => self.add(Callback::Nothing),
                Callback::Removes(other) => self.remove(other),
                Callback::Sets => {
                    let could = self.end("finished");
                    self.trace.add(format!("set {could}"));
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn callbacks_are_called_once_each_in_order_whatever_happens_to_the_list(ops in ops()) {
        let (trace, expected) = (Trace::new(), Trace::new());
        let event_loop = event_loop(&Trace::new());
        let real = RealPromise { promise: event_loop.create_promise(), added: Rc::default(), trace: trace.clone() };
        let mut model = PromiseModel {
            outcome: None,
            added: 0,
            waiting: Vec::new(),
            queue: Vec::new(),
            trace: expected.clone(),
        };
        for op in ops {
            match op.clone() {
                Op::Add(callback) => {
                    real.add(callback.clone());
                    model.add(callback);
                }
                Op::Remove(number) => {
                    real.remove(number);
                    model.remove(number);
                }
                Op::Set => prop_assert_eq!(real.promise.set_result(1).is_ok(), model.end("finished")),
                Op::Fail => prop_assert_eq!(real.promise.set_exception("boom").is_ok(), model.end("failed")),
                Op::Cancel => prop_assert_eq!(real.promise.cancel(), model.end("cancelled")),
                Op::Turn => {
                    run_briefly(&event_loop);
                    model.turn();
                }
            }
            prop_assert_eq!(real.promise.outcome().to_string(), model.outcome.unwrap_or("pending"));
            prop_assert_eq!(trace.take(), expected.take(), "{:?}", op);
        }
    }
}

// ---- the register of tasks

/// What is done to a loop's tasks between its turns.
#[derive(Clone, Debug)]
enum Deed {
    /// Makes a task that awaits a promise of its own; whether its handle is kept.
    Create(bool),
    /// Sets the promise of the n-th task, modulo their number.
    Set(usize),
    /// Cancels the n-th task.
    Cancel(usize),
    Turn,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        3 => any::<bool>().prop_map(Deed::Create),
        3 => any::<usize>().prop_map(Deed::Set),
        2 => any::<usize>().prop_map(Deed::Cancel),
        4 => Just(Deed::Turn),
    ];
    prop::collection::vec(deed, 0..80)
}

/// A task as the model knows it.
#[derive(Clone, Debug, Default)]
struct TaskModel {
    started: bool,
    /// A step of its waits in the queue.
    queued: bool,
    /// A cancellation is to be delivered.
    cancelled: bool,
    promise_is_set: bool,
    end: Option<&'static str>,
}

impl TaskModel {
    fn set(&mut self) {
        if self.promise_is_set || (self.started && self.cancelled) || self.end.is_some() {
            return; // done, or cancelled by its task
        }
        self.promise_is_set = true;
        self.queued = true; // it waits for it, or has not started
    }

    fn cancel(&mut self) -> bool {
        if self.end.is_none() {
            self.cancelled = true;
            self.queued = true;
        }
        self.end.is_none()
    }

    fn turn(&mut self) {
        if !std::mem::take(&mut self.queued) {
            return;
        }
        self.started = true;
        if self.cancelled {
            self.end = Some("cancelled");
        } else if self.promise_is_set {
            self.end = Some("finished");
        }
    }
}

proptest! {
    /// A task's place in the register is used again by the next one. A wake that was meant for the old one finds
    /// nothing, and each task is listed from its making to its end.
    #[test]
    fn the_register_lists_the_tasks_that_have_not_ended_and_wakes_nobody_else(deeds in deeds()) {
        let event_loop = event_loop(&Trace::new());
        let mut real = Vec::new();
        let mut model: Vec<TaskModel> = Vec::new();
        for deed in deeds {
            match deed {
                Deed::Create(keep) => {
                    let promise = event_loop.create_promise::<()>();
                    let awaited = promise.clone();
                    let task = event_loop.create_task(cede::coroutine(move || awaited.await_()).fallible());
                    real.push((task.handle(), promise, keep.then_some(task)));
                    model.push(TaskModel { queued: true, ..TaskModel::default() });
                }
                Deed::Set(nth) if !real.is_empty() => {
                    let nth = nth % real.len();
                    let _ = real[nth].1.set_result(());
                    model[nth].set();
                }
                Deed::Cancel(nth) if !real.is_empty() => {
                    let nth = nth % real.len();
                    prop_assert_eq!(real[nth].0.cancel(), model[nth].cancel());
                }
                Deed::Turn => {
                    run_briefly(&event_loop);
                    model.iter_mut().for_each(TaskModel::turn);
                }
                Deed::Set(_) | Deed::Cancel(_) => {}
            }
            let live: Vec<String> = event_loop.all_tasks().iter().map(cede::AnyTask::name).collect();
            let expected: Vec<String> = (1..)
                .zip(&model)
                .filter(|(_, task)| task.end.is_none())
                .map(|(number, _)| format!("Task-{number}"))
                .collect();
            prop_assert_eq!(live, expected);
            for ((task, ..), model) in real.iter().zip(&model) {
                prop_assert_eq!(task.outcome().to_string(), model.end.unwrap_or("pending"), "{:?}", model);
            }
        }
    }
}
