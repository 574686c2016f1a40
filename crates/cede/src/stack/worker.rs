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

use std::cell::{Cell, UnsafeCell};
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr::{self, NonNull};

use corosensei::{Coroutine, CoroutineResult, Yielder};

use super::ahead::{Place, fetch_head, fetch_unused};
use super::count_switch;
use super::head::label_at;
use super::here::here;
use super::label::Label;
use super::pool::{self, PooledStack};
use super::reservation::Reservation;
use super::settings::{StackError, size_of_class};

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

/// Calls the function that this points to.
///
/// # Safety
/// It points to a `&mut dyn FnMut()` that nobody else uses meanwhile.
unsafe fn call(function: NonNull<()>) {
    // SAFETY: as our caller says.
    let function = unsafe { function.cast::<&mut dyn FnMut()>().as_mut() };
    function();
}

/// A job that does nothing.
#[cfg(test)]
pub(super) fn nothing() -> Job {
    // SAFETY: what does nothing may be called with anything.
    unsafe { Job::new(NonNull::dangling(), |_| ()) }
}

/// What a worker is to do when it is given control.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// Run [`Root::job`].
    Run,
    /// Go on with the job that is suspended.
    Resume,
    /// Run [`Root::job`] on top of the one that is suspended, and stay so.
    Look,
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

/// What a worker consists of. Lies above the first frame of its own stack (`head.rs`).
///
/// In the order in which a switch needs it: the coroutine and what is looked at beside it fill one cache line.
#[repr(C)]
pub(super) struct Root {
    /// Touched by whoever has the [`Worker`], and by nobody on its stack.
    coroutine: UnsafeCell<ManuallyDrop<Coroutine<(), Answer, (), PooledStack>>>,
    /// Null until the stack's first frame is there.
    yielder: Cell<*const Yielder<(), Answer>>,
    /// How often the job that is being torn down has caught the unwinding, which [`Suspendable::suspend`] then
    /// repeats instead of switching; [`WHOLE`] if it is not torn down.
    unwinding: Cell<u32>,
    class: u8,
    status: Cell<WorkerStatus>,
    /// What control was given for. It lies here, and a switch carries nothing: a word would go through memory too, and
    /// be copied there.
    order: Cell<Order>,
    /// `thread::panicking()` of whoever gave control: those panics are not the job's.
    host_panicking: Cell<bool>,
    /// The lowest address the job may use.
    limit: usize,
    /// For an order that brings one.
    job: Cell<Option<Job>>,
}

/// The job is not being torn down.
const WHOLE: u32 = u32::MAX;

impl Root {
    fn yielder(&self) -> &Yielder<(), Answer> {
        // SAFETY: whoever asks runs on this worker's stack, at whose first frame the yielder is; that has set this.
        unsafe { &*self.yielder.get() }
    }

    fn is_whole(&self) -> bool {
        self.unwinding.get() == WHOLE
    }

    fn label(&self) -> &Label {
        // SAFETY: the label was written when the slot was made, and the stack is there as long as its root.
        unsafe { &*label_at(ptr::from_ref(self).addr()) }
    }

    /// Whether a panic or a teardown is leaving the job's frames.
    #[inline]
    fn refuses(&self) -> bool {
        std::thread::panicking() && !self.host_panicking.get()
    }

    fn take_job(&self) -> Job {
        self.job.take().expect("an order that brings a job")
    }

    /// The suspended job has control, but not to go on.
    #[cold]
    #[inline(never)]
    fn not_resumed(&self) {
        while self.order.get() == Order::Look {
            let look = self.take_job();
            if left() >= ROOM_TO_LOOK {
                look.run();
            }
            self.yielder().suspend(Answer::Suspended);
        }
        match self.order.get() {
            Order::Resume => {}
            Order::Unwind => {
                self.takes_control();
                self.unwind()
            }
            _ => unreachable!("a suspended worker is only resumed or unwound"),
        }
    }

    /// Control has come to the job.
    #[inline(always)]
    fn takes_control(&self) {
        RUNNING.set(self);
        self.host_panicking.set(std::thread::panicking());
    }

    /// Leaves the job's frames.
    #[cold]
    #[inline(never)]
    fn unwind(&self) -> ! {
        self.unwinding.set(0);
        resume_unwind(Box::new(Teardown))
    }

    /// The job has caught that, and suspends.
    #[cold]
    #[inline(never)]
    fn unwind_again(&self) {
        let times = self.unwinding.get();
        if times < PATIENCE {
            self.unwinding.set(times + 1);
            resume_unwind(Box::new(Teardown));
        }
    }
}

thread_local! {
    /// The root of the worker that runs on this thread, null when none does.
    static RUNNING: Cell<*const Root> = const { Cell::new(ptr::null()) };
}

/// A stack with a resident loop. Dropped while its job is suspended, it leaks the stack: nobody may run
/// the job's frames again, and nobody may reuse their memory.
pub(crate) struct Worker {
    /// Ours alone, but for what runs on the stack in which it lies.
    root: NonNull<Root>,
}

impl Worker {
    pub(crate) fn new(class: u8) -> Result<Worker, StackError> {
        let stack = pool::take(class)?;
        let root = NonNull::new(stack.root()).expect("no stack lies at address 0");
        let limit = stack.usable_from();
        let coroutine = Coroutine::with_stack(stack, move |yielder: &Yielder<_, _>, ()| {
            // SAFETY: the worker is given its first order after its root was written, and that stays until the
            // coroutine has returned.
            let root = unsafe { root.as_ref() };
            root.yielder.set(yielder);
            work(root);
        });
        let made = Root {
            coroutine: UnsafeCell::new(ManuallyDrop::new(coroutine)),
            yielder: Cell::new(ptr::null()),
            unwinding: Cell::new(WHOLE),
            class,
            status: Cell::new(WorkerStatus::Idle),
            order: Cell::new(Order::Run),
            host_panicking: Cell::new(false),
            limit,
            job: Cell::new(None),
        };
        // SAFETY: the head of a stack has room for this, aligned, and this stack is ours.
        unsafe { root.write(made) };
        Ok(Worker { root })
    }

    #[inline]
    fn root(&self) -> &Root {
        // SAFETY: written when the worker was made, and there until it is dropped.
        unsafe { self.root.as_ref() }
    }

    /// Runs a job until it ends or suspends.
    pub(crate) fn run(&mut self, job: Job) -> WorkerStatus {
        debug_assert_eq!(self.root().status.get(), WorkerStatus::Idle);
        self.root().job.set(Some(job));
        self.switch(Order::Run)
    }

    /// Goes on with a suspended job until it ends or suspends again.
    #[inline(always)]
    pub(crate) fn resume(&mut self) -> WorkerStatus {
        debug_assert_eq!(self.root().status.get(), WorkerStatus::Suspended);
        self.switch(Order::Resume)
    }

    /// Calls a function on the suspended job's stack, if that has room; the job notices nothing. It must
    /// neither await nor unwind.
    pub(crate) fn look(&mut self, mut look: impl FnMut()) {
        debug_assert_eq!(self.root().status.get(), WorkerStatus::Suspended);
        let mut look: &mut dyn FnMut() = &mut look;
        // SAFETY: that is what it points to, and it stays here until the switch has come back.
        let job = unsafe { Job::new(NonNull::from(&mut look).cast(), call) };
        self.root().job.set(Some(job));
        self.switch(Order::Look);
    }

    /// Leaves the suspended job by unwinding. Still suspended afterwards, it resists and must be leaked.
    pub(crate) fn unwind(&mut self) -> WorkerStatus {
        debug_assert_eq!(self.root().status.get(), WorkerStatus::Suspended);
        self.switch(Order::Unwind)
    }

    /// Tells its stack from others.
    pub(crate) fn id(&self) -> usize {
        self.root.addr().get()
    }

    pub(crate) fn class(&self) -> u8 {
        self.root().class
    }

    pub(crate) fn label(&self) -> &Label {
        self.root().label()
    }

    /// Has its stack brought to the cache, as much of it as a resumption will need first.
    #[inline]
    pub(crate) fn fetch(&self, parked: Place, waits: bool) {
        fetch_head(self.root.addr().get());
        parked.fetch(waits);
    }

    /// The same of an idle one's stack, for the job that it will be given.
    #[inline]
    pub(crate) fn fetch_idle(&self) {
        fetch_unused(self.root.addr().get());
    }

    #[inline(always)]
    fn switch(&mut self, order: Order) -> WorkerStatus {
        let outer = RUNNING.get();
        count_switch();
        let root = self.root();
        root.order.set(order);
        // SAFETY: nobody else has this worker, and its own stack does not look at the coroutine.
        let answer = unsafe { &mut *root.coroutine.get() }.resume(());
        RUNNING.set(outer);
        let status = match answer {
            CoroutineResult::Yield(Answer::Suspended) => WorkerStatus::Suspended,
            CoroutineResult::Yield(Answer::Idle) | CoroutineResult::Return(()) => WorkerStatus::Idle,
        };
        root.status.set(status);
        status
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if self.root().status.get() == WorkerStatus::Suspended {
            return;
        }
        self.switch(Order::Exit);
        // SAFETY: nobody else has this worker.
        let coroutine = unsafe { &mut *self.root().coroutine.get() };
        // SAFETY: it has returned, so dropping it only gives the stack back; nobody uses it again, for we are being
        // dropped. It is moved out of that stack first.
        drop(unsafe { ManuallyDrop::take(coroutine) });
    }
}

/// The body of every worker.
fn work(root: &Root) {
    while root.order.get() == Order::Run {
        let job = root.take_job();
        root.unwinding.set(WHOLE);
        root.takes_control();
        // A job catches its own panics; this is for those of its captures' destructors.
        if catch_unwind(AssertUnwindSafe(|| job.run())).is_err() {
            eprintln!("cede: a destructor panicked after its task had ended; the task's result stands");
        }
        root.yielder().suspend(Answer::Idle);
    }
}

/// How much of a stack must be left for a look at it: reading a backtrace takes a few KiB.
const ROOM_TO_LOOK: usize = 12 * 1024;

/// Bytes left on the stack that we are on: a worker's, or that of a generator which the job runs.
fn left() -> usize {
    let here = here();
    let stack = Reservation::global().ok().and_then(|reservation| reservation.stack_at(here));
    stack.map_or(0, |slot| here.saturating_sub(slot.usable_from()))
}

/// The running job, which can be suspended.
pub(crate) struct Suspendable<'a> {
    root: &'a Root,
}

/// The running job, if it can be suspended.
///
/// # Errors
/// When no job runs here, or its stack is being unwound.
#[inline]
pub(crate) fn suspendable<'a>() -> Result<Suspendable<'a>, Refused> {
    // SAFETY: null, or the root of the worker that runs now: we are on its stack, and so is whoever has what we
    // give.
    match unsafe { RUNNING.get().as_ref() } {
        None => Err(Refused::NotInTask),
        Some(root) if root.refuses() => Err(Refused::Unwinding),
        Some(root) => Ok(Suspendable { root }),
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
    // SAFETY: null, or the root of the worker that runs now: we are on its stack.
    let root = unsafe { RUNNING.get().as_ref() }?;
    let here = here();
    // The root is above the first frame.
    if here >= ptr::from_ref(root).addr() || !root.is_whole() || root.refuses() {
        return None;
    }
    let left = here.checked_sub(root.limit)?;
    let top = root.limit + size_of_class(root.class);
    Some(look(Below { left, from: root.limit, top, class: root.class, label: root.label() }))
}

impl Suspendable<'_> {
    /// Where lies what it will need first when it goes on.
    #[inline(always)]
    pub(crate) fn place(&self) -> Place {
        let frame = 0u8;
        Place::of(&frame)
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
        let root = self.root;
        if !root.is_whole() {
            root.unwind_again();
        }
        // We run on this worker's stack, or on a generator's stack resumed from it, which is suspended with it.
        root.yielder().suspend(Answer::Suspended);
        if root.order.get() != Order::Resume {
            root.not_resumed();
        }
        root.takes_control();
    }
}
