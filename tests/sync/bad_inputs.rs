//! Misuse: what it gives, word for word.

use std::error::Error as StdError;
use std::rc::Rc;

use cede::channel::mpsc;
use cede::sync::{Barrier, Condition, Event, Lock, Queue, Semaphore};
use cede::{Awaitable, EventLoop, Outcome};

use crate::help::{Trace, event_loop, panic_text, run, run_briefly, spawn, turn};

/// Every way to wait, where it would have to.
fn waits() -> Vec<(&'static str, Box<dyn FnOnce()>)> {
    fn wait(call: &'static str, wait: impl FnOnce() + 'static) -> (&'static str, Box<dyn FnOnce()>) {
        (call, Box::new(wait))
    }
    vec![
        wait("Event::wait", || drop(Event::new().wait().await_())),
        wait("Lock::lock", || {
            let lock = Lock::new(());
            let _guard = lock.try_lock();
            let _ = lock.lock().await_().map(drop);
        }),
        wait("Condition::wait", || {
            let lock = Lock::new(());
            let _ = Condition::new().wait(&mut lock.try_lock().unwrap()).await_();
        }),
        wait("Condition::wait_for", || {
            let lock = Lock::new(());
            let _ = Condition::new().wait_for(&mut lock.try_lock().unwrap(), |()| false).await_();
        }),
        wait("Semaphore::acquire", || drop(Semaphore::new(0).acquire().await_())),
        wait("Semaphore::acquire_owned", || drop(Rc::new(Semaphore::new(0)).acquire_owned().await_())),
        wait("Barrier::wait", || drop(Barrier::new(2).wait().await_())),
        wait("Queue::get", || drop(Queue::<u8>::new(0).get().await_())),
        wait("Queue::put", || {
            let queue = Queue::new(1);
            queue.put_nowait(1).unwrap();
            let _ = queue.put(2).await_();
        }),
        wait("Queue::join", || {
            let queue = Queue::new(1);
            queue.put_nowait(1).unwrap();
            let _ = queue.join().await_();
        }),
        wait("mpsc::Receiver::recv", || {
            let (_sender, receiver) = mpsc::unbounded::<u8>();
            let _ = receiver.recv().await_();
        }),
    ]
}

#[test]
fn waiting_outside_a_loop_is_refused_by_the_name_of_the_call() {
    for (call, wait) in waits() {
        assert_eq!(
            panic_text(wait),
            format!("{call}: no running event loop; call it from inside cede::run or a loop's callback")
        );
    }
}

#[test]
fn waiting_in_a_callback_is_refused_by_the_name_of_the_call() {
    for (call, wait) in waits() {
        let reports = Trace::new();
        let event_loop = event_loop(&reports);
        event_loop.set_debug(false); // a panic's backtrace is slow
        event_loop.call_soon(wait);
        run_briefly(&event_loop);
        assert_eq!(
            reports.take(),
            [format!(
                "a callback panicked: {call}: only a task can cede to the loop, and none runs here; move it from \
                 the callback into a task"
            )]
        );
    }
}

/// test_locks: ConditionTests.test_ambiguous_loops
#[test]
fn what_tasks_of_one_loop_have_waited_for_is_refused_to_those_of_another() {
    let event = Rc::new(Event::new());
    let wait = |event: &Rc<Event>| {
        let event = Rc::clone(event);
        cede::coroutine(move || event.wait().await_())
    };
    let (one, two) = (event_loop(&Trace::new()), event_loop(&Trace::new()));
    let task = one.create_task(wait(&event));
    run_briefly(&one);
    assert!(!task.done());
    let stranger = two.create_task(wait(&event));
    run_briefly(&two);
    let panic = stranger.result().unwrap_err();
    assert_eq!(
        panic.to_string(),
        "the task panicked: Event::wait: it is bound to a different event loop; make one for each loop"
    );
    event.set();
    run_briefly(&one);
    assert_eq!(task.result().unwrap(), Ok(()));
}

#[test]
fn a_refused_wait_leaves_no_trace() {
    let (event, queue) = (Event::new(), Queue::<u8>::new(0));
    panic_text(|| drop(event.wait().await_()));
    panic_text(|| drop(queue.get().await_()));
    let reports = Trace::new();
    let event_loop = event_loop(&reports);
    let (shared, told) = (Rc::new((event, queue)), Rc::new(Lock::new(())));
    let (used, locked) = (Rc::clone(&shared), Rc::clone(&told));
    event_loop.call_soon(move || {
        let (event, queue) = &*used;
        panic_text(|| drop(event.wait().await_()));
        panic_text(|| drop(queue.get().await_()));
        let condition = Condition::new();
        panic_text(|| drop(condition.wait(&mut locked.try_lock().unwrap()).await_()));
        assert_eq!(format!("{condition:?}"), "<Condition []>");
    });
    run_briefly(&event_loop);
    assert!(reports.take().is_empty());
    assert_eq!(format!("{shared:?} {told:?}"), "(<Event [unset]>, <Queue maxsize=0>) <Lock [unlocked]>");
}

/// Waits for an event while it is dropped.
struct WaitsInDrop(Rc<Lock<()>>, Trace);

impl Drop for WaitsInDrop {
    fn drop(&mut self) {
        let refused = self.0.lock().await_().map(drop);
        self.1.add(format!("{refused:?}"));
    }
}

#[test]
fn waiting_while_the_stack_is_unwound_gives_an_error_and_one_report() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let lock = Rc::new(Lock::new(()));
    let (used, told) = (Rc::clone(&lock), trace.clone());
    let task = event_loop.create_task(cede::coroutine(move || {
        let _guard = used.try_lock();
        let _waits = WaitsInDrop(Rc::clone(&used), told);
        std::panic::resume_unwind(Box::new("leaving"));
    }));
    run_briefly(&event_loop);
    assert!(task.result().unwrap_err().is_panic());
    assert_eq!(
        trace.take(),
        [
            "Lock::lock: await while unwinding: it did nothing, for a stack that is being left cannot pause",
            "Err(Cancelled { message: Some(\"Lock::lock: await while unwinding: a panic or a teardown is leaving \
             this stack, so it cannot pause; clean up without awaiting, or after the unwind is caught\") })",
        ]
    );
    assert_eq!(format!("{lock:?}"), "<Lock [unlocked]>");
}

/// Waits for a condition while it is dropped: there, giving the lock up would mean never to get it back.
struct WaitsLockedInDrop(Rc<(Lock<()>, Condition)>, Trace);

impl Drop for WaitsLockedInDrop {
    fn drop(&mut self) {
        let (lock, condition) = &*self.0;
        let mut guard = lock.try_lock().unwrap();
        let refused = condition.wait(&mut guard).await_();
        self.1.add(format!("{} {}", refused.is_err(), lock.locked()));
        *guard = ();
    }
}

#[test]
fn a_condition_keeps_the_lock_where_it_cannot_wait() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let told = trace.clone();
    event_loop.create_task(cede::coroutine(move || {
        let _waits = WaitsLockedInDrop(Rc::default(), told);
        std::panic::resume_unwind(Box::new("leaving"));
    }));
    run_briefly(&event_loop);
    let said = trace.take();
    assert!(said[0].starts_with("Condition::wait: await while unwinding"), "{said:?}");
    assert_eq!(said[1], "true true");
}

#[test]
fn a_deadlock_names_who_waits_and_where() {
    let event_loop = EventLoop::new().unwrap();
    let here = line!();
    let error = event_loop
        .run_until_complete(cede::coroutine(|| {
            let lock = Lock::new(());
            let _guard = lock.lock().await_();
            let _ = lock.lock().await_().map(drop); // waits for itself
        }))
        .unwrap_err();
    assert!(error.is_deadlock());
    let at = format!("{}:{}:", file!(), here + 5);
    assert!(error.to_string().contains(&at), "{error}");
}

#[test]
fn a_cancelled_wait_ends_the_task_cancelled_through_every_error_type() {
    type Boxed = Box<dyn StdError>;
    type BoxedSend = Box<dyn StdError + Send + Sync>;
    run(|| {
        let queue = Rc::new(Queue::new(1));
        queue.put_nowait(Rc::new(())).unwrap(); // items that are not `Send`
        let barrier = Rc::new(Barrier::new(2));
        let mut tasks = Vec::new();
        macro_rules! waits {
            ($($error:ty),*) => {$({
                let (putting, waiting) = (Rc::clone(&queue), Rc::clone(&barrier));
                let put = spawn(move || -> Result<(), $error> {
            putting.put(Rc::default()).await_().map_err(cede::Error::from)?;
            Ok(())
        });
                let wait = spawn(move || -> Result<(), $error> { waiting.wait().await_()?; Ok(()) });
                tasks.push(put.handle());
                tasks.push(wait.handle());
                let empty = Queue::<u8>::new(0);
                let get = spawn(move || -> Result<(), $error> { empty.get().await_()?; Ok(()) });
                tasks.push(get.handle());
                turn();
                wait.cancel();
                turn();
            })*};
        }
        waits!(cede::Error, std::io::Error, Boxed, BoxedSend);
        let putting = Rc::clone(&queue);
        tasks.push(spawn(move || -> Result<(), Boxed> { Ok(putting.put(Rc::default()).await_()?) }).handle());
        turn();
        for task in &tasks {
            task.cancel();
        }
        turn();
        for task in tasks {
            assert_eq!(task.outcome(), Outcome::Cancelled, "{task:?}");
        }
    });
}

#[test]
fn an_error_that_is_no_cancellation_fails_the_task() {
    run(|| {
        let queue = Queue::<u8>::new(0);
        queue.shutdown(false);
        let task = spawn(move || queue.get().await_());
        turn();
        assert_eq!(task.outcome(), Outcome::Failed);
        let _ = task.result();
        let barrier = Barrier::new(1);
        let task = spawn(move || -> cede::Result<usize> {
            barrier.abort().await_()?;
            Ok(barrier.wait().await_()?)
        });
        turn();
        assert_eq!(task.result().unwrap().unwrap_err().to_string(), "Barrier aborted");
    });
}

#[test]
fn an_unread_failure_of_a_get_is_reported_with_its_text() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let queue = Queue::<u8>::new(0);
    queue.shutdown(false);
    drop(event_loop.create_task(cede::coroutine(move || queue.get().await_()).fallible()));
    run_briefly(&event_loop);
    assert_eq!(
        trace.take(),
        ["the error of task 'Task-1' was never read: GetError(Queue::get: the queue is shut down)"]
    );
}
