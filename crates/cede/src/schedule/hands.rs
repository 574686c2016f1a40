//! What the fast path (`task/handoff.rs`) asks: whether tasks may give control on by themselves, and to whom.

use std::rc::Rc;

use super::Schedule;
use crate::callback::TaskKey;

impl Schedule {
    /// The task whose step is the next callback, if a task may take it without the loop: the fast path is
    /// on, and either this turn goes on, or nothing stands at the boundary for the loop to look at.
    #[inline(always)]
    pub(crate) fn next_step_here(&self) -> Option<TaskKey> {
        if !self.hands_on.get() {
            return None;
        }
        let key = self.ready.first_step()?;
        if self.turn.todo.get() == 0 {
            if !self.turn.may_cross() {
                return None;
            }
            if !self.begin_turn() {
                return None;
            }
        }
        Some(key)
    }

    /// The same of a loop that is [quick](Self::is_quick).
    #[inline(always)]
    pub(crate) fn next_step_quickly(&self) -> Option<TaskKey> {
        debug_assert!(self.quick.get());
        let key = self.ready.first_step()?;
        if self.turn.todo.get() == 0 {
            if !self.turn.may_cross() {
                return None;
            }
            self.count_turn();
        }
        Some(key)
    }

    /// Takes the step that [`next_step_here`](Self::next_step_here) has shown.
    #[inline(always)]
    pub(crate) fn take_step(&self) {
        self.ready.drop_step();
        self.count_taken();
    }

    /// Takes a callback that is pushed now, if it is the only one: none is ready, so it would begin a turn of
    /// its own, and a task may do that without the loop; nobody is told of it, so nobody may watch. Whether it
    /// does.
    #[inline]
    pub(crate) fn cross_empty(&self) -> bool {
        let so = self.quick.get() && self.ready() == 0 && self.turn.may_cross();
        if so {
            self.turn.count_turn();
            self.turn.count_callback();
        }
        so
    }

    // ---- whether they may

    /// Whether it is closed, or somebody watches.
    #[inline]
    pub(crate) fn is_special(&self) -> bool {
        self.special.get()
    }

    /// Whether tasks may give control on by themselves, and nobody watches.
    #[inline]
    pub(crate) fn is_quick(&self) -> bool {
        self.quick.get()
    }

    pub(super) fn set_special(&self, special: bool) {
        self.special.set(special);
        self.update_hands();
    }

    pub(crate) fn set_fast_path(&self, on: bool) {
        self.fast.set(on);
        self.update_hands();
    }

    pub(super) fn update_hands(&self) {
        self.hands_on.set(
            self.fast.get()
                && !self.debug.get()
                && !self.stranded.get()
                && self.keeping.get() == 0
                && !self.stack_usage.is_on(),
        );
        self.quick.set(self.hands_on.get() && !self.special.get());
    }

    /// Until the guard is dropped, whoever parks gives control back and not on.
    pub(crate) fn keep_hands(self: &Rc<Self>) -> KeptHands {
        self.keeping.set(self.keeping.get() + 1);
        self.update_hands();
        KeptHands { schedule: self.clone() }
    }
}

pub(crate) struct KeptHands {
    schedule: Rc<Schedule>,
}

impl Drop for KeptHands {
    fn drop(&mut self) {
        self.schedule.keeping.set(self.schedule.keeping.get() - 1);
        self.schedule.update_hands();
    }
}
