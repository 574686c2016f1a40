//! Guard pages: a touch faults.

use std::sync::atomic::{AtomicBool, Ordering};

use super::settings::StackError;

/// How guard pages are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum GuardMode {
    /// `madvise` where the kernel knows it, else `mprotect`.
    #[default]
    Auto,
    /// `MADV_GUARD_INSTALL` (Linux 6.13 and later): one mapping for any number of stacks.
    Madvise,
    /// `mprotect`: works everywhere, but costs two mappings a stack, of which a process may have about
    /// 65,000 (`vm.max_map_count`).
    Mprotect,
}

impl GuardMode {
    pub(crate) fn from_environment() -> Self {
        match std::env::var("CEDE_STACK_GUARD").as_deref() {
            Ok("madvise") => GuardMode::Madvise,
            Ok("mprotect") => GuardMode::Mprotect,
            _ => GuardMode::Auto,
        }
    }
}

/// Not in the libc crate yet (uapi/asm-generic/mman-common.h).
#[cfg(target_os = "linux")]
const MADV_GUARD_INSTALL: libc::c_int = 102;

/// Mappings that are left to everybody else: threads, allocators, libraries, a panic's backtrace.
const HEADROOM: usize = 4_096;

/// Makes guards in one mode and knows how many more it may make.
#[derive(Debug)]
pub(crate) struct Guards {
    /// `Auto` found that the kernel does not know the advice.
    fall_back: AtomicBool,
    mode: GuardMode,
    /// How many `mprotect` guards there may be.
    cap: usize,
}

impl Guards {
    pub(crate) fn new(mode: GuardMode) -> Self {
        Guards { fall_back: AtomicBool::new(mode == GuardMode::Mprotect), mode, cap: mprotect_cap() }
    }

    /// Makes `[low, low + len)` fault when touched; `made` guards exist already.
    pub(crate) fn install(&self, low: usize, len: usize, made: usize) -> Result<(), StackError> {
        if !self.fall_back.load(Ordering::Relaxed) {
            match advise_guard(low, len) {
                Ok(()) => return Ok(()),
                Err(libc::EINVAL) if self.mode == GuardMode::Auto => {
                    self.fall_back.store(true, Ordering::Relaxed);
                }
                Err(errno) => return Err(StackError::NoGuard { errno }),
            }
        }
        if made >= self.cap {
            return Err(StackError::TooManyMappings { stacks: made });
        }
        // SAFETY: the range is one unused slot's guard inside our own mapping.
        match unsafe { libc::mprotect(low as *mut libc::c_void, len, libc::PROT_NONE) } {
            0 => Ok(()),
            _ => match errno() {
                libc::ENOMEM => Err(StackError::TooManyMappings { stacks: made }),
                errno => Err(StackError::NoGuard { errno }),
            },
        }
    }
}

#[cfg(target_os = "linux")]
fn advise_guard(low: usize, len: usize) -> Result<(), i32> {
    // SAFETY: the range is one unused slot's guard inside our own mapping; its contents are nobody's.
    match unsafe { libc::madvise(low as *mut libc::c_void, len, MADV_GUARD_INSTALL) } {
        0 => Ok(()),
        _ => Err(errno()),
    }
}

#[cfg(not(target_os = "linux"))]
fn advise_guard(_low: usize, _len: usize) -> Result<(), i32> {
    Err(libc::EINVAL)
}

/// Every guard splits a mapping in two: half of what the system allows, less what is in use already.
fn mprotect_cap() -> usize {
    let allowed = std::fs::read_to_string("/proc/sys/vm/max_map_count")
        .ok()
        .and_then(|text| text.trim().parse::<usize>().ok())
        .unwrap_or(65_530);
    let used = std::fs::read_to_string("/proc/self/maps").map_or(1_000, |maps| maps.lines().count());
    allowed.saturating_sub(used + HEADROOM) / 2
}

pub(crate) fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}
