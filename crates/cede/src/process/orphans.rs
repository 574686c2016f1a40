//! Children that nobody waits for any more.
//!
//! One thread waits for all of them, so that they are no zombies when they have ended. It begins with the
//! first and ends with the last. A process waits for its own: in the child of a fork there are none yet.

use std::process::Child;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;

use crate::this_process::Own;

/// How often they are asked, at first and at most.
const SOON: Duration = Duration::from_millis(5);
const LATER: Duration = Duration::from_millis(500);

#[derive(Default)]
struct Orphans {
    waiting: Vec<Child>,
    /// Whether the thread runs. Set and cleared with the list locked: it ends only if the list is empty.
    attended: bool,
}

static ORPHANS: Own<Mutex<Orphans>> = Own::new();

fn orphans() -> &'static Mutex<Orphans> {
    ORPHANS.get(|_| Mutex::default())
}

/// Waits for this one's end.
pub(super) fn adopt(child: Child) {
    let mut orphans = orphans().lock();
    orphans.waiting.push(child);
    if !orphans.attended {
        // Without a thread, whoever comes next tries again.
        orphans.attended = thread::Builder::new().name("cede-orphans".to_owned()).spawn(attend).is_ok();
    }
}

fn attend() {
    let mut pause = SOON;
    loop {
        let before = {
            let mut orphans = orphans().lock();
            let before = orphans.waiting.len();
            orphans.waiting.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
            if orphans.waiting.is_empty() {
                orphans.attended = false;
                return;
            }
            before - orphans.waiting.len()
        };
        pause = if before > 0 { SOON } else { LATER.min(pause * 2) };
        thread::sleep(pause);
    }
}
