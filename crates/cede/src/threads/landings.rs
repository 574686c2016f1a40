//! Where results from other threads come down on the loop's thread.
//!
//! A promise stays on its thread, so what a job sends home names it by a key; a key whose promise is no
//! longer waited for finds nothing.

use std::cell::RefCell;

use slotmap::SlotMap;

use crate::event_loop::find_running;

slotmap::new_key_type! {
    pub(crate) struct LandingKey;
}

type Landing = Box<dyn FnOnce()>;

#[derive(Default)]
pub(crate) struct Landings {
    waiting: RefCell<SlotMap<LandingKey, Landing>>,
}

impl Landings {
    pub(super) fn add(&self, landing: impl FnOnce() + 'static) -> LandingKey {
        self.waiting.borrow_mut().insert(Box::new(landing))
    }

    pub(super) fn take(&self, key: LandingKey) -> Option<Landing> {
        self.waiting.borrow_mut().remove(key)
    }

    pub(crate) fn clear(&self) {
        let all = self.waiting.take();
        drop(all); // outside the borrow: results' destructors are user code
    }
}

/// What a job posts when it has ended.
pub(super) fn land(key: LandingKey) {
    let landing = find_running().and_then(|event_loop| event_loop.core.landings.take(key));
    if let Some(landing) = landing {
        landing();
    }
}
