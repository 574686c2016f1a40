//! A task forks: in the child nobody is given control any more.
//!
//! The child has a copy of the queue, and everything in it is the parent's: who goes on there does its work twice, on
//! descriptors that the parent shares. So before the fork returns in the child, the turn ends and tasks may hand
//! nothing on. Whoever cedes then comes back to the loop, which finds at the boundary where it is. That costs nothing
//! while nobody forks, for both are asked anyway.

use std::sync::atomic::AtomicBool;

use super::{Schedule, with_running};
use crate::this_process;

impl Schedule {
    /// Sees to it that children of this process find their copies of its schedules stranded.
    pub(super) fn strand_in_children() {
        static SAID: AtomicBool = AtomicBool::new(false);
        this_process::in_children(&SAID, strand_running);
    }

    fn strand(&self) {
        self.stranded.set(true);
        self.update_hands();
        self.turn.todo.set(0);
        self.turn.call_loop();
    }
}

/// The one that runs on the thread that has forked, the only one in the child. Others are not running there.
extern "C" fn strand_running() {
    with_running(|schedule| {
        if let Some(schedule) = schedule {
            schedule.strand();
        }
    });
}
