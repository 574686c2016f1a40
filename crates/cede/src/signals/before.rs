//! What a signal did before we came.

use std::fs;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// Its default action.
    Default = 1,
    /// Nothing: `nohup`, or a shell that started us in the background.
    Ignored,
    /// Somebody's handler was called, and still is: `signal-hook` calls it before us.
    Handled,
}

impl Before {
    /// Asks the kernel. Where it does not say (it does on Linux), the default.
    pub(super) fn of(signal: i32) -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        if has(&status, "SigCgt:", signal) {
            Before::Handled
        } else if has(&status, "SigIgn:", signal) {
            Before::Ignored
        } else {
            Before::Default
        }
    }
}

/// Whether this line's mask has the signal's bit.
fn has(status: &str, line: &str, signal: i32) -> bool {
    status
        .lines()
        .find_map(|text| u64::from_str_radix(text.strip_prefix(line)?.trim(), 16).ok())
        .is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_tells_default_from_ignored_from_handled() {
        // Rust's runtime ignores SIGPIPE and handles SIGSEGV; nobody touches SIGXFSZ.
        let (xfsz, pipe, segv) = (libc::SIGXFSZ, libc::SIGPIPE, libc::SIGSEGV);
        assert_eq!(
            [Before::of(xfsz), Before::of(pipe), Before::of(segv)],
            [Before::Default, Before::Ignored, Before::Handled]
        );
    }
}
