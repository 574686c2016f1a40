//! What CPython's own tests say of futures, tasks, the loop and generators, row by row of the table in
//! `docs/design.md`: `row_09::…` is row 9. Each test names the CPython test it follows, where there is one.
#![forbid(unsafe_code)]

mod row_01_done;
mod row_02_result;
mod row_03_callbacks;
mod row_04_unread;
mod row_06_first_step;
mod row_07_ceding;
mod row_08_misdirected;
mod row_09_cancel;
mod row_10_uncancel;
mod row_11_cancel_wins;
mod row_12_panic;
mod row_13_names;
mod row_14_destroyed_pending;
mod row_28_exceptions;
mod row_28_queue;
mod row_28_running;
mod row_28_timers;
mod row_29_readers;
mod row_36_resume;
mod row_37_close;
mod row_38_body_error;
mod row_39_yield_from;

/// Debug mode times every callback, so all goes through the loop; without it, tasks give control on by
/// themselves. Nobody must see the difference.
#[test]
fn every_row_holds_without_debug_mode_and_with_it() {
    for debug in ["0", "1"] {
        cede_tests::child::again(&[("CEDE_DEBUG", debug)], &[]);
    }
}
