//! What can be set about stacks, and what asking for one can answer.

use std::fmt;
use std::sync::OnceLock;

use super::guard::GuardMode;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
const GIB: usize = 1 << 30;

/// The smallest stack that is handed out. A panic with its hook needs 5 KiB, formatting a float 1 KiB,
/// a name look-up 12 KiB: less than this is a crash in waiting.
pub(crate) const MIN_SIZE: usize = 16 * KIB;
/// The largest: half a region.
pub(crate) const MAX_SIZE: usize = 32 * MIB;
/// 16 KiB, 32 KiB … 32 MiB.
pub(crate) const CLASSES: usize = 12;

/// Settings for all stacks of the process; they hold from the first stack on.
///
/// Unset, the values come from the environment, else they are the defaults:
///
/// | setting | environment | default |
/// |---|---|---|
/// | [`size`](Self::size) | `CEDE_STACK_SIZE` | 64 KiB; 256 KiB in a build with debug assertions, whose frames are larger |
/// | [`reservation`](Self::reservation) | `CEDE_STACK_RESERVATION` | 256 GiB of address space, halved while the system refuses |
/// | [`guard`](Self::guard) | `CEDE_STACK_GUARD` = `auto`, `madvise`, `mprotect` | `auto` |
/// | [`guard_size`](Self::guard_size) | `CEDE_STACK_GUARD_SIZE` | one page |
///
/// ```
/// use cede::stack::StackSettings;
/// StackSettings::new().size(128 << 10).install()?;
/// # Ok::<(), cede::stack::StackError>(())
/// ```
#[derive(Clone, Debug)]
pub struct StackSettings {
    pub(crate) size: usize,
    pub(crate) reservation: usize,
    pub(crate) guard: GuardMode,
    pub(crate) guard_size: usize,
}

static INSTALLED: OnceLock<StackSettings> = OnceLock::new();

impl Default for StackSettings {
    fn default() -> Self {
        Self::new()
    }
}

impl StackSettings {
    /// The defaults, as changed by the environment.
    pub fn new() -> Self {
        let size = if cfg!(feature = "sanitizer") {
            MIB
        } else if cfg!(debug_assertions) {
            256 * KIB
        } else {
            64 * KIB
        };
        let number = |name, default| {
            std::env::var(name).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(default)
        };
        StackSettings {
            size: number("CEDE_STACK_SIZE", size),
            reservation: number("CEDE_STACK_RESERVATION", 256 * GIB),
            guard: GuardMode::from_environment(),
            guard_size: number("CEDE_STACK_GUARD_SIZE", 4 * KIB),
        }
    }

    /// The size in bytes of a stack for which no size is asked, rounded up to a power of two.
    pub fn size(mut self, bytes: usize) -> Self {
        self.size = bytes;
        self
    }

    /// How much address space to reserve for all stacks together, in bytes. It costs no memory.
    pub fn reservation(mut self, bytes: usize) -> Self {
        self.reservation = bytes;
        self
    }

    /// How guard pages are made.
    pub fn guard(mut self, mode: GuardMode) -> Self {
        self.guard = mode;
        self
    }

    /// How many bytes below each stack fault when touched. Rust frames probe every page, so one page is
    /// enough for them; C code built without stack probes may jump a small guard: give it 64 KiB or more.
    pub fn guard_size(mut self, bytes: usize) -> Self {
        self.guard_size = bytes;
        self
    }

    /// Makes these the settings of the process.
    ///
    /// # Errors
    /// When a stack has been made already, for then other settings are in force; and when a size makes no
    /// sense.
    pub fn install(self) -> Result<(), StackError> {
        class_of(self.size)?;
        INSTALLED.set(self).map_err(|_| StackError::SettingsInUse)
    }

    /// The settings in force; from now on they stay.
    pub(crate) fn in_force() -> &'static StackSettings {
        INSTALLED.get_or_init(StackSettings::new)
    }
}

/// The size of a stack for which no size is asked.
#[inline]
pub(crate) fn default_size() -> usize {
    StackSettings::in_force().size
}

/// The class of the smallest stack that holds `bytes`.
pub(crate) fn class_of(bytes: usize) -> Result<u8, StackError> {
    if bytes > MAX_SIZE {
        return Err(StackError::TooLarge { asked: bytes, limit: MAX_SIZE });
    }
    let pages = bytes.max(MIN_SIZE).next_power_of_two();
    Ok((pages / MIN_SIZE).trailing_zeros() as u8)
}

/// The usable bytes of a stack of this class.
pub(crate) fn size_of_class(class: u8) -> usize {
    MIN_SIZE << class
}

/// Why there is no stack.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StackError {
    /// More was asked for than a stack can have.
    TooLarge {
        /// Bytes asked for.
        asked: usize,
        /// Bytes there can be.
        limit: usize,
    },
    /// Not even a small reservation of address space was granted.
    NoAddressSpace {
        /// Bytes of the last, smallest try.
        asked: usize,
        /// The system's error number.
        errno: i32,
    },
    /// The reservation is used up.
    ReservationFull {
        /// Its size in bytes.
        reservation: usize,
        /// Stacks in use or in the pool.
        stacks: usize,
    },
    /// With `mprotect` guards: one more stack would come too near the number of mappings that the system
    /// allows a process (`vm.max_map_count`); the rest is kept for threads, allocation and panics.
    TooManyMappings {
        /// Stacks in use or in the pool.
        stacks: usize,
    },
    /// The system refused to make the guard page.
    NoGuard {
        /// The system's error number.
        errno: i32,
    },
    /// [`StackSettings::install`] came after the first stack.
    SettingsInUse,
}

impl fmt::Display for StackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StackError::TooLarge { asked, limit } => {
                write!(f, "a stack of {asked} bytes was asked for; the largest has {limit}")
            }
            StackError::NoAddressSpace { asked, errno } => write!(
                f,
                "no address space for stacks: the system refused even {asked} bytes ({}); \
                 raise the limit on address space (ulimit -v)",
                std::io::Error::from_raw_os_error(*errno)
            ),
            StackError::ReservationFull { reservation, stacks } => write!(
                f,
                "no stack left: {stacks} stacks fill the reservation of {reservation} bytes; \
                 raise StackSettings::reservation or run fewer coroutines at once"
            ),
            StackError::TooManyMappings { stacks } => write!(
                f,
                "no stack left: {stacks} stacks with mprotect guards are near the system's limit on \
                 mappings; raise vm.max_map_count or run fewer coroutines at once"
            ),
            StackError::NoGuard { errno } => {
                write!(f, "no guard page for a new stack: {}", std::io::Error::from_raw_os_error(*errno))
            }
            StackError::SettingsInUse => f.write_str(
                "StackSettings::install: a stack exists already; install settings before the first",
            ),
        }
    }
}

impl std::error::Error for StackError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_up_to_a_class() {
        assert_eq!(class_of(0), Ok(0));
        assert_eq!(size_of_class(class_of(1).unwrap()), 16 * KIB);
        assert_eq!(size_of_class(class_of(65 * KIB).unwrap()), 128 * KIB);
        assert_eq!(size_of_class(class_of(MAX_SIZE).unwrap()), MAX_SIZE);
        assert_eq!(class_of(MAX_SIZE), Ok(CLASSES as u8 - 1));
    }

    #[test]
    fn absurd_sizes_are_errors() {
        for asked in [1 << 46, usize::MAX] {
            assert_eq!(class_of(asked), Err(StackError::TooLarge { asked, limit: MAX_SIZE }));
        }
        assert_eq!(
            class_of(usize::MAX).unwrap_err().to_string(),
            "a stack of 18446744073709551615 bytes was asked for; the largest has 33554432"
        );
    }
}
