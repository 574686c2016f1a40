//! io_uring: the kernel reads and writes by itself, from and into the bytes that a task has lent.
//!
//! ```text
//!   a task reads        Source::receive ──► Flight: an operation is queued, the task parks    (transfer.rs)
//!   the loop sleeps     Ring::sleep ──► one system call: hand over what is queued, wait       (mod.rs)
//!   the kernel reads    … into the bytes on the task's own stack, and answers
//!   the answer          Ring::deliver ──► Direction: the task is queued
//!   the task goes on    Flight::finish: so many bytes                                         (flight.rs)
//! ```
//!
//! Why it may be lent bytes that it does not own is written down in `docs/design.md`, "Why may the kernel read
//! into borrowed bytes?". What must hold for it, here:
//!
//! 1. **A frame that has lent bytes is left only when the kernel is done with them.** A [`Flight`](flight::Flight)
//!    stands in that frame. However it is left, that takes the operation back and *waits for the kernel's
//!    answer*; if the kernel cannot be asked, the process ends.
//! 2. **A frame that is never left** (its stack is leaked) has its operation taken back by whoever gives it up
//!    (`TargetCell::abandoned`), for the bytes may belong to another frame below.
//! 3. **The kernel touches the bytes only inside our own system calls** on this ring, for work on it is deferred
//!    to them (`DEFER_TASKRUN`). Where the kernel cannot do that, there is no ring. This is a second wall, for
//!    loops that are forgotten with all their frames; the first two do not lean on it.
//!
//! Answers find their operation by a generational key. Nothing is allocated an operation.
//!
//! Everything else that ends a sleep (other threads, signals, watches) is the selector's, as without a ring; the
//! ring watches the selector's own descriptor.

mod flight;
#[cfg(test)]
mod tests;
mod transfer;

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::time::Duration;

use io_uring::{IoUring, opcode, squeue, types};
use slotmap::{Key, KeyData, SlotMap};

use super::direction::Direction;
use super::happened::{Happened, Sleep};
use super::selector::Selector;
use crate::outcome::Outcome;
use crate::this_process;

slotmap::new_key_type! {
    /// An operation: a place and a generation.
    pub(super) struct OperationKey;
}

/// How many operations are handed over at once; more are handed over in parts. And how many answers wait for us
/// before the kernel keeps them elsewhere.
const ENTRIES: u32 = 1_024;
const ANSWERS: u32 = 4 * ENTRIES;

/// Answers that are no operation's. No key of a slotmap is one of them.
const SELECTOR: u64 = u64::MAX;
const WITHDRAWAL: u64 = u64::MAX - 1;

/// The longest sleep that the kernel is asked for; the loop goes on sleeping after it.
const LONGEST: Duration = Duration::from_secs(1 << 31);

/// How often the kernel may say that it has no memory before an operation that must be taken back ends the
/// process.
const PATIENCE: u32 = 10_000;

/// One ring, of one loop.
pub(super) struct Ring {
    queues: RefCell<IoUring>,
    operations: RefCell<SlotMap<OperationKey, Operation>>,
    /// Those with an answer that nobody was told of yet.
    finished: RefCell<Vec<OperationKey>>,
    /// The kernel watches the selector; the selector has something to tell.
    watching: Cell<bool>,
    selector_told: Cell<bool>,
    /// The process that made it.
    process: u32,
}

/// What the kernel was asked to do.
struct Operation {
    /// Who waits for it.
    direction: Rc<Direction>,
    answer: Option<Answer>,
}

/// What the kernel says of an operation when it is done with it.
#[derive(Clone, Copy, Debug)]
struct Answer {
    /// A count, or events; or an error's number, negative.
    result: i32,
    flags: u32,
}

impl Answer {
    /// Nothing was done.
    const WITHDRAWN: Self = Answer { result: -libc::ECANCELED, flags: 0 };
}

impl Ring {
    pub(super) fn new() -> io::Result<Self> {
        #[cfg(test)]
        let (entries, answers) = tests::SIZES.get().unwrap_or((ENTRIES, ANSWERS));
        #[cfg(not(test))]
        let (entries, answers) = (ENTRIES, ANSWERS);
        let queues = IoUring::builder()
            .setup_single_issuer()
            .setup_defer_taskrun() // rule 3; since Linux 6.1, which has all else that we need
            .setup_taskrun_flag()
            .setup_submit_all()
            .setup_cqsize(answers)
            .build(entries)
            .map_err(|error| {
                io::Error::new(error.kind(), format!("io_uring: the kernel gives no ring: {error}"))
            })?;
        Ok(Ring {
            queues: RefCell::new(queues),
            operations: RefCell::default(),
            finished: RefCell::default(),
            watching: Cell::new(false),
            selector_told: Cell::new(false),
            process: this_process::id(),
        })
    }

    /// Sleeps until something happens, hands over meanwhile what is queued, and tells of each descriptor of the
    /// selector by its token. [`deliver`](Self::deliver) tells of operations.
    pub(super) fn sleep(
        &self,
        sleep: Sleep,
        selector: &Selector,
        tell: impl FnMut(u64, Happened),
    ) -> io::Result<()> {
        if !self.watching.get() {
            let fd = types::Fd(selector.fd().as_raw_fd());
            let events = opcode::PollAdd::new(fd, u32::from(libc::POLLIN as u16));
            // SAFETY: it refers to no memory.
            unsafe { self.push(&events.build().user_data(SELECTOR)) }?;
            self.watching.set(true);
        }
        match sleep {
            _ if self.has_news() => self.enter(0, None)?,
            Sleep::No if self.is_quiet() => {}
            Sleep::No => self.enter(0, None)?,
            Sleep::Until { left, .. } if left.is_zero() => self.enter(0, None)?,
            Sleep::Until { left, .. } => self.enter(1, Some(left.min(LONGEST)))?,
            Sleep::Forever => self.enter(1, None)?,
        }
        self.take_answers();
        if self.selector_told.take() {
            selector.wait(Sleep::No, tell)?;
        }
        Ok(())
    }

    /// Wakes those whose operations have an answer. How many these were.
    pub(super) fn deliver(&self) -> usize {
        let mut finished = self.finished.take();
        let mut told = 0;
        for key in finished.drain(..) {
            let direction = self.operations.borrow().get(key).map(|operation| operation.direction.clone());
            if let Some(direction) = direction {
                told += 1;
                direction.wake(Outcome::Finished); // an observer is told: outside the borrow
            }
        }
        let mut now = self.finished.borrow_mut();
        if now.is_empty() {
            *now = finished; // its memory serves again
        }
        told
    }

    /// Takes an operation back whose frame is never left, and waits until the kernel is done with it.
    pub(super) fn abandon(&self, key: OperationKey) {
        self.withdraw(key);
    }

    /// Takes an operation back, and waits until the kernel is done with it: what it has answered.
    fn withdraw(&self, key: OperationKey) -> Answer {
        let answer = self.settle(key);
        let operation = self.operations.borrow_mut().remove(key);
        drop(operation); // outside the borrow
        answer
    }

    /// Takes all operations back. Their answers wait for those who stand in their frames.
    pub(super) fn settle_all(&self) {
        let keys: Vec<_> = self.operations.borrow().keys().collect();
        for key in keys {
            self.settle(key);
        }
    }

    /// Queues an operation for this direction.
    ///
    /// # Safety
    /// What the entry refers to stays as it is until the operation is [taken](Self::take) or
    /// [withdrawn](Self::withdraw).
    unsafe fn begin(&self, entry: squeue::Entry, direction: &Rc<Direction>) -> io::Result<OperationKey> {
        let operation = Operation { direction: direction.clone(), answer: None };
        let key = self.operations.borrow_mut().insert(operation);
        // SAFETY: the caller's promise, for it learns the key; nobody else knows it.
        let pushed = unsafe { self.push(&entry.user_data(key.data().as_ffi())) };
        if let Err(error) = pushed {
            let operation = self.operations.borrow_mut().remove(key);
            drop(operation);
            return Err(error);
        }
        Ok(key)
    }

    /// The answer, if there is one; then the key is stale.
    fn take(&self, key: OperationKey) -> Option<Answer> {
        let mut operations = self.operations.borrow_mut();
        let answer = operations.get(key)?.answer?;
        let operation = operations.remove(key);
        drop(operations);
        drop(operation);
        Some(answer)
    }

    /// Waits until there is an answer, for which the operation is asked to end.
    fn settle(&self, key: OperationKey) -> Answer {
        if self.process != this_process::id() {
            return Answer::WITHDRAWN; // it is the parent's, and so are the bytes
        }
        let (mut asked, mut refused) = (false, 0);
        loop {
            self.take_answers();
            match self.operations.borrow().get(key) {
                None => return Answer::WITHDRAWN,
                Some(Operation { answer: Some(answer), .. }) => return *answer,
                Some(_) => {}
            }
            let entered = match asked {
                true => Ok(()),
                false => self.ask_to_end(key),
            };
            asked |= entered.is_ok();
            // Answers of others end it early.
            match entered.and_then(|()| self.enter(1, None)) {
                Ok(()) => {}
                Err(error) if refused < PATIENCE && is_want(&error) => {
                    refused += 1;
                    std::thread::yield_now();
                }
                Err(error) => cannot_withdraw(&error),
            }
        }
    }

    fn ask_to_end(&self, key: OperationKey) -> io::Result<()> {
        let entry = opcode::AsyncCancel::new(key.data().as_ffi()).build().user_data(WITHDRAWAL);
        // SAFETY: it refers to no memory.
        unsafe { self.push(&entry) }
    }

    /// Queues an entry; hands over what is queued already when there is no room.
    ///
    /// # Safety
    /// What the entry refers to stays as it is until the kernel has answered it.
    unsafe fn push(&self, entry: &squeue::Entry) -> io::Result<()> {
        loop {
            // SAFETY: the caller's promise.
            let pushed = unsafe { self.queues.borrow_mut().submission().push(entry) };
            if pushed.is_ok() {
                return Ok(());
            }
            self.enter(0, None)?;
            self.take_answers(); // the kernel may want room for more
        }
    }

    /// The one system call: hands over what is queued, and waits for so many answers, no longer than this. A
    /// signal ends it early, and so does a lack of room for answers.
    fn enter(&self, answers: usize, limit: Option<Duration>) -> io::Result<()> {
        let queues = self.queues.borrow();
        let entered = match limit {
            None => queues.submit_and_wait(answers),
            Some(limit) => {
                let limit = types::Timespec::from(limit);
                let arguments = types::SubmitArgs::new().timespec(&limit);
                queues.submitter().submit_with_args(answers, &arguments)
            }
        };
        match entered {
            Ok(_) => Ok(()),
            Err(error) => match error.raw_os_error() {
                Some(libc::ETIME | libc::EINTR | libc::EBUSY) => Ok(()),
                _ => Err(error),
            },
        }
    }

    /// Whether something is known that nobody was told of.
    fn has_news(&self) -> bool {
        !self.finished.borrow().is_empty() || self.selector_told.get()
    }

    /// Whether a system call that does not wait would do nothing.
    fn is_quiet(&self) -> bool {
        let mut queues = self.queues.borrow_mut();
        let (_, submissions, answers) = queues.split();
        submissions.is_empty() && !submissions.taskrun() && !submissions.cq_overflow() && answers.is_empty()
    }

    /// Takes the kernel's answers, and keeps them until [`deliver`](Self::deliver). Runs no code of others.
    fn take_answers(&self) {
        let mut queues = self.queues.borrow_mut();
        let mut operations = self.operations.borrow_mut();
        let mut finished = self.finished.borrow_mut();
        for answer in queues.completion() {
            match answer.user_data() {
                WITHDRAWAL => {}
                SELECTOR => {
                    self.watching.set(false);
                    self.selector_told.set(true);
                }
                token => {
                    let key = KeyData::from_ffi(token).into();
                    if let Some(operation) = operations.get_mut(key) {
                        operation.answer = Some(Answer { result: answer.result(), flags: answer.flags() });
                        finished.push(key);
                    }
                }
            }
        }
    }
}

/// Whether the kernel only lacks memory for now.
fn is_want(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::ENOMEM))
}

/// The kernel may still read into, or write from, the bytes of a frame that is being left: neither may that
/// be, nor can anybody wait for its end.
#[cold]
fn cannot_withdraw(error: &io::Error) -> ! {
    eprintln!(
        "cede: io_uring: an operation cannot be taken back from the kernel ({error}), and its task's stack \
         cannot be left before; aborting"
    );
    std::process::abort();
}
