//! The things that a recorder's events are about: numbered as they are met, forgotten when no record that is
//! kept speaks of them any more.
//!
//! This runs several times an event, so it copies no text: names and labels are made when a log is asked for.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::panic::Location;
use std::rc::{Rc, Weak};

use super::log::{Object, ObjectKind};
use super::record::{Id, Job};
use crate::callback::{Call, HandleCell};
use crate::name::Name;
use crate::observe::{Called, ReadyCallback};
use crate::target::{Awaited, Target, WeakTarget};
use crate::task::{AnyTask, TaskWeak};

type Map<K, V> = HashMap<K, V, BuildHasherDefault<Mixed>>;

/// So many of them before it is looked for the first time whether some can be forgotten.
const FEW: usize = 1024;

#[derive(Default)]
pub(super) struct Things {
    /// Those that may still live, by address. The weak pointer keeps the address from being given to another
    /// one.
    known: Map<usize, Known>,
    /// All that a record speaks of.
    all: Map<Id, Thing>,
    /// How many there were of each kind.
    counts: Vec<(&'static str, u64)>,
    stacks: Map<usize, u64>,
    met: u64,
    /// The number of the record that is being made.
    now: u64,
    /// How many there were after the last sweep.
    swept: usize,
}

struct Known {
    id: Id,
    weak: Kept,
    /// The last record that speaks of it.
    last: u64,
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

struct Thing {
    what: What,
    created: &'static Location<'static>,
    /// The last record that speaks of it, once it is no longer known.
    last: Option<u64>,
}

enum What {
    Task { number: u64, given: Option<Rc<str>>, coroutine: Name },
    Promise { kind: &'static str, number: u64 },
    Call { kind: &'static str, number: u64 },
}

impl Things {
    /// What follows is spoken of by this record.
    pub(super) fn now(&mut self, record: u64) {
        self.now = record;
    }

    pub(super) fn maybe(&mut self, task: &Option<AnyTask>) -> Option<Id> {
        task.as_ref().map(|task| self.task(task))
    }

    pub(super) fn task(&mut self, task: &AnyTask) -> Id {
        let task = &task.task;
        if let Some(id) = self.known(task.addr()) {
            return id;
        }
        let (number, given, coroutine) = (task.number(), task.given_name(), task.coroutine_name());
        let what = What::Task { number, given, coroutine };
        self.meet(task.addr(), Kept::Task(task.downgrade()), what, task.site())
    }

    pub(super) fn awaited(&mut self, on: &Awaited) -> Id {
        let address = on.target.addr();
        if let Some(id) = self.known(address) {
            return id;
        }
        if let Some(task) = on.task() {
            return self.task(&task);
        }
        let kind = on.target.kind();
        let what = What::Promise { kind, number: self.count(kind) };
        self.meet(address, Kept::Promise(on.target.downgrade()), what, on.created())
    }

    pub(super) fn job(&mut self, callback: &ReadyCallback) -> Job {
        match callback {
            ReadyCallback::Step(task) => Job::Step(self.task(task)),
            ReadyCallback::Stale => Job::Stale,
            ReadyCallback::Call(called) => Job::Call(self.call(called, "callback")),
            ReadyCallback::Done(of) => Job::Done(self.awaited(of)),
        }
    }

    pub(super) fn call(&mut self, called: &Called, kind: &'static str) -> Id {
        let address = called.call.addr();
        if let Some(id) = self.known(address) {
            return id;
        }
        let what = What::Call { kind, number: self.count(kind) };
        let kept = match &called.call {
            Call::Function(cell) => Kept::Call(Rc::downgrade(cell)),
            Call::Sleep(sleeper) => Kept::Promise(Target::from(sleeper.clone()).downgrade()),
        };
        self.meet(address, kept, what, called.created())
    }

    pub(super) fn stack(&mut self, address: usize) -> u64 {
        let next = self.stacks.len() as u64 + 1;
        *self.stacks.entry(address).or_insert(next)
    }

    /// A task may have been given a name since it was met.
    pub(super) fn name(&mut self, id: Id, task: &AnyTask) {
        let name = task.task.given_name();
        if name.is_some()
            && let Some(Thing { what: What::Task { given, .. }, .. }) = self.all.get_mut(&id)
        {
            *given = name;
        }
    }

    fn known(&mut self, address: usize) -> Option<Id> {
        let known = self.known.get_mut(&address)?;
        known.last = self.now;
        Some(known.id)
    }

    fn meet(&mut self, address: usize, weak: Kept, what: What, created: &'static Location<'static>) -> Id {
        self.met += 1;
        let id = Id(self.met);
        self.known.insert(address, Known { id, weak, last: self.now });
        self.all.insert(id, Thing { what, created, last: None });
        id
    }

    /// 2 for the second of this kind.
    fn count(&mut self, kind: &'static str) -> u64 {
        match self.counts.iter_mut().find(|(other, _)| *other == kind) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                self.counts.push((kind, 1));
                1
            }
        }
    }

    /// Forgets those that live no more and that no record from this one on speaks of: when there are twice as
    /// many as the last time, so that it costs each of them little.
    pub(super) fn sweep(&mut self, first: u64) {
        if self.all.len() < (2 * self.swept).max(FEW) {
            return;
        }
        self.known.retain(|_, known| {
            let alive = known.weak.alive();
            if !alive && let Some(thing) = self.all.get_mut(&known.id) {
                thing.last = Some(known.last);
            }
            alive
        });
        self.all.retain(|_, thing| thing.last.is_none_or(|last| last >= first));
        self.swept = self.all.len();
    }

    /// All of them, with the names that they have now.
    pub(super) fn objects(&mut self) -> BTreeMap<Id, Object> {
        let alive: Vec<_> = self
            .known
            .values()
            .filter_map(|known| match &known.weak {
                Kept::Task(task) => Some((known.id, AnyTask::new(task.upgrade()?))),
                _ => None,
            })
            .collect();
        for (id, task) in alive {
            self.name(id, &task);
        }
        self.all.iter().map(|(id, thing)| (*id, thing.object())).collect()
    }
}

impl Thing {
    fn object(&self) -> Object {
        let (kind, label) = match &self.what {
            What::Task { number, given, coroutine } => {
                let name = given.as_ref().map_or_else(|| format!("Task-{number}"), ToString::to_string);
                let coroutine = coroutine.to_string();
                let label = if coroutine == name { name.clone() } else { format!("{coroutine} ({name})") };
                (ObjectKind::Task { name, coroutine }, label)
            }
            What::Promise { kind, number } => {
                (ObjectKind::Promise, format!("{} {number}", kind.to_lowercase()))
            }
            What::Call { kind, number } => (ObjectKind::Call, format!("{kind} {number}")),
        };
        Object { kind, label, created: self.created.into() }
    }
}

/// Addresses and numbers need no hashing but a mixing of their bits.
#[derive(Default)]
struct Mixed(u64);

impl Hasher for Mixed {
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
