//! Who is told, if anybody is.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::rc::Rc;

use super::Event;
use super::inline::Watching;
use crate::error::panic_text;
use crate::report::{self, Report};

/// Is told of events; knows the clock, which a schedule does not.
pub(crate) type Told = Rc<dyn Fn(&Event)>;

/// A loop's observer, or none.
#[derive(Default)]
pub(crate) struct Teller {
    observing: Cell<bool>,
    observer: RefCell<Option<(Told, Watching)>>,
}

impl Teller {
    #[inline]
    pub(crate) fn observing(&self) -> bool {
        !cfg!(cede_unobserved) && self.observing.get()
    }

    pub(crate) fn listen(&self, observer: Option<Told>) {
        self.observing.set(observer.is_some());
        let before = self.observer.replace(observer.map(|told| (told, Watching::new())));
        drop(before); // outside the borrow: what it captured is code of others
    }

    #[cold]
    pub(crate) fn tell(&self, event: &Event) {
        let told = self.observer.borrow().as_ref().map(|(told, _)| told.clone());
        let Some(told) = told else { return };
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| told(event))) {
            // It must not unwind whoever it watches: a scope, say, that is just taking a task in.
            report::report(&Report::CallbackPanicked {
                who: "an observer".to_owned(),
                created: Location::caller(),
                error: panic_text(&*payload).to_owned(),
            });
        }
    }
}
