//! Turn by turn as CPython: random programs of tasks that share barriers, queues that are shut down, bounded
//! semaphores and conditions. `oracle.py` makes and records them, and says what each operation does.

use std::cell::{Cell, RefCell};
use std::fs;
use std::rc::Rc;

use cede::sync::{
    Barrier, BarrierError, BoundedSemaphore, Condition, Event, GetError, LifoQueue, Lock, PriorityQueue,
    PutError, Queue, QueueStore,
};
use cede::{Awaitable, Cancelled, Outcome, Task};
use serde_json::{Value, json};

use crate::help::{run, spawn, turn};

const TURNS: u64 = 60;

#[test]
fn recorded_programs_give_the_trace_of_cpython_turn_by_turn() {
    let recorded = fs::read_to_string(cede_tests::data().join("sync/cpython.jsonl")).expect("it is there");
    assert_eq!(recorded.lines().map(assert_agrees).count(), 200);
}

#[test]
fn fresh_programs_give_the_trace_of_cpython_turn_by_turn() {
    let Some(mut python) = cede_tests::cpython() else {
        eprintln!("skipped: no CPython 3.13 is found (CEDE_PYTHON names one)");
        return;
    };
    let script = cede_tests::data().join("sync/oracle.py");
    let fresh = python.arg("-B").arg(script).args(["1000", "500"]).output().expect("python starts");
    assert!(fresh.status.success(), "{}", String::from_utf8_lossy(&fresh.stderr));
    assert_eq!(String::from_utf8(fresh.stdout).expect("JSON").lines().map(assert_agrees).count(), 500);
}

fn assert_agrees(line: &str) {
    let record: Value = serde_json::from_str(line).expect("a record");
    let tasks = record["tasks"].clone();
    let (trace, end) = run(move || World::run(tasks));
    let recorded = record["trace"].as_array().expect("a trace");
    let differs = (0..recorded.len().max(trace.len())).find(|at| recorded.get(*at) != trace.get(*at));
    if let Some(at) = differs {
        let before = &trace[at.saturating_sub(5)..at];
        panic!(
            "seed {}: event {at} is {:?}, not {:?}, after {before:?}",
            record["seed"],
            trace.get(at),
            recorded.get(at)
        );
    }
    assert_eq!(record["end"], end, "seed {}", record["seed"]);
}

/// An item that compares by its priority alone, of which there are few.
#[derive(Clone, Copy)]
struct Job(u64);

impl Job {
    fn priority(self) -> u64 {
        self.0 * 7 % 3
    }
}

impl PartialEq for Job {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Job {}

impl PartialOrd for Job {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Job {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.priority().cmp(&other.priority())
    }
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What an operation gives: a value, the name of a Python exception, or a cancellation.
type Done = Result<Value, Cancelled>;

struct World {
    turn: Cell<u64>,
    trace: RefCell<Vec<Value>>,
    over: Cell<bool>,
    tasks: RefCell<Vec<Task<Result<(), Cancelled>>>>,
    items: Cell<u64>,
    barrier: Barrier,
    queues: (Queue<Job>, Queue<Job>, PriorityQueue<Job>, LifoQueue<Job>),
    total: Lock<u64>,
    condition: Condition,
    semaphore: BoundedSemaphore,
    lock: Lock,
    event: Event,
}

impl World {
    fn run(programs: Value) -> (Vec<Value>, Value) {
        let world = Rc::new(World {
            turn: Cell::new(0),
            trace: RefCell::default(),
            over: Cell::new(false),
            tasks: RefCell::default(),
            items: Cell::new(0),
            barrier: Barrier::new(3),
            queues: (Queue::new(1), Queue::new(0), PriorityQueue::new(2), LifoQueue::new(2)),
            total: Lock::new(0),
            condition: Condition::new(),
            semaphore: BoundedSemaphore::new(2),
            lock: Lock::new(()),
            event: Event::new(),
        });
        for (number, ops) in programs.as_array().expect("tasks").iter().enumerate() {
            let (world, ops) = (Rc::clone(&world), ops.clone());
            let task = spawn({
                let world = Rc::clone(&world);
                move || world.body(number, ops.as_array().expect("operations"))
            });
            world.tasks.borrow_mut().push(task);
        }
        while world.turn.get() < TURNS {
            world.turn.set(world.turn.get() + 1);
            turn();
        }
        world.over.set(true);
        let tasks = world.tasks.take();
        let end = world.state(&tasks);
        for task in &tasks {
            task.cancel();
        }
        (world.trace.take(), end)
    }

    fn body(&self, number: usize, ops: &[Value]) -> Result<(), Cancelled> {
        for (at, op) in ops.iter().enumerate() {
            let done = self.op(op);
            if self.over.get() {
                return Ok(());
            }
            let result = done.clone().unwrap_or_else(|_| "Cancelled".into());
            self.trace.borrow_mut().push(json!([self.turn.get(), number, at, result]));
            match done {
                Err(cancelled) if number.is_multiple_of(2) => return Err(cancelled),
                _ => {}
            }
        }
        Ok(())
    }

    fn op(&self, op: &Value) -> Done {
        let number = |at: usize| usize::try_from(op[at].as_u64().expect("a number")).expect("a small one");
        let flag = |at: usize| op[at].as_bool().expect("a boolean");
        match op[0].as_str().expect("a name") {
            "yield" => cede::yield_now().await_()?,
            "cancel" => return Ok(self.cancel(number(1)).into()),
            "bar_wait" => return barrier(self.barrier.wait().await_()),
            "bar_reset" => self.barrier.reset().await_()?,
            "bar_abort" => self.barrier.abort().await_()?,
            "wait_for" => return self.wait_for(number(1) as u64),
            "wait" => self.condition.wait(&mut self.total.lock().await_()?).await_()?,
            "add" => return self.add(number(1), flag(2)),
            "notify_all" => {
                let _guard = self.total.lock().await_()?;
                self.condition.notify_all();
            }
            "acquire" => self.semaphore.acquire().await_()?.forget(),
            "release" => return Ok(value_error(self.semaphore.release())),
            "lock" => {
                let _guard = self.lock.lock().await_()?;
                cede::yield_now().await_()?;
            }
            "ev_wait" => self.event.wait().await_()?,
            "ev_set" => self.event.set(),
            "ev_clear" => self.event.clear(),
            name => {
                let immediate = name == "shutdown" && flag(2);
                return match number(1) {
                    0 => self.queue(&self.queues.0, name, immediate),
                    1 => self.queue(&self.queues.1, name, immediate),
                    2 => self.queue(&*self.queues.2, name, immediate),
                    _ => self.queue(&*self.queues.3, name, immediate),
                };
            }
        }
        Ok(Value::Null)
    }

    fn cancel(&self, number: usize) -> bool {
        let tasks = self.tasks.borrow();
        tasks[number % tasks.len()].cancel()
    }

    fn wait_for(&self, least: u64) -> Done {
        let mut total = self.total.lock().await_()?;
        self.condition.wait_for(&mut total, |total| *total >= least).await_()?;
        Ok((*total).into())
    }

    fn add(&self, notify: usize, stay: bool) -> Done {
        let mut total = self.total.lock().await_()?;
        *total += 1;
        self.condition.notify(notify);
        if stay {
            cede::yield_now().await_()?;
        }
        Ok(Value::Null)
    }

    fn queue<S: QueueStore<Job>>(&self, queue: &Queue<Job, S>, name: &str, immediate: bool) -> Done {
        let item = || {
            self.items.set(self.items.get() + 1);
            Job(self.items.get())
        };
        match name {
            "put" => put(queue.put(item()).await_()),
            "put_nowait" => put(queue.put_nowait(item())),
            "get" => get(queue.get().await_()),
            "get_nowait" => get(queue.get_nowait()),
            "done" => Ok(value_error(queue.task_done())),
            "join" => queue.join().await_().map(|()| Value::Null),
            "shutdown" => {
                queue.shutdown(immediate);
                Ok(Value::Null)
            }
            unknown => panic!("unknown operation {unknown}"),
        }
    }

    /// How everything stands, as Python's `repr` has it.
    fn state(&self, tasks: &[Task<Result<(), Cancelled>>]) -> Value {
        fn extras(thing: &dyn std::fmt::Debug) -> String {
            let text = format!("{thing:?}");
            text.split_once('[').expect("extras").1.trim_end_matches(">").trim_end_matches(']').to_owned()
        }
        fn queue(thing: &dyn std::fmt::Debug) -> String {
            let text = format!("{thing:?}");
            text.split_once(' ').expect("a size").1.trim_end_matches('>').to_owned()
        }
        let things = [
            extras(&self.barrier),
            extras(&self.semaphore),
            extras(&self.lock),
            extras(&self.event),
            queue(&self.queues.0),
            queue(&self.queues.1),
            queue(&self.queues.2),
            queue(&self.queues.3),
        ];
        let tasks = tasks.iter().map(|task| match task.outcome() {
            Outcome::Pending => "pending".to_owned(),
            Outcome::Cancelled => "cancelled".to_owned(),
            _ => "done".to_owned(),
        });
        things.into_iter().chain(tasks).collect()
    }
}

fn value_error(result: cede::Result<()>) -> Value {
    if result.is_err() { "ValueError".into() } else { Value::Null }
}

fn barrier(result: Result<usize, BarrierError>) -> Done {
    match result {
        Ok(index) => Ok(index.into()),
        Err(error) if error.is_broken() => Ok("BrokenBarrierError".into()),
        Err(_) => Err(Cancelled::new()),
    }
}

fn put(result: Result<(), PutError<Job>>) -> Done {
    match result {
        Ok(()) => Ok(Value::Null),
        Err(error) if error.is_full() => Ok("QueueFull".into()),
        Err(error) if error.is_shut_down() => Ok("QueueShutDown".into()),
        Err(_) => Err(Cancelled::new()),
    }
}

fn get(result: Result<Job, GetError>) -> Done {
    match result {
        Ok(Job(number)) => Ok(number.into()),
        Err(error) if error.is_empty() => Ok("QueueEmpty".into()),
        Err(error) if error.is_shut_down() => Ok("QueueShutDown".into()),
        Err(_) => Err(Cancelled::new()),
    }
}
