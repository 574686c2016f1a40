//! A signal stack for threads that std did not make, so that the overflow report has room to run.

use std::cell::OnceCell;

use super::guard::errno;

const SIZE: usize = 64 << 10;

thread_local! {
    static ALTSTACK: OnceCell<AltStack> = const { OnceCell::new() };
}

/// A signal stack of ours, given back when the thread ends.
struct AltStack {
    at: *mut libc::c_void,
}

impl Drop for AltStack {
    fn drop(&mut self) {
        let off = libc::stack_t { ss_sp: std::ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: SIZE };
        // SAFETY: turns off the signal stack that this thread was given below.
        unsafe { libc::sigaltstack(&off, std::ptr::null_mut()) };
        // SAFETY: the mapping is ours and, the line above done, nobody's stack.
        unsafe { libc::munmap(self.at, SIZE) };
    }
}

/// Sees to it that an overflow on this thread can be reported.
///
/// Threads of std have a signal stack already; a thread made by C code has none, and without one the
/// kernel kills the process without a word. The library calls this wherever it takes its first stack; a
/// thread that resumes coroutines in another way may call it itself.
pub fn protect_this_thread() {
    let _ = ALTSTACK.try_with(|own| {
        if own.get().is_some() || has_one() {
            return;
        }
        if let Ok(stack) = install() {
            let _ = own.set(stack);
        }
    });
}

fn has_one() -> bool {
    let mut now = libc::stack_t { ss_sp: std::ptr::null_mut(), ss_flags: 0, ss_size: 0 };
    // SAFETY: only asks; `now` is a place for the answer.
    unsafe { libc::sigaltstack(std::ptr::null(), &mut now) };
    now.ss_flags & libc::SS_DISABLE == 0
}

fn install() -> Result<AltStack, i32> {
    // SAFETY: a new anonymous mapping touches nobody's memory.
    let at = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            SIZE,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if at == libc::MAP_FAILED {
        return Err(errno());
    }
    let stack = libc::stack_t { ss_sp: at, ss_flags: 0, ss_size: SIZE };
    // SAFETY: the mapping is SIZE bytes, ours, and stays until the thread ends.
    unsafe { libc::sigaltstack(&stack, std::ptr::null_mut()) };
    Ok(AltStack { at })
}
