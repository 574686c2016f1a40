//! What must never go wrong with stackful coroutines: each file is a hazard, named by its number in the
//! table of hazards, and says what happened without a defence.
#![forbid(unsafe_code)]

mod hazard_01_overflow;
mod hazard_03_guards;
mod hazard_04_drops;
mod hazard_05_panic_abort;
mod hazard_06_swallowed;
mod hazard_07_panic_at_close;
mod hazard_14_unwinding;
mod hazard_15_panic_hook;
mod hazard_16_host_panics;
mod hazard_20_threads;
mod hazard_21_handles;
mod hazard_22_finished;
mod hazard_27_forget;
mod hazard_28_sizes;

/// Debug mode times every callback, so all goes through the loop; without it, tasks give control on by
/// themselves. (What runs in a child runs without it anyway.)
#[test]
fn every_hazard_is_met_without_debug_mode_and_with_it() {
    for debug in ["0", "1"] {
        cede_tests::child::again(&[("CEDE_DEBUG", debug)], &["hazard_01", "hazard_03", "hazard_05"]);
    }
}
