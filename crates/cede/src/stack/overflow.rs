//! The overflow report: which coroutine ran out of stack, and what to do about it.
//!
//! A stack that grows into its guard raises SIGSEGV (or SIGBUS). Our handler asks the reservation whether
//! the address lies in a guard of ours; if so it prints the label and aborts. Every other fault goes to the
//! handler that was there before, which is std's own ("thread 'main' has overflowed its stack") or the
//! program's.

use std::cell::UnsafeCell;
use std::ptr;
use std::sync::Once;
use std::sync::atomic::{AtomicPtr, Ordering};

use super::label::Kind;
use super::reservation::{Reservation, Slot, label_of};
use super::settings::size_of_class;

static WATCHED: AtomicPtr<Reservation> = AtomicPtr::new(ptr::null_mut());

/// The handlers that were there before ours; written once, before ours can run.
struct Before(UnsafeCell<[Option<libc::sigaction>; 2]>);

// SAFETY: written inside `Once` before the handler is installed, only read afterwards.
unsafe impl Sync for Before {}

static BEFORE: Before = Before(UnsafeCell::new([None, None]));
const SIGNALS: [libc::c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];

/// Reports overflows of the stacks in this reservation from now on.
pub(crate) fn watch(reservation: &'static Reservation) {
    static INSTALL: Once = Once::new();
    WATCHED.store(ptr::from_ref(reservation).cast_mut(), Ordering::Release);
    INSTALL.call_once(|| {
        for (index, signal) in SIGNALS.into_iter().enumerate() {
            install(index, signal);
        }
    });
}

/// The stack of ours in which this address lies. Called by a signal handler: no locks, no allocation.
#[cfg_attr(not(feature = "watchdog"), allow(dead_code))]
pub(super) fn stack_at(address: usize) -> Option<Slot> {
    // SAFETY: null or the reservation of the process, which is never dropped.
    unsafe { WATCHED.load(Ordering::Acquire).as_ref() }?.stack_at(address)
}

fn install(index: usize, signal: libc::c_int) {
    // SAFETY: an all-zero sigaction is a valid one (default action, empty mask).
    let mut before: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: only asks for the handler in force.
    unsafe { libc::sigaction(signal, ptr::null(), &mut before) };
    // SAFETY: we are inside `Once`; the handler that reads this is installed below.
    let all = unsafe { &mut *BEFORE.0.get() };
    all[index] = Some(before);
    // SAFETY: as above.
    let mut ours: libc::sigaction = unsafe { std::mem::zeroed() };
    ours.sa_sigaction = handler as *const () as usize;
    ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    // SAFETY: the handler only does what is allowed in a signal handler.
    unsafe { libc::sigaction(signal, &ours, ptr::null_mut()) };
}

extern "C" fn handler(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel passes a valid siginfo to a SA_SIGINFO handler.
    let info_ref = unsafe { &*info };
    // SAFETY: both signals are faults, and those have an address.
    let address = unsafe { info_ref.si_addr() } as usize;
    let watched = WATCHED.load(Ordering::Acquire);
    // SAFETY: null or the reservation of the process, which is never dropped.
    if let Some(reservation) = unsafe { watched.as_ref() }
        && let Some(slot) = reservation.guard_hit(address)
    {
        report(&slot);
        // SAFETY: ends the process.
        unsafe { libc::abort() };
    }
    hand_on(signal, info, context);
}

/// Gives the fault to whoever handled it before us.
fn hand_on(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: written once before the handler was installed.
    let all = unsafe { &*BEFORE.0.get() };
    let before = SIGNALS.iter().position(|known| *known == signal).and_then(|index| all[index]);
    match before {
        Some(action) if action.sa_sigaction != libc::SIG_DFL && action.sa_sigaction != libc::SIG_IGN => {
            if action.sa_flags & libc::SA_SIGINFO != 0 {
                type Handler = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);
                // SAFETY: with SA_SIGINFO the field holds a function of this type.
                let call: Handler = unsafe { std::mem::transmute(action.sa_sigaction) };
                call(signal, info, context);
            } else {
                // SAFETY: without SA_SIGINFO the field holds a function of this type.
                let call: extern "C" fn(libc::c_int) = unsafe { std::mem::transmute(action.sa_sigaction) };
                call(signal);
            }
        }
        _ => {
            // Nobody: back to the default, and the faulting instruction runs again and ends the process.
            // SAFETY: an all-zero sigaction is the default action.
            let default: libc::sigaction = unsafe { std::mem::zeroed() };
            // SAFETY: sets a valid action.
            unsafe { libc::sigaction(signal, &default, ptr::null_mut()) };
        }
    }
}

fn report(slot: &Slot) {
    // SAFETY: the slot has been handed out, for somebody ran on it, so its label was written.
    let label = unsafe { &*label_of(slot) };
    let what: &[u8] = match label.kind() {
        Kind::Generator => b"generator '",
        Kind::Task => b"task '",
        Kind::Coroutine | Kind::Idle => b"coroutine '",
    };
    let mut name = [0; 64];
    let mut digits = [0; 20];
    say(b"\ncede: ");
    say(what);
    say(label.name(&mut name));
    say(b"' has overflowed its stack of ");
    say(decimal(size_of_class(slot.class) / 1024, &mut digits));
    say(b" KiB");
    if let Some(site) = label.site() {
        say(b" (created at ");
        say(site.file().as_bytes());
        say(b":");
        say(decimal(site.line() as usize, &mut digits));
        say(b")");
    }
    say(b"\ncede: give it a larger one with stack_size(bytes), or all with CEDE_STACK_SIZE; aborting\n");
}

fn say(text: &[u8]) {
    // SAFETY: write(2) may be called in a signal handler; the buffer is valid for its length.
    unsafe { libc::write(2, text.as_ptr().cast(), text.len()) };
}

fn decimal(mut number: usize, buffer: &mut [u8; 20]) -> &[u8] {
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &buffer[at..];
        }
    }
}
