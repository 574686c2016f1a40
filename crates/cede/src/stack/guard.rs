//! Guard pages: a touch faults.

use std::sync::atomic::{AtomicBool, Ordering};

use super::advice::advise_all;
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

    /// Makes `len` bytes from each of these addresses on fault when touched, and gives how many of them, from the first
    /// on: one at least. `made` guards exist already.
    pub(crate) fn install(&self, lows: &[usize], len: usize, made: usize) -> Result<usize, StackError> {
        if !self.fall_back.load(Ordering::Relaxed) {
            match advise_all(lows, len, MADV_GUARD_INSTALL) {
                // Without the call for many, or without the advice: the other call says which.
                0 => {}
                done => return Ok(done),
            }
        }
        let mut done = 0;
        for low in lows {
            match self.install_one(*low, len, made + done) {
                Ok(()) => done += 1,
                // The first one decides; a later one is asked for again when it is needed.
                Err(error) if done == 0 => return Err(error),
                Err(_) => break,
            }
        }
        Ok(done)
    }

    /// Whether each guard takes mappings of its own, of which the system allows few.
    pub(super) fn are_mappings(&self) -> bool {
        self.fall_back.load(Ordering::Relaxed)
    }

    fn install_one(&self, low: usize, len: usize, made: usize) -> Result<(), StackError> {
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

#[cfg(all(test, target_os = "linux"))]
pub(super) mod tests {
    use std::io;
    use std::os::fd::AsRawFd;

    use super::*;

    pub(in crate::stack) const PAGE: usize = 4096;
    pub(in crate::stack) const STRIDE: usize = 17 * PAGE;

    /// Addresses that are so far apart, of memory that nobody has touched.
    pub(in crate::stack) fn fresh(count: usize) -> Vec<usize> {
        // SAFETY: a new mapping, which stays until the process ends.
        let mapping = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                count * STRIDE,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        assert_ne!(mapping, libc::MAP_FAILED);
        (0..count).map(|nth| mapping.addr() + nth * STRIDE).collect()
    }

    /// Whether the byte there cannot be read: the kernel tries.
    fn faults(address: usize) -> bool {
        let (_reader, writer) = io::pipe().unwrap();
        // SAFETY: what cannot be read gives an error.
        let written = unsafe { libc::write(writer.as_raw_fd(), address as *const libc::c_void, 1) };
        assert!(written == 1 || errno() == libc::EFAULT);
        written != 1
    }

    #[test]
    fn many_guards_are_made_at_once_or_one_by_one() {
        for mode in [GuardMode::Auto, GuardMode::Mprotect] {
            let (guards, lows) = (Guards::new(mode), fresh(40));
            assert_eq!(guards.install(&lows[..30], PAGE, 0), Ok(30));
            lows[30..].iter().for_each(|low| guards.install_one(*low, PAGE, 30).unwrap());
            for low in lows {
                assert!(faults(low) && faults(low + PAGE - 1) && !faults(low + PAGE), "{mode:?}");
            }
        }
    }

    #[test]
    fn where_mappings_have_run_out_some_guards_are_made_or_it_is_an_error() {
        let (guards, lows) = (Guards { cap: 103, ..Guards::new(GuardMode::Mprotect) }, fresh(5));
        assert_eq!(guards.install(&lows, PAGE, 100), Ok(3));
        assert_eq!(lows.iter().filter(|low| faults(**low)).count(), 3);
        assert_eq!(guards.install(&lows[3..], PAGE, 103), Err(StackError::TooManyMappings { stacks: 103 }));
    }
}
