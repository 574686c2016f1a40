//! What stands for several children: it ends when they have all ended, or one of them has failed.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use super::children::{Set, Started};
use super::mode::Stop;
use crate::completion::Completion;
use crate::error::{Cancelled, Error, Failure, JoinError};
use crate::outcome::Outcome;
use crate::report::{self, Report};
use crate::schedule::{self, Schedule};
use crate::target::{CancelWay, Target, TargetCell, cancellable};

/// asyncio: `_GatheringFuture`.
pub(super) struct GatherCell<V, E> {
    pub(super) completion: Completion,
    schedule: Rc<Schedule>,
    /// In the order of the arguments, each as often as it was given.
    children: Vec<Target>,
    /// How many have not ended, duplicates counted once.
    left: Cell<usize>,
    /// It was cancelled, and so were the children that had not ended: whatever becomes of them, this ends
    /// with the cancellation.
    cancel_requested: RefCell<Option<Cancelled>>,
    pub(super) state: RefCell<State<V, E>>,
    describe: fn(&E) -> Option<String>,
    site: &'static Location<'static>,
}

pub(super) enum State<V, E> {
    Waiting(Box<dyn Set<V, E>>),
    /// A child's end is being looked at.
    Busy,
    Done(Result<V, E>),
    Panicked(JoinError),
    Taken,
}

impl<V, E> GatherCell<V, E>
where
    V: 'static,
    E: Failure + From<Error>,
{
    #[track_caller]
    pub(super) fn new(started: Started<V, E>, call: &'static str) -> Rc<Self> {
        let Started { targets, set } = started;
        let schedule = match targets.first() {
            Some(child) => child.schedule().clone(),
            None => schedule::running().unwrap_or_else(|| panic!("{}", Error::no_running_loop(call))),
        };
        let foreign = targets.iter().any(|child| child.schedule().id() != schedule.id());
        let mut seen = HashSet::new();
        let distinct: Vec<usize> =
            (0..targets.len()).filter(|&index| seen.insert(targets[index].addr())).collect();
        let cell = Rc::new(GatherCell {
            completion: Completion::new(),
            schedule,
            children: targets,
            left: Cell::new(distinct.len()),
            cancel_requested: RefCell::new(None),
            state: RefCell::new(State::Waiting(set)),
            describe: |error| (!error.is_cancelled()).then(|| format!("{error:?}")),
            site: Location::caller(),
        });
        if foreign {
            cell.end(State::Done(Err(Error::misuse(format!(
                "{call}: the children are attached to different loops"
            ))
            .into())));
        } else {
            cell.watch(distinct);
        }
        cell
    }

    /// Adds a callback to each child; those that have ended already are looked at here and now, as in
    /// asyncio.
    fn watch(self: &Rc<Self>, distinct: Vec<usize>) {
        let (ended, live): (Vec<_>, Vec<_>) =
            distinct.into_iter().partition(|&index| self.children[index].completion().done());
        for index in live {
            let child = &self.children[index];
            // The failure of a child whose turn comes after the end is nobody's any more, and no news.
            child.completion().add_reader();
            let cell = self.clone();
            let ended = move || {
                cell.children[index].completion().drop_reader_quietly();
                cell.child_ended(index);
            };
            child.completion().add_call(child, Box::new(ended));
        }
        if self.children.is_empty() {
            self.end_with_values();
        }
        for index in ended {
            self.children[index].completion().mark_read();
            self.child_ended(index);
        }
    }

    fn child_ended(self: &Rc<Self>, index: usize) {
        self.left.set(self.left.get() - 1);
        if self.completion.done() {
            return;
        }
        // Taken out, for a result's `clone` is code of others.
        let State::Waiting(set) = self.state.replace(State::Busy) else {
            unreachable!("while it is pending it waits")
        };
        let failure = set.failure(index);
        self.state.replace(State::Waiting(set));
        match failure {
            Some(stop) => self.stop(stop),
            None if self.left.get() == 0 => self.end_with_values(),
            None => {}
        }
    }

    fn end_with_values(self: &Rc<Self>) {
        if let Some(cancelled) = self.cancel_requested.take() {
            return self.end(State::Done(Err(cancelled.into())));
        }
        let State::Waiting(set) = self.state.replace(State::Busy) else {
            unreachable!("while it is pending it waits")
        };
        match set.values() {
            Ok(values) => self.end(State::Done(Ok(values))),
            Err(stop) => self.stop(stop),
        }
    }

    fn stop(self: &Rc<Self>, stop: Stop<E>) {
        self.end(match stop {
            Stop::Error(error) => State::Done(Err(error)),
            Stop::Panicked(error) => State::Panicked(error),
        });
    }

    fn end(self: &Rc<Self>, state: State<V, E>) {
        let outcome = match &state {
            State::Done(Ok(_)) => Outcome::Finished,
            State::Done(Err(_)) => Outcome::Failed,
            _ => Outcome::Panicked,
        };
        let before = self.state.replace(state);
        self.completion.complete(outcome, || self.clone().into(), &self.schedule);
        if self.completion.unread() {
            self.report_unread();
        }
        drop(before); // results of children that nobody wants; their destructors are code of others
    }
}

impl<V, E> GatherCell<V, E> {
    /// Nobody can read why it failed.
    pub(super) fn report_unread(&self) {
        let error = match &*self.state.borrow() {
            State::Done(Err(error)) => (self.describe)(error),
            State::Panicked(error) => Some(error.to_string()),
            _ => None,
        };
        if let Some(error) = error {
            report::report(&Report::UnreadFailure { who: "a gather".to_owned(), created: self.site, error });
        }
    }
}

impl<V: 'static, E: 'static> TargetCell for GatherCell<V, E> {
    fn completion(&self) -> &Completion {
        &self.completion
    }

    fn schedule(&self) -> &Rc<Schedule> {
        &self.schedule
    }

    fn cancel_here(self: Rc<Self>, way: &mut CancelWay) {
        let this: Target = self.clone().into();
        if cancellable(&this) {
            *self.cancel_requested.borrow_mut() = Some(Cancelled::with_message(way.message.clone()));
            way.fork(&self.children);
        }
    }

    fn kind(&self) -> &'static str {
        "gather"
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Gather {} children={}>", self.completion.outcome(), self.children.len())
    }

    fn site(&self) -> &'static Location<'static> {
        self.site
    }

    fn children(&self) -> Option<&[Target]> {
        Some(&self.children)
    }
}
