//! The recorder: the last events of a loop, as plain data, in bounded memory.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::rc::{Rc, Weak};
use std::time::Duration;

use super::log::{Log, Object, ObjectKind};
use super::record::{Event, Id, Job, Record, Why};
use crate::callback::HandleCell;
use crate::observe::{Called, LoopEvent, Observer, ReadyCallback, StepEnd};
use crate::target::{Awaited, WeakTarget};
use crate::task::{AnyTask, TaskWeak};

/// How many events a recorder keeps unless told otherwise.
const CAPACITY: usize = 1 << 16;

/// An observer that keeps the last events of a loop; its clones keep them together.
///
/// What it keeps is plain data: a recorder keeps no task, no promise and no result alive.
#[derive(Clone)]
pub struct Recorder {
    inner: Rc<RefCell<Inner>>,
}

struct Inner {
    capacity: usize,
    ring: VecDeque<Record>,
    told: u64,
    /// Things by address. The weak pointer keeps the address from being given to another one.
    known: HashMap<usize, (Id, Kept), BuildHasherDefault<ByAddress>>,
    objects: BTreeMap<Id, Object>,
    named: HashMap<String, u64>,
    stacks: HashMap<usize, u64>,
    met: u64,
    /// Where what the program prints is read.
    output: Option<Rc<dyn Fn() -> String>>,
    /// When there are so many objects, those that no record speaks of any more are forgotten.
    sweep_at: usize,
}

enum Kept {
    Task(TaskWeak),
    Promise(WeakTarget),
    Call(Weak<HandleCell>),
}

impl Kept {
    fn alive(&self) -> bool {
        match self {
            Kept::Task(task) => task.is_alive(),
            Kept::Promise(target) => target.is_alive(),
            Kept::Call(cell) => cell.strong_count() > 0,
        }
    }
}

impl Recorder {
    /// One that keeps the last 65,536 events.
    pub fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    /// One that keeps this many events, at least one.
    pub fn with_capacity(events: usize) -> Self {
        let inner = Inner {
            capacity: events.max(1),
            ring: VecDeque::new(),
            told: 0,
            known: HashMap::default(),
            objects: BTreeMap::new(),
            named: HashMap::new(),
            stacks: HashMap::new(),
            met: 0,
            output: None,
            sweep_at: 1024,
        };
        Recorder { inner: Rc::new(RefCell::new(inner)) }
    }

    /// Asks this function before each event for what was printed since the last one; see
    /// `trace::Capture`, with the feature `trace`.
    pub fn with_output(self, take: impl Fn() -> String + 'static) -> Self {
        self.inner.borrow_mut().output = Some(Rc::new(take));
        self
    }

    /// How many events it was told of.
    pub fn told(&self) -> u64 {
        self.inner.borrow().told
    }

    /// What it has kept so far.
    pub fn log(&self) -> Log {
        let mut inner = self.inner.borrow_mut();
        inner.refresh_names();
        let last = inner.ring.back().map_or(Duration::ZERO, |record| record.time);
        inner.read_output(last);
        Log { records: inner.ring.iter().cloned().collect(), objects: inner.objects.clone() }
    }

    /// The number of this task in its logs.
    pub fn id_of(&self, task: &AnyTask) -> Id {
        self.inner.borrow_mut().task(task)
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Recorder of {} events>", self.told())
    }
}

impl Observer for Recorder {
    fn event(&self, time: Duration, event: &LoopEvent) {
        // Nothing below calls code of others, so nobody finds it borrowed.
        self.inner.borrow_mut().tell(time, event);
    }
}

impl Inner {
    fn tell(&mut self, time: Duration, event: &LoopEvent) {
        self.read_output(time);
        let event = self.plain(event);
        self.keep(time, event);
        if self.objects.len() >= self.sweep_at {
            self.sweep();
        }
    }

    fn read_output(&mut self, time: Duration) {
        let text = self.output.as_ref().map_or_else(String::new, |take| take());
        for line in text.split_inclusive('\n') {
            self.keep(time, Event::Printed { text: line.to_owned() });
        }
    }

    fn keep(&mut self, time: Duration, event: Event) {
        if self.ring.len() == self.capacity {
            self.ring.pop_front();
        }
        self.ring.push_back(Record { number: self.told, time, event });
        self.told += 1;
    }

    fn plain(&mut self, event: &LoopEvent) -> Event {
        match event {
            LoopEvent::RunBegins => Event::RunBegins,
            LoopEvent::RunEnds => Event::RunEnds,
            LoopEvent::TurnBegins { turn, ready } => Event::TurnBegins { turn: *turn, ready: *ready },
            LoopEvent::TaskCreated { task, by } => {
                let by = self.maybe(by);
                Event::TaskCreated { task: self.task(task), by }
            }
            LoopEvent::Queued { callback, by, because } => Event::Queued {
                job: self.job(callback),
                by: self.maybe(by),
                because: because.as_ref().map(|target| self.awaited(target)),
            },
            LoopEvent::Skipped { callback } => Event::Skipped { job: self.job(callback) },
            LoopEvent::CallBegins { callback } => Event::CallBegins { job: self.job(callback) },
            LoopEvent::CallEnds { callback } => Event::CallEnds { job: self.job(callback) },
            LoopEvent::StepBegins { task } => Event::StepBegins { task: self.task(task) },
            LoopEvent::StepEnds { task, why, at } => {
                let id = self.task(task);
                let why = match why {
                    StepEnd::Awaits(on) => Why::Awaits(self.awaited(on)),
                    StepEnd::Yielded => Why::Yielded,
                    StepEnd::Ended(outcome) => {
                        self.name(id, task); // the last chance
                        Why::Ended(*outcome)
                    }
                };
                Event::StepEnds { task: id, why, at: at.map(Into::into) }
            }
            LoopEvent::AwaitBegins { task, on, at } => {
                Event::AwaitBegins { task: self.task(task), on: self.awaited(on), at: (*at).into() }
            }
            LoopEvent::AwaitEnds { task, on } => {
                Event::AwaitEnds { task: self.task(task), on: self.awaited(on) }
            }
            LoopEvent::AwaitPassed { task, on, at } => {
                Event::AwaitPassed { task: self.maybe(task), on: self.awaited(on), at: (*at).into() }
            }
            LoopEvent::CallbackAdded { to, by } => {
                Event::CallbackAdded { to: self.awaited(to), by: self.maybe(by) }
            }
            LoopEvent::Ended { what, outcome, by } => {
                Event::Ended { what: self.awaited(what), outcome: *outcome, by: self.maybe(by) }
            }
            LoopEvent::TimerSet { timer, when, by } => {
                Event::TimerSet { timer: self.call(timer, "timer"), when: *when, by: self.maybe(by) }
            }
            LoopEvent::TimerCancelled { timer, by } => {
                Event::TimerCancelled { timer: self.call(timer, "timer"), by: self.maybe(by) }
            }
            LoopEvent::TimerFired { timer } => Event::TimerFired { timer: self.call(timer, "timer") },
            LoopEvent::InlineBegins { task, coroutine, at } => {
                Event::InlineBegins { task: self.maybe(task), coroutine: coroutine.clone(), at: (*at).into() }
            }
            LoopEvent::InlineEnds { task, coroutine, at } => {
                Event::InlineEnds { task: self.maybe(task), coroutine: coroutine.clone(), at: (*at).into() }
            }
            LoopEvent::StackTaken { task, stack } => {
                Event::StackTaken { task: self.task(task), stack: self.stack(stack.0) }
            }
            LoopEvent::StackReturned { stack } => Event::StackReturned { stack: self.stack(stack.0) },
        }
    }

    // ---- numbers for things

    fn maybe(&mut self, task: &Option<AnyTask>) -> Option<Id> {
        task.as_ref().map(|task| self.task(task))
    }

    fn task(&mut self, task: &AnyTask) -> Id {
        let address = task.task.addr();
        if let Some((id, _)) = self.known.get(&address) {
            return *id;
        }
        let object = Object {
            kind: ObjectKind::Task { name: String::new(), coroutine: task.coroutine().to_owned() },
            label: String::new(),
            created: task.created().into(),
        };
        let id = self.meet(address, Kept::Task(task.task.downgrade()), object);
        self.name(id, task);
        id
    }

    fn awaited(&mut self, on: &Awaited) -> Id {
        let address = on.target.addr();
        if let Some((id, _)) = self.known.get(&address) {
            return *id;
        }
        if let Some(task) = on.task() {
            return self.task(&task);
        }
        let label = self.numbered(&kind_of(on));
        let object = Object { kind: ObjectKind::Promise, label, created: on.created().into() };
        self.meet(address, Kept::Promise(on.target.downgrade()), object)
    }

    fn job(&mut self, callback: &ReadyCallback) -> Job {
        match callback {
            ReadyCallback::Step(task) => Job::Step(self.task(task)),
            ReadyCallback::Stale => Job::Stale,
            ReadyCallback::Call(called) => Job::Call(self.call(called, "callback")),
            ReadyCallback::Done(of) => Job::Done(self.awaited(of)),
        }
    }

    fn call(&mut self, called: &Called, kind: &str) -> Id {
        let address = Rc::as_ptr(&called.cell).addr();
        if let Some((id, _)) = self.known.get(&address) {
            return *id;
        }
        let label = self.numbered(kind);
        let object = Object { kind: ObjectKind::Call, label, created: called.created().into() };
        self.meet(address, Kept::Call(Rc::downgrade(&called.cell)), object)
    }

    fn stack(&mut self, address: usize) -> u64 {
        let next = self.stacks.len() as u64 + 1;
        *self.stacks.entry(address).or_insert(next)
    }

    fn meet(&mut self, address: usize, kept: Kept, object: Object) -> Id {
        self.met += 1;
        let id = Id(self.met);
        self.known.insert(address, (id, kept));
        self.objects.insert(id, object);
        id
    }

    /// `promise 2` for the second of this kind.
    fn numbered(&mut self, kind: &str) -> String {
        let count = self.named.entry(kind.to_owned()).or_default();
        *count += 1;
        format!("{kind} {count}")
    }

    // ---- names, and an end to what nobody speaks of

    fn name(&mut self, id: Id, task: &AnyTask) {
        let name = task.name();
        if let Some(Object { kind: ObjectKind::Task { name: before, coroutine }, label, .. }) =
            self.objects.get_mut(&id)
            && *before != name
        {
            *label = if *coroutine == name { name.clone() } else { format!("{coroutine} ({name})") };
            *before = name;
        }
    }

    /// A task may have been given a name since it was met.
    fn refresh_names(&mut self) {
        let alive: Vec<_> = self
            .known
            .values()
            .filter_map(|(id, kept)| match kept {
                Kept::Task(task) => task.upgrade().map(|task| (*id, AnyTask::new(task))),
                _ => None,
            })
            .collect();
        for (id, task) in alive {
            self.name(id, &task);
        }
    }

    fn sweep(&mut self) {
        self.known.retain(|_, (_, kept)| kept.alive());
        let mut spoken_of: BTreeSet<Id> = self.known.values().map(|(id, _)| *id).collect();
        self.ring.iter().for_each(|record| record.event.each_id(|id| _ = spoken_of.insert(id)));
        self.objects.retain(|id, _| spoken_of.contains(id));
        self.sweep_at = (2 * self.objects.len()).max(1024);
    }
}

/// `promise` of `<Promise pending>`, `gather` of `<Gather pending children=2>`.
fn kind_of(on: &Awaited) -> String {
    let text = format!("{on:?}");
    let word = |c: char| c.is_alphanumeric() || c == '_';
    text.trim_start_matches('<').chars().take_while(|c| word(*c)).collect::<String>().to_lowercase()
}

/// Addresses need no hashing but a mixing of their bits.
#[derive(Default)]
struct ByAddress(u64);

impl Hasher for ByAddress {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(26);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }
}
