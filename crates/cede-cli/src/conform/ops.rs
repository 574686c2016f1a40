//! What each operation does: the groups core, future, callback, turn and uncancel.
//!
//! Every operation has a function of its own: bodies nest on one small stack, so none may pay for another's locals.

use std::rc::Rc;
use std::time::Duration;

use cede::{Awaitable, Promise, Task};
use serde_json::{Value, json};

use super::exception::{Exc, Flow, Outcome, outcome_json};
use super::interpreter::{Run, task_outcome};
use super::program::{Catch, Op};

/// A time of a program: its units are seconds of the virtual clock.
pub(super) fn units(count: u64) -> Duration {
    Duration::from_secs(count)
}

impl Run {
    pub(super) fn op(self: &Rc<Self>, op: &Op, who: &str) -> Flow {
        match op {
            Op::Yield => self.yield_(who),
            Op::Sleep(time) => self.sleep(who, *time),
            Op::Spawn(body) => self.spawn(who, *body),
            Op::AwaitTask(task) => self.await_task(who, *task),
            Op::AwaitCoroutine(body) => self.await_coroutine(who, *body),
            Op::Cancel(task) => self.cancel(who, *task),
            Op::Raise(number) => self.raise(who, *number),
            Op::Return(value) => Err(Exc::Return(value.clone())),
            Op::Try(catch, block) => self.try_(who, *catch, block),
            Op::Finally(block, cleanup) => self.finally(who, block, cleanup),

            Op::FutureSet(promise) => self.future_set(who, *promise),
            Op::FutureException(promise) => self.future_exception(who, *promise),
            Op::FutureCancel(promise) => self.future_cancel(who, *promise),
            Op::AwaitFuture(promise) => self.await_future(who, *promise),
            Op::FutureCallback(promise) => self.future_callback(*promise),

            Op::CallSoon => self.call_soon(),
            Op::CallLater(time) => self.call_later(*time),
            Op::TaskCallback(task) => self.task_callback(*task),
            Op::TimerCancel(timer) => self.timer_cancel(*timer),

            Op::SpawnAwait(body) => self.spawn_await(who, *body),
            Op::CallNow => self.call_later(0),
            Op::SoonChain(links) => self.soon_chain(*links),
            Op::CallbackSpawn(body) => self.callback_spawn(*body),
            Op::CallbackCancel(task) => self.callback_cancel(*task),

            Op::Uncancel => self.uncancel(who),
            Op::Cancelling => self.cancelling(who),

            Op::EventWait(event) => self.event_wait(who, *event),
            Op::EventSet(event) => self.event_set(who, *event),
            Op::EventClear(event) => self.event_clear(who, *event),
            Op::Lock(lock, block) => self.lock(who, *lock, block),
            Op::Semaphore(semaphore, block) => self.semaphore(who, *semaphore, block),
            Op::ConditionWait(condition) => self.condition_wait(who, *condition),
            Op::ConditionNotify(condition, count) => self.condition_notify(who, *condition, *count),
            Op::QueuePut(queue) => self.queue_put(who, *queue),
            Op::QueueGet(queue) => self.queue_get(who, *queue),

            Op::Gather { return_exceptions, bodies } => self.gather(who, *return_exceptions, bodies),
            Op::Wait { when, timeout, tasks } => self.wait(who, *when, *timeout, tasks),
            Op::Shield(task) => self.shield(who, *task),
            Op::Timeout(time, block) => self.timeout(who, *time, block),
            Op::WaitFor(time, body) => self.wait_for(who, *time, *body),
            Op::Group(bodies, block) => self.group(who, bodies, block),
        }
    }

    // ---- core ----

    fn yield_(&self, who: &str) -> Flow {
        self.waits(who, "yield", || {
            cede::yield_now().await_()?;
            Ok(Value::Null)
        })
    }

    fn sleep(&self, who: &str, time: u64) -> Flow {
        self.waits(who, "sleep", || {
            cede::sleep(units(time)).await_()?;
            Ok(time.into())
        })
    }

    fn spawn(self: &Rc<Self>, who: &str, body: usize) -> Flow {
        let task = self.start(body);
        self.event(who, "spawned", [json!(task)]);
        Ok(())
    }

    fn await_task(&self, who: &str, task: usize) -> Flow {
        match self.other_task(task) {
            Some(task) => self.join(who, &task),
            None => {
                self.event(who, "no task", []);
                Ok(())
            }
        }
    }

    fn join(&self, who: &str, task: &Task<Outcome>) -> Flow {
        self.waits(who, "join", || task.await_()?)
    }

    fn await_coroutine(self: &Rc<Self>, who: &str, body: usize) -> Flow {
        let coroutine = self.inline(body, who);
        self.waits(who, "coro", || coroutine.await_())
    }

    fn cancel(&self, who: &str, task: usize) -> Flow {
        self.event(who, "cancel", [json!(self.task(task).cancel())]);
        Ok(())
    }

    fn raise(&self, who: &str, number: i64) -> Flow {
        self.event(who, "raise", [json!(number)]);
        Err(Exc::Err(number))
    }

    /// Catches all but `return`, and raises again what it does not keep.
    fn try_(self: &Rc<Self>, who: &str, catch: Catch, block: &[Op]) -> Flow {
        match self.block(block, who) {
            Err(exc) if !matches!(exc, Exc::Return(_)) => {
                self.event(who, "caught", [exc.to_json()]);
                let not_kept = if exc == Exc::Cancelled { Catch::Errors } else { Catch::Cancellation };
                if catch == not_kept { Err(exc) } else { Ok(()) }
            }
            left => left,
        }
    }

    /// Runs the clean-up however the block is left; what the clean-up raises takes the place of what the block did.
    fn finally(self: &Rc<Self>, who: &str, block: &[Op], cleanup: &[Op]) -> Flow {
        let left = self.block(block, who);
        self.event(who, "finally", []);
        self.block(cleanup, who)?;
        left
    }

    // ---- future ----

    fn future_set(&self, who: &str, promise: usize) -> Flow {
        let was_done = self.promises[promise].set_result(json!(7)).is_err();
        self.event(who, "fut_set", [json!(was_done)]);
        Ok(())
    }

    fn future_exception(&self, who: &str, promise: usize) -> Flow {
        let was_done = self.promises[promise].set_exception(Exc::Err(9)).is_err();
        self.event(who, "fut_exc", [json!(was_done)]);
        Ok(())
    }

    fn future_cancel(&self, who: &str, promise: usize) -> Flow {
        self.event(who, "fut_cancel", [json!(self.promises[promise].cancel())]);
        Ok(())
    }

    fn await_future(&self, who: &str, promise: usize) -> Flow {
        self.waits(who, "fut", || Ok((&self.promises[promise]).await_()?))
    }

    fn future_callback(self: &Rc<Self>, promise: usize) -> Flow {
        let (number, run) = (self.number_callback(), Rc::clone(self));
        self.promises[promise].add_done_callback(move |promise: &Promise<Value>| {
            let outcome = outcome_json(&promise.result().map_err(Exc::from));
            run.event("cb", "fut done", [json!(number), outcome]);
        });
        Ok(())
    }

    // ---- callback ----

    fn call_soon(self: &Rc<Self>) -> Flow {
        let (number, run) = (self.number_callback(), Rc::clone(self));
        self.event_loop.call_soon(move || run.event("cb", "soon", [json!(number)]));
        Ok(())
    }

    fn call_later(self: &Rc<Self>, time: u64) -> Flow {
        let (number, run) = (self.number_callback(), Rc::clone(self));
        let later = move || run.event("cb", "later", [json!(number)]);
        let timer = self.event_loop.call_later(units(time), later);
        self.timers.borrow_mut().push(timer);
        Ok(())
    }

    fn task_callback(self: &Rc<Self>, task: usize) -> Flow {
        let (number, run) = (self.number_callback(), Rc::clone(self));
        self.task(task).add_done_callback(move |task: &Task<Outcome>| {
            run.event("cb", "task done", [json!(number), task_outcome(task)]);
        });
        Ok(())
    }

    fn timer_cancel(&self, timer: usize) -> Flow {
        let timers = self.timers.borrow();
        if !timers.is_empty() {
            timers[timer % timers.len()].cancel();
        }
        Ok(())
    }

    // ---- turn ----

    fn spawn_await(self: &Rc<Self>, who: &str, body: usize) -> Flow {
        let task = self.start(body);
        self.event(who, "spawned", [json!(task)]);
        self.join(who, &self.task(task))
    }

    fn soon_chain(self: &Rc<Self>, links: u64) -> Flow {
        let (number, run) = (self.number_callback(), Rc::clone(self));
        self.event_loop.call_soon(move || run.chain_link(number, links));
        Ok(())
    }

    /// A callback that queues the next one until none is left.
    fn chain_link(self: Rc<Self>, number: u64, left: u64) {
        self.event("cb", "chain", [json!(number), json!(left)]);
        if left > 0 {
            let run = Rc::clone(&self);
            self.event_loop.call_soon(move || run.chain_link(number, left - 1));
        }
    }

    fn callback_spawn(self: &Rc<Self>, body: usize) -> Flow {
        let run = Rc::clone(self);
        self.event_loop.call_soon(move || {
            let task = run.start(body);
            run.event("cb", "spawned", [json!(task)]);
        });
        Ok(())
    }

    fn callback_cancel(self: &Rc<Self>, task: usize) -> Flow {
        let run = Rc::clone(self);
        self.event_loop.call_soon(move || {
            let cancelled = run.task(task).cancel();
            run.event("cb", "cancel", [json!(cancelled)]);
        });
        Ok(())
    }

    // ---- uncancel ----

    fn uncancel(&self, who: &str) -> Flow {
        let task = cede::current_task().expect("a body runs in a task");
        let left = if task.cancelling() > 0 { task.uncancel() } else { 0 };
        self.event(who, "uncancel", [json!(left)]);
        Ok(())
    }

    fn cancelling(&self, who: &str) -> Flow {
        let task = cede::current_task().expect("a body runs in a task");
        self.event(who, "cancelling", [json!(task.cancelling())]);
        Ok(())
    }
}
