//! What each operation does: the groups combo, timeout, wait_for and group.

use std::rc::Rc;

use cede::{Awaitable, GroupError, ReturnWhen, Task, Waited};
use serde_json::{Value, json};

use super::exception::{Exc, Flow, Outcome};
use super::interpreter::Run;
use super::ops::units;
use super::program::{Op, When};

impl Run {
    /// Starts bodies and gathers their tasks.
    pub(super) fn gather(self: &Rc<Self>, who: &str, return_exceptions: bool, bodies: &[usize]) -> Flow {
        self.waits(who, "gather", || {
            let tasks: Vec<Rc<Task<Outcome>>> =
                bodies.iter().map(|body| self.task(self.start(*body))).collect();
            let tasks: Vec<&Task<Outcome>> = tasks.iter().map(Rc::as_ref).collect();
            let values = if return_exceptions {
                let results = cede::gather_results(tasks).await_()?;
                results.into_iter().map(|result| result.unwrap_or_else(|exc| exc.to_json())).collect()
            } else {
                cede::gather(tasks).await_()?
            };
            Ok(Value::Array(values))
        })
    }

    /// Waits for tasks other than the one that runs; gives the numbers of those that are done and those that are not.
    pub(super) fn wait(&self, who: &str, when: When, timeout: Option<u64>, tasks: &[usize]) -> Flow {
        let started = self.tasks.borrow().len();
        let mut numbers: Vec<usize> = tasks.iter().map(|task| task % started).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.retain(|number| self.other_task(*number).is_some());
        if numbers.is_empty() {
            return Ok(());
        }
        self.waits(who, "wait", || {
            let tasks: Vec<Rc<Task<Outcome>>> = numbers.iter().map(|number| self.task(*number)).collect();
            let waited = cede::wait(&tasks).return_when(when.into()).timeout(timeout.map(units)).await_();
            let Waited { done, pending } = waited?;
            let number = |task: &&Rc<Task<Outcome>>| {
                let at = tasks.iter().position(|other| Rc::ptr_eq(other, task));
                numbers[at.expect("what comes back is what was given")]
            };
            let numbered = |tasks: Vec<&Rc<Task<Outcome>>>| tasks.iter().map(number).collect::<Vec<_>>();
            Ok(json!([numbered(done), numbered(pending)]))
        })
    }

    pub(super) fn shield(&self, who: &str, task: usize) -> Flow {
        match self.other_task(task) {
            Some(task) => self.waits(who, "shield", || cede::shield(&*task).await_()?),
            None => Ok(()),
        }
    }

    pub(super) fn timeout(self: &Rc<Self>, who: &str, time: u64, block: &[Op]) -> Flow {
        self.event(who, "timeout?", []);
        let left = cede::timeout(units(time), || self.block(block, who));
        self.leaves(who, "timeout", left)
    }

    pub(super) fn wait_for(self: &Rc<Self>, who: &str, time: u64, body: usize) -> Flow {
        let coroutine = self.inline(body, who);
        self.waits(who, "wait_for", || cede::wait_for(coroutine, units(time)).await_())
    }

    pub(super) fn group(self: &Rc<Self>, who: &str, bodies: &[usize], block: &[Op]) -> Flow {
        self.event(who, "tg?", []);
        let left = cede::task_group(|group| {
            for body in bodies {
                let number = self.tasks.borrow().len();
                self.keep(group.create_task(self.body_of(number, *body))?);
            }
            self.block(block, who)
        });
        self.leaves(who, "tg", left.map_err(Exc::from))
    }

    /// Traces how a block is left; a `return` leaves it unseen.
    fn leaves(&self, who: &str, label: &str, left: Flow) -> Flow {
        match &left {
            Ok(()) => self.event(who, label, []),
            Err(Exc::Return(_)) => {}
            Err(exc) => self.event(who, &format!("{label}!"), [exc.to_json()]),
        }
        left
    }
}

impl From<When> for ReturnWhen {
    fn from(when: When) -> Self {
        match when {
            When::FirstCompleted => Self::FirstCompleted,
            When::FirstException => Self::FirstException,
            When::AllCompleted => Self::AllCompleted,
        }
    }
}

impl From<GroupError<Exc>> for Exc {
    fn from(group: GroupError<Exc>) -> Self {
        if group.is_cancelled() { Self::Cancelled } else { Self::Group(group.into_errors()) }
    }
}
