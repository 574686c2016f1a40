//! A program of tasks: what its JSON says, as types. `tests/conformance/oracle.py` defines what each operation does.

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::reader::{self, OpReader};

/// What the tasks of a run do, and how many things of each kind they share.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) bodies: Vec<Block>,
    pub(super) shared: Shared,
}

/// How many promises, events, … a program uses.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) promises: usize,
    pub(super) events: usize,
    pub(super) locks: usize,
    /// The first value of each semaphore.
    pub(super) semaphores: Vec<usize>,
    pub(super) conditions: usize,
    /// The greatest size of each queue.
    pub(super) queues: Vec<usize>,
}

pub(super) type Block = Vec<Op>;

/// One operation. A task is named by its number among those started so far, modulo how many there are;
/// a time is in whole units of the virtual clock.
#[derive(Debug)]
pub(super) enum Op {
    // core
    Yield,
    Sleep(u64),
    Spawn(usize),
    AwaitTask(usize),
    AwaitCoroutine(usize),
    Cancel(usize),
    Raise(i64),
    Return(Value),
    Try(Catch, Block),
    Finally(Block, Block),
    // future
    FutureSet(usize),
    FutureException(usize),
    FutureCancel(usize),
    AwaitFuture(usize),
    FutureCallback(usize),
    // callback
    CallSoon,
    CallLater(u64),
    TaskCallback(usize),
    TimerCancel(usize),
    // turn
    SpawnAwait(usize),
    CallNow,
    SoonChain(u64),
    CallbackSpawn(usize),
    CallbackCancel(usize),
    // uncancel
    Uncancel,
    Cancelling,
    // sync
    EventWait(usize),
    EventSet(usize),
    EventClear(usize),
    Lock(usize, Block),
    Semaphore(usize, Block),
    ConditionWait(usize),
    ConditionNotify(usize, usize),
    QueuePut(usize),
    QueueGet(usize),
    // combo
    Gather { return_exceptions: bool, bodies: Vec<usize> },
    Wait { when: When, timeout: Option<u64>, tasks: Vec<usize> },
    Shield(usize),
    // timeout, wait_for, group
    Timeout(u64, Block),
    WaitFor(u64, usize),
    Group(Vec<usize>, Block),
}

/// Which exceptions a `try` keeps; it catches all but `return`, and raises again those it does not keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Catch {
    /// All but a cancellation.
    Errors,
    /// A cancellation alone.
    Cancellation,
    All,
}

/// When a `wait` has waited long enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    FirstCompleted,
    FirstException,
    AllCompleted,
}

impl Program {
    pub(super) fn parse(program: &Value) -> Result<Self> {
        let shared = Shared::parse(program)?;
        let bodies = reader::bodies(program, |op, here, bodies| {
            parse_op(&op, &Scope { here, bodies, shared: &shared })
        })?;
        Ok(Self { bodies, shared })
    }
}

impl Shared {
    fn parse(program: &Value) -> Result<Self> {
        let count = |name: &str| {
            program[name]
                .as_u64()
                .and_then(|n| usize::try_from(n).ok())
                .with_context(|| format!("the program's `{name}` is no whole number"))
        };
        let counts = |name: &str| {
            program[name]
                .as_array()
                .and_then(|list| {
                    list.iter().map(|n| usize::try_from(n.as_u64()?).ok()).collect::<Option<Vec<_>>>()
                })
                .with_context(|| format!("the program's `{name}` is no list of whole numbers"))
        };
        Ok(Self {
            promises: count("futures")?,
            events: count("events")?,
            locks: count("locks")?,
            semaphores: counts("sems")?,
            conditions: count("conds")?,
            queues: counts("queues")?,
        })
    }
}

/// What an operation may name: the bodies after its own, and what the program shares.
struct Scope<'a> {
    here: usize,
    bodies: usize,
    shared: &'a Shared,
}

fn parse_op(op: &OpReader<'_>, scope: &Scope<'_>) -> Result<Op> {
    let block = |at| op.block(at, |inner| parse_op(&inner, scope));
    let body = |at| op.later_body(at, scope.here, scope.bodies);
    let promise = || op.one_of(0, "future", scope.shared.promises);
    let event = || op.one_of(0, "event", scope.shared.events);
    let lock = || op.one_of(0, "lock", scope.shared.locks);
    let semaphore = || op.one_of(0, "semaphore", scope.shared.semaphores.len());
    let condition = || op.one_of(0, "condition", scope.shared.conditions);
    let queue = || op.one_of(0, "queue", scope.shared.queues.len());
    let (arguments, parsed) = match op.name() {
        "yield" => (0, Op::Yield),
        "sleep" => (1, Op::Sleep(op.whole(0)?)),
        "spawn" => (1, Op::Spawn(body(0)?)),
        "await_task" => (1, Op::AwaitTask(op.index(0)?)),
        "await_coro" => (1, Op::AwaitCoroutine(body(0)?)),
        "cancel" => (1, Op::Cancel(op.index(0)?)),
        "raise" => (1, Op::Raise(op.integer(0)?)),
        "return" => (1, Op::Return(op.integer(0)?.into())),
        "try" => (2, Op::Try(op.word(0, CATCHES)?, block(1)?)),
        "finally" => (2, Op::Finally(block(0)?, block(1)?)),
        "fut_set" => (1, Op::FutureSet(promise()?)),
        "fut_exc" => (1, Op::FutureException(promise()?)),
        "fut_cancel" => (1, Op::FutureCancel(promise()?)),
        "await_fut" => (1, Op::AwaitFuture(promise()?)),
        "fut_cb" => (1, Op::FutureCallback(promise()?)),
        "call_soon" => (0, Op::CallSoon),
        "call_later" => (1, Op::CallLater(op.whole(0)?)),
        "task_cb" => (1, Op::TaskCallback(op.index(0)?)),
        "timer_cancel" => (1, Op::TimerCancel(op.index(0)?)),
        "spawn_await" => (1, Op::SpawnAwait(body(0)?)),
        "call_now" => (0, Op::CallNow),
        "soon_chain" => (1, Op::SoonChain(op.whole(0)?)),
        "cb_spawn" => (1, Op::CallbackSpawn(body(0)?)),
        "cb_cancel" => (1, Op::CallbackCancel(op.index(0)?)),
        "uncancel" => (0, Op::Uncancel),
        "cancelling" => (0, Op::Cancelling),
        "ev_wait" => (1, Op::EventWait(event()?)),
        "ev_set" => (1, Op::EventSet(event()?)),
        "ev_clear" => (1, Op::EventClear(event()?)),
        "lock" => (2, Op::Lock(lock()?, block(1)?)),
        "sem" => (2, Op::Semaphore(semaphore()?, block(1)?)),
        "cond_wait" => (1, Op::ConditionWait(condition()?)),
        "cond_notify" => (2, Op::ConditionNotify(condition()?, op.index(1)?)),
        "q_put" => (1, Op::QueuePut(queue()?)),
        "q_get" => (1, Op::QueueGet(queue()?)),
        "gather" => {
            let bodies = op.later_bodies(1, scope.here, scope.bodies)?;
            (2, Op::Gather { return_exceptions: op.boolean(0)?, bodies })
        }
        "wait" => {
            let (when, timeout) = (op.word(0, WHENS)?, op.optional_whole(1)?);
            (3, Op::Wait { when, timeout, tasks: op.indices(2)? })
        }
        "shield" => (1, Op::Shield(op.index(0)?)),
        "timeout" => (2, Op::Timeout(op.whole(0)?, block(1)?)),
        "wait_for" => (2, Op::WaitFor(op.whole(0)?, body(1)?)),
        "tg" => (2, Op::Group(op.later_bodies(0, scope.here, scope.bodies)?, block(1)?)),
        unknown => bail!("unknown op `{unknown}`"),
    };
    op.takes(arguments)?;
    Ok(parsed)
}

const CATCHES: &[(&str, Catch)] =
    &[("err", Catch::Errors), ("cancel", Catch::Cancellation), ("all", Catch::All)];

const WHENS: &[(&str, When)] = &[
    ("FIRST_COMPLETED", When::FirstCompleted),
    ("FIRST_EXCEPTION", When::FirstException),
    ("ALL_COMPLETED", When::AllCompleted),
];
