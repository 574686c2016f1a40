//! From a copy to frames with names.

use framehop::{CacheNative, FrameAddress, UnwindRegsNative, Unwinder};

use super::copy::{Registers, Sample};
use super::modules;

/// More frames than this nobody reads.
const MOST: usize = 256;

/// A call that had not come back: the function, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Empty where the build has no name for it.
    pub(crate) function: String,
    /// `src/main.rs:16:9`, where the build says so.
    pub(crate) place: Option<String>,
}

/// The frames of a sample, the innermost first, as far as the copy goes. Functions that were inlined have their own.
pub(crate) fn frames(sample: &Sample) -> Vec<Frame> {
    addresses(sample).into_iter().flat_map(named).collect()
}

fn addresses(sample: &Sample) -> Vec<u64> {
    let Sample { registers, words } = sample;
    let unwinder = modules::unwinder();
    let mut cache = CacheNative::<framehop::MayAllocateDuringUnwind>::new();
    let mut read = |address: u64| {
        let offset = address.checked_sub(registers.stack as u64).ok_or(())?;
        let word = words.get((offset / 8) as usize).filter(|_| offset.is_multiple_of(8));
        word.map(|word| *word as u64).ok_or(())
    };
    let mut found = Vec::new();
    let mut frames =
        unwinder.iter_frames(registers.instruction as u64, start(registers), &mut cache, &mut read);
    while let Ok(Some(frame)) = frames.next() {
        found.push(match frame {
            FrameAddress::InstructionPointer(address) => address,
            // The call itself stands before where it returns to.
            FrameAddress::ReturnAddress(address) => address.get() - 1,
        });
        if found.len() == MOST {
            break;
        }
    }
    found
}

#[cfg(target_arch = "x86_64")]
fn start(registers: &Registers) -> UnwindRegsNative {
    UnwindRegsNative::new(registers.instruction as u64, registers.stack as u64, registers.frame as u64)
}

#[cfg(target_arch = "aarch64")]
fn start(registers: &Registers) -> UnwindRegsNative {
    UnwindRegsNative::new(registers.link as u64, registers.stack as u64, registers.frame as u64)
}

/// One frame, and those inlined into it before it.
fn named(address: u64) -> Vec<Frame> {
    let mut frames = Vec::new();
    backtrace::resolve(std::ptr::without_provenance_mut(address as usize), |symbol| {
        let file = symbol.filename().map(|file| file.display().to_string());
        let place = file.zip(symbol.lineno()).map(|(file, line)| match symbol.colno() {
            Some(column) => format!("{file}:{line}:{column}"),
            None => format!("{file}:{line}"),
        });
        // Without the hash at its end.
        let function = symbol.name().map_or_else(String::new, |name| format!("{name:#}"));
        frames.push(Frame { function, place });
    });
    frames
}
