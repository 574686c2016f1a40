//! Workers: the coroutines that tasks run on.
//!
//! A worker is a stack with a loop on it: it takes a job, runs it, and is idle until it is given the next.
//! A job that never suspends costs one switch there and one back; only a job that suspends keeps its
//! worker.
//!
//! ```text
//!            run(job)                    resume()
//!   idle ───────────────► running ◄──────────────── suspended
//!    ▲                     │   │                        ▲
//!    └──── job returned ───┘   └───── suspend() ────────┘
//! ```

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::{self, NonNull};
use std::rc::Rc;

use corosensei::{Coroutine, CoroutineResult, Yielder};

use super::ahead::Place;
use super::count_switch;
use super::label::Label;
use super::pool::{self, PooledStack};
use super::settings::{StackError, size_of_class};
use crate::generator::innermost;

/// What a worker runs: a function and what it is given. Dropped without being run, it leaks that.
pub(crate) struct Job {
    data: NonNull<()>,
    run: unsafe fn(NonNull<()>),
}

impl Job {
    /// # Safety
    /// `run` may be called with `data`, once, on this thread.
    pub(crate) unsafe fn new(data: NonNull<()>, run: unsafe fn(NonNull<()>)) -> Self {
        Job { data, run }
    }

    fn run(self) {
        // SAFETY: `new` was promised that it may be called once; this takes the job.
        unsafe { (self.run)(self.data) }
    }
}

/// A job that does nothing.
#[cfg(test)]
pub(super) fn nothing() -> Job {
    // SAFETY: what does nothing may be called with anything.
    unsafe { Job::new(NonNull::dangling(), |_| ()) }
}

enum Order {
    Run(Job),
    Resume,
    /// Call this on the job's stack, and stay suspended.
    Look(Rc<dyn Fn()>),
    /// Leave the job by unwinding: its loop is closing.
    Unwind,
    /// End the worker.
    Exit,
}

enum Answer {
    Idle,
    Suspended,
}

/// How a worker stands after it was given control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WorkerStatus {
    /// The job is over; another may be run.
    Idle,
    /// The job waits for [`Worker::resume`].
    Suspended,
}

/// Why the running code cannot be suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// No task runs here.
    NotInTask,
    /// A panic or a teardown is unwinding this stack.
    Unwinding,
}

/// The payload that leaves a task's frames when its loop closes. No panic hook sees it.
pub(crate) struct Teardown;

/// How often a job that is torn down may catch the unwinding and suspend again.
pub(crate) const PATIENCE: u32 = 1_000;

/// What [`suspend`] must know of the worker that runs; lives on the worker's own stack.
struct Record {
    yielder: *const Yielder<Order, Answer>,
    /// The lowest address the job may use.
    limit: usize,
    label: *const Label,
    class: u8,
    /// `thread::panicking()` of whoever gave control: those panics are not the job's.
    host_panicking: Cell<bool>,
    /// The job is being torn down: [`suspend`] unwinds instead of switching. Counts how often it did.
    unwinding: Cell<Option<u32>>,
}

impl Record {
    fn yielder(&self) -> &Yielder<Order, Answer> {
        // SAFETY: the record lives on the stack at whose root the yielder is, in a frame above it.
        unsafe { &*self.yielder }
    }

    /// Bytes left on the stack, seen from here.
    fn left(&self) -> usize {
        let here = 0u8;
        ptr::from_ref(&here).addr().saturating_sub(self.limit)
    }

    /// Whether a panic or a teardown is leaving the job's frames.
    #[inline]
    fn refuses(&self) -> bool {
        std::thread::panicking() && !self.host_panicking.get()
    }

    /// The job, suspended, was given this order, which is not to go on: that which is, or to unwind.
    #[cold]
    #[inline(never)]
    fn not_resumed(&self, order: Order) -> Order {
        let mut order = order;
        while let Order::Look(look) = order {
            if self.left() >= ROOM_TO_LOOK {
                look();
            }
            drop(look);
            order = self.yielder().suspend(Answer::Suspended);
        }
        assert!(
            matches!(order, Order::Resume | Order::Unwind),
            "a suspended worker is only resumed or unwound"
        );
        order
    }

    /// Leaves the job's frames.
    #[cold]
    #[inline(never)]
    fn unwind(&self) -> ! {
        self.unwinding.set(Some(0));
        resume_unwind(Box::new(Teardown))
    }

    /// The job has caught that, and suspends.
    #[cold]
    #[inline(never)]
    fn unwind_again(&self) {
        if let Some(times) = self.unwinding.get()
            && times < PATIENCE
        {
            self.unwinding.set(Some(times + 1));
            resume_unwind(Box::new(Teardown));
        }
    }
}

thread_local! {
    /// The record of the worker that runs on this thread, null when none does.
    static RUNNING: Cell<*const Record> = const { Cell::new(ptr::null()) };
}

/// A stack with a resident loop. Dropped while its job is suspended, it leaks the stack: nobody may run
/// the job's frames again, and nobody may reuse their memory.
pub(crate) struct Worker {
    coroutine: ManuallyDrop<Coroutine<Order, Answer, (), PooledStack>>,
    label: *const Label,
    class: u8,
    status: WorkerStatus,
}

impl Worker {
    pub(crate) fn new(class: u8) -> Result<Worker, StackError> {
        let stack = pool::take(class)?;
        let label = ptr::from_ref(stack.label());
        let limit = stack.usable_from();
        let coroutine =
            ManuallyDrop::new(Coroutine::with_stack(stack, move |yielder: &Yielder<_, _>, order| {
                work(
                    Record {
                        yielder,
                        limit,
                        label,
                        class,
                        host_panicking: Cell::new(false),
                        unwinding: Cell::new(None),
                    },
                    order,
                );
            }));
        Ok(Worker { coroutine, label, class, status: WorkerStatus::Idle })
    }

    /// Runs a job until it ends or suspends.
    pub(crate) fn run(&mut self, job: Job) -> WorkerStatus {
        debug_assert_eq!(self.status, WorkerStatus::Idle);
        self.switch(Order::Run(job))
    }

    /// Goes on with a suspended job until it ends or suspends again.
    #[inline(always)]
    pub(crate) fn resume(&mut self) -> WorkerStatus {
        debug_assert_eq!(self.status, WorkerStatus::Suspended);
        self.switch(Order::Resume)
    }

    /// Calls a function on the suspended job's stack, if that has room; the job notices nothing. It must
    /// neither await nor unwind.
    pub(crate) fn look(&mut self, look: Rc<dyn Fn()>) {
        debug_assert_eq!(self.status, WorkerStatus::Suspended);
        self.switch(Order::Look(look));
    }

    /// Leaves the suspended job by unwinding. Still suspended afterwards, it resists and must be leaked.
    pub(crate) fn unwind(&mut self) -> WorkerStatus {
        debug_assert_eq!(self.status, WorkerStatus::Suspended);
        self.switch(Order::Unwind)
    }

    /// Tells its stack from others.
    pub(crate) fn id(&self) -> usize {
        self.label.addr()
    }

    pub(crate) fn class(&self) -> u8 {
        self.class
    }

    pub(crate) fn label(&self) -> &Label {
        // SAFETY: the stack is inside our coroutine and lives as long as we do.
        unsafe { &*self.label }
    }

    #[inline(always)]
    fn switch(&mut self, order: Order) -> WorkerStatus {
        let (outer, generator) = (RUNNING.get(), innermost::get());
        innermost::set(ptr::null());
        count_switch();
        let answer = self.coroutine.resume(order);
        RUNNING.set(outer);
        innermost::set(generator);
        self.status = match answer {
            CoroutineResult::Yield(Answer::Suspended) => WorkerStatus::Suspended,
            CoroutineResult::Yield(Answer::Idle) | CoroutineResult::Return(()) => WorkerStatus::Idle,
        };
        self.status
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if self.status == WorkerStatus::Suspended {
            return;
        }
        self.switch(Order::Exit);
        // SAFETY: the coroutine has returned, so dropping it only gives the stack back; it is not used
        // again, for we are being dropped.
        unsafe { ManuallyDrop::drop(&mut self.coroutine) };
    }
}

/// The body of every worker.
fn work(record: Record, mut order: Order) {
    while let Order::Run(job) = order {
        record.host_panicking.set(std::thread::panicking());
        record.unwinding.set(None);
        RUNNING.set(&record);
        // A job catches its own panics; this is for those of its captures' destructors.
        if catch_unwind(AssertUnwindSafe(|| job.run())).is_err() {
            eprintln!("cede: a destructor panicked after its task had ended; the task's result stands");
        }
        order = record.yielder().suspend(Answer::Idle);
    }
}

/// How much of a stack must be left for a look at it: reading a backtrace takes a few KiB.
const ROOM_TO_LOOK: usize = 12 * 1024;

/// The running job, which can be suspended.
pub(crate) struct Suspendable<'a> {
    record: &'a Record,
}

/// The running job, if it can be suspended.
///
/// # Errors
/// When no job runs here, or its stack is being unwound.
#[inline]
pub(crate) fn suspendable<'a>() -> Result<Suspendable<'a>, Refused> {
    // SAFETY: null, or the record on the stack of the worker that runs now: we are above its frame, and so is
    // whoever has what we give.
    match unsafe { RUNNING.get().as_ref() } {
        None => Err(Refused::NotInTask),
        Some(record) if record.refuses() => Err(Refused::Unwinding),
        Some(record) => Ok(Suspendable { record }),
    }
}

/// The stack of the running worker, for a job that is to run on top of the one that runs.
pub(crate) struct Below<'a> {
    /// Bytes left on it.
    pub(crate) left: usize,
    /// Its lowest address, and one past its highest.
    pub(super) from: usize,
    pub(super) top: usize,
    pub(crate) class: u8,
    pub(crate) label: &'a Label,
}

/// Looks at the running worker's stack; `None` where a job may not run on top: no worker runs, or its job is
/// inside a generator, or it is being unwound.
pub(crate) fn below<R>(look: impl FnOnce(Below<'_>) -> R) -> Option<R> {
    // SAFETY: null, or the record on the stack of the worker that runs now: we are above its frame.
    let record = unsafe { RUNNING.get().as_ref() }?;
    if !innermost::get().is_null() || record.unwinding.get().is_some() || record.refuses() {
        return None;
    }
    let here = 0u8;
    let left = ptr::from_ref(&here).addr().checked_sub(record.limit)?;
    // SAFETY: the label lies at the top of the very stack we run on.
    let label = unsafe { &*record.label };
    let top = record.limit + size_of_class(record.class);
    Some(look(Below { left, from: record.limit, top, class: record.class, label }))
}

impl Suspendable<'_> {
    /// Where lies what it will need first when it goes on.
    #[inline(always)]
    pub(crate) fn place(&self) -> Place {
        let frame = 0u8;
        Place::new(
            ptr::from_ref(&frame).addr(),
            ptr::from_ref(self.record).addr(),
            self.record.yielder.addr(),
        )
    }

    /// Suspends it; comes back when its worker is resumed.
    ///
    /// Inlined into whoever awaits, and what is rare out of line: the switch back to whoever gave control is a
    /// `ret`, and the processor foretells where that goes only if every call on this stack since we were given
    /// control has returned. Each frame between the await and the switch is a wrong guess, here and there.
    ///
    /// # Panics
    /// Unwinds the job's frames, without calling the panic hook, when its loop closes.
    #[inline(always)]
    pub(crate) fn suspend(self) {
        let record = self.record;
        if record.unwinding.get().is_some() {
            record.unwind_again();
        }
        let generator = innermost::get();
        // We run on this worker's stack, or on a generator's stack resumed from it, which is suspended with it.
        let mut order = record.yielder().suspend(Answer::Suspended);
        if !matches!(order, Order::Resume) {
            order = record.not_resumed(order);
        }
        RUNNING.set(record);
        innermost::set(generator);
        record.host_panicking.set(std::thread::panicking());
        if matches!(order, Order::Unwind) {
            record.unwind();
        }
    }
}
