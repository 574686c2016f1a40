//! Where the running code's frames are.

/// The stack pointer. Not the address of a local variable: AddressSanitizer puts those elsewhere.
#[inline(always)]
pub(crate) fn here() -> usize {
    let pointer: usize;
    // SAFETY: each copies one register to another and does nothing else.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        std::arch::asm!("mov {}, rsp", out(reg) pointer, options(nomem, nostack, preserves_flags));
        #[cfg(target_arch = "x86")]
        std::arch::asm!("mov {}, esp", out(reg) pointer, options(nomem, nostack, preserves_flags));
        #[cfg(any(target_arch = "aarch64", target_arch = "arm"))]
        std::arch::asm!("mov {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags));
        #[cfg(any(target_arch = "riscv64", target_arch = "riscv32"))]
        std::arch::asm!("mv {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags));
        #[cfg(target_arch = "loongarch64")]
        std::arch::asm!("move {}, $sp", out(reg) pointer, options(nomem, nostack, preserves_flags));
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::here;

    #[test]
    fn a_callee_is_below_its_caller_and_in_the_same_place_each_time() {
        #[inline(never)]
        fn callee() -> usize {
            std::hint::black_box(here())
        }
        let (ours, theirs) = (here(), callee());
        assert!((ours - 64 * 1024..ours).contains(&theirs), "{theirs:#x} below {ours:#x}");
        assert_eq!(callee(), theirs);
    }
}
