//! Asking a thread by a signal, and the copy that its handler makes.

use std::cell::UnsafeCell;
use std::io;
use std::ops::Range;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicUsize, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::super::altstack::protect_this_thread;
use super::super::overflow::stack_at;
use crate::this_process::Own;

/// How much of a stack is copied, in words: 64 KiB, a whole one of a usual task.
const WORDS: usize = 8 << 10;

/// How long a thread may take to answer. One that blocks the signal never does.
const PATIENCE: Duration = Duration::from_millis(250);

/// The registers from which frames can be followed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Registers {
    pub(super) instruction: usize,
    pub(super) stack: usize,
    pub(super) frame: usize,
    /// Where the function returns to, on architectures that keep that in a register.
    #[cfg_attr(target_arch = "x86_64", allow(dead_code))]
    pub(super) link: usize,
}

/// What a thread was doing at one moment.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(super) registers: Registers,
    /// The words of its stack, from the stack pointer on.
    pub(super) words: Vec<usize>,
}

/// A thread that can be asked. It says so itself.
#[derive(Debug)]
pub(crate) struct Asked {
    thread: libc::pid_t,
    process: libc::pid_t,
    /// Where its own stack lies; those of tasks are known.
    own: Range<usize>,
}

impl Asked {
    /// The calling one.
    pub(crate) fn this_thread() -> Self {
        protect_this_thread(); // the handler runs there: a task's stack may have no room for its frame
        Asked { thread: thread_id(), process: std::process::id().cast_signed(), own: own_stack() }
    }
}

/// Where the handler puts its copy. One thread of the process is asked at a time.
struct Copy {
    state: AtomicU32,
    thread: AtomicI32,
    own: [AtomicUsize; 2],
    registers: UnsafeCell<Registers>,
    words: UnsafeCell<[usize; WORDS]>,
    count: AtomicUsize,
}

/// Nobody is asked: the cells belong to whoever holds `ASKING`.
const IDLE: u32 = 0;
/// Somebody is asked, and has not begun to answer.
const WANTED: u32 = 1;
/// The handler writes: the cells are its own.
const COPYING: u32 = 2;
/// The copy is made: the cells belong to whoever asked.
const DONE: u32 = 3;

// SAFETY: the cells have one owner at a time, which the state tells; it is changed by release and acquire.
unsafe impl Sync for Copy {}

static COPY: Copy = Copy {
    state: AtomicU32::new(IDLE),
    thread: AtomicI32::new(0),
    own: [const { AtomicUsize::new(0) }; 2],
    registers: UnsafeCell::new(Registers { instruction: 0, stack: 0, frame: 0, link: 0 }),
    words: UnsafeCell::new([0; WORDS]),
    count: AtomicUsize::new(0),
};

static ASKING: Own<Mutex<()>> = Own::new();

/// Asks a thread, which must live, by this signal; `None` if it does not answer.
///
/// # Errors
/// When the signal cannot be had; see [`check`].
pub(crate) fn sample(asked: &Asked, signal: i32) -> io::Result<Option<Sample>> {
    check(signal)?;
    let _one_at_a_time = ASKING.get(|_| Mutex::default()).lock();
    COPY.thread.store(asked.thread, Ordering::Relaxed);
    COPY.own[0].store(asked.own.start, Ordering::Relaxed);
    COPY.own[1].store(asked.own.end, Ordering::Relaxed);
    COPY.state.store(WANTED, Ordering::Release);
    // SAFETY: sends a signal to a thread of this process, or to none.
    let sent = unsafe { libc::syscall(libc::SYS_tgkill, asked.process, asked.thread, signal) };
    let began = Instant::now();
    while sent == 0 && COPY.state.load(Ordering::Acquire) != DONE && began.elapsed() < PATIENCE {
        sleep(Duration::from_micros(50));
    }
    if COPY.state.compare_exchange(WANTED, IDLE, Ordering::Acquire, Ordering::Acquire).is_ok() {
        return Ok(None);
    }
    while COPY.state.load(Ordering::Acquire) != DONE {
        std::hint::spin_loop(); // it has begun, and needs microseconds
    }
    // SAFETY: done, so the cells are ours until the state says otherwise.
    let registers = unsafe { *COPY.registers.get() };
    // SAFETY: as above.
    let words = unsafe { &*COPY.words.get() };
    let sample = Sample { registers, words: words[..COPY.count.load(Ordering::Relaxed)].to_vec() };
    COPY.state.store(IDLE, Ordering::Release);
    Ok(Some(sample))
}

/// Sees to it that this signal is ours. Our handler stays: one that comes late would else do its default.
///
/// # Errors
/// When somebody else handles it, or it cannot be caught.
pub(crate) fn check(signal: i32) -> io::Result<()> {
    // SAFETY: an all-zero sigaction is a valid one.
    let mut before: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: only asks for the handler in force.
    if unsafe { libc::sigaction(signal, ptr::null(), &mut before) } != 0 {
        return Err(uncatchable(signal));
    }
    let ours = handler as *const () as usize;
    if before.sa_sigaction == ours {
        return Ok(());
    }
    if before.sa_sigaction != libc::SIG_DFL && before.sa_sigaction != libc::SIG_IGN {
        return Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            format!("signal {signal} is handled by somebody else; choose another with Watchdog::signal"),
        ));
    }
    // SAFETY: as above.
    let mut handled: libc::sigaction = unsafe { std::mem::zeroed() };
    handled.sa_sigaction = ours;
    handled.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
    // SAFETY: the handler only does what is allowed in a signal handler.
    if unsafe { libc::sigaction(signal, &handled, ptr::null_mut()) } != 0 {
        return Err(uncatchable(signal));
    }
    Ok(())
}

fn uncatchable(signal: i32) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("signal {signal} cannot be caught"))
}

extern "C" fn handler(_signal: libc::c_int, _info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // One of somebody else's, or too late: nothing.
    if COPY.state.load(Ordering::Acquire) != WANTED
        || COPY.thread.load(Ordering::Relaxed) != thread_id()
        || COPY.state.compare_exchange(WANTED, COPYING, Ordering::Acquire, Ordering::Relaxed).is_err()
    {
        return;
    }
    // SAFETY: the kernel passes the interrupted context to a SA_SIGINFO handler.
    let registers = registers(unsafe { &*context.cast::<libc::ucontext_t>() });
    // SAFETY: copying, so the cells are ours.
    unsafe { *COPY.registers.get() = registers };
    let top = top_of_stack(registers.stack);
    let count = (top.saturating_sub(registers.stack) / size_of::<usize>()).min(WORDS);
    for place in 0..count {
        let word = ptr::without_provenance::<usize>(registers.stack).wrapping_add(place);
        // SAFETY: between the stack pointer and the top of a stack that lives everything may be read; the
        // thread that writes there is this one.
        let word = unsafe { word.read_volatile() };
        // SAFETY: copying, and within the buffer.
        unsafe { COPY.words.get().cast::<usize>().wrapping_add(place).write(word) };
    }
    COPY.count.store(count, Ordering::Relaxed);
    COPY.state.store(DONE, Ordering::Release);
}

/// One past the highest word of the stack that is in use; the stack pointer itself if that is none we know.
fn top_of_stack(pointer: usize) -> usize {
    // AddressSanitizer would call a look at variables that are not its own an error.
    if cfg!(feature = "sanitizer") || !pointer.is_multiple_of(align_of::<usize>()) {
        return pointer;
    }
    let own = COPY.own[0].load(Ordering::Relaxed)..COPY.own[1].load(Ordering::Relaxed);
    if own.contains(&pointer) {
        return own.end;
    }
    stack_at(pointer).map_or(pointer, |slot| slot.base.get())
}

#[cfg(target_arch = "x86_64")]
fn registers(context: &libc::ucontext_t) -> Registers {
    let general = |register: i32| context.uc_mcontext.gregs[register as usize] as usize;
    Registers {
        instruction: general(libc::REG_RIP),
        stack: general(libc::REG_RSP),
        frame: general(libc::REG_RBP),
        link: 0,
    }
}

#[cfg(target_arch = "aarch64")]
fn registers(context: &libc::ucontext_t) -> Registers {
    let machine = &context.uc_mcontext;
    Registers {
        instruction: machine.pc as usize,
        stack: machine.sp as usize,
        frame: machine.regs[29] as usize,
        link: machine.regs[30] as usize,
    }
}

fn thread_id() -> libc::pid_t {
    // SAFETY: asks a number of the kernel; allowed in a signal handler.
    unsafe { libc::syscall(libc::SYS_gettid) as libc::pid_t }
}

/// Where the stack lies that this thread began on; empty if nobody knows.
fn own_stack() -> Range<usize> {
    // SAFETY: plain data, written by the call below.
    let mut attributes: libc::pthread_attr_t = unsafe { std::mem::zeroed() };
    // SAFETY: asks for the attributes of the calling thread.
    let this = unsafe { libc::pthread_self() };
    // SAFETY: `attributes` is a place for the answer.
    if unsafe { libc::pthread_getattr_np(this, &mut attributes) } != 0 {
        return 0..0;
    }
    let (mut low, mut size) = (ptr::null_mut(), 0);
    // SAFETY: the attributes were given above.
    let known = unsafe { libc::pthread_attr_getstack(&attributes, &mut low, &mut size) };
    // SAFETY: they were given above, and are not used again.
    unsafe { libc::pthread_attr_destroy(&mut attributes) };
    if known == 0 { low.addr()..low.addr() + size } else { 0..0 }
}
