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
    let mut addresses = addresses(sample).into_iter();
    let mut frames = addresses.next().map_or_else(Vec::new, interrupted);
    frames.extend(addresses.flat_map(named));
    frames
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
    // It takes what it is given for where a call returns to, and looks one byte before.
    backtrace::resolve(std::ptr::without_provenance_mut(address as usize + 1), |symbol| {
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

/// The same for an instruction that need not be a call. Of some the compiler says no line; such a one is taken to be
/// of the line before it.
fn interrupted(address: u64) -> Vec<Frame> {
    const NEAR: u64 = 256;
    let exact = named(address);
    let placed = |frames: &Vec<Frame>| frames.iter().all(|frame| frame.place.is_some());
    if placed(&exact) {
        return exact;
    }
    let functions = || exact.iter().map(|frame| &frame.function);
    let before = (1..=NEAR).filter_map(|bytes| address.checked_sub(bytes)).map(named);
    let mut near = before.take_while(|frames| frames.iter().map(|frame| &frame.function).eq(functions()));
    near.find(placed).unwrap_or(exact)
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::{interrupted, named};

    #[inline(never)]
    fn counts_until(over: &dyn Fn(u64) -> bool) -> u64 {
        let mut count = 0;
        while !over(count) {
            count += 1;
        }
        count
    }

    #[test]
    fn wherever_a_function_is_interrupted_its_line_is_known() {
        let function: fn(&dyn Fn(u64) -> bool) -> u64 = black_box(counts_until);
        assert_eq!(function(&|count| count == 3), 3);
        let first = function as usize as u64;
        let own = |address: &u64| {
            named(*address).last().is_some_and(|frame| frame.function.ends_with("::counts_until"))
        };
        let addresses: Vec<u64> = (first..).take_while(own).collect();
        assert!(addresses.len() > 20, "{} bytes of instructions", addresses.len());
        for address in addresses {
            for frame in interrupted(address) {
                assert!(frame.place.is_some(), "{} at its byte {}", frame.function, address - first);
            }
        }
    }
}
