//! tokio, `LocalSet` on a `current_thread` runtime, tasks by `spawn_local`. Event: `Notify`; channel:
//! unbounded `mpsc`.

use super::std_futures::prelude::*;
use std::rc::Rc;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{JoinHandle, LocalSet, yield_now};
use tokio::time::sleep;

type Handle<T> = JoinHandle<T>;
type Event = Rc<Notify>;

pub(crate) fn job(s: Scenario) -> Option<Job> {
    loop_job(s).or_else(|| sleep_job(s)).or_else(|| cancel_job(s))
}

loop_workloads!();
sleep_workloads!();
cancel_workloads!();

fn block_on<T: 'static>(main: impl Future<Output = T> + 'static) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("tokio starts").block_on(LocalSet::new().run_until(async { join(spawn(main)).await }))
}

fn spawn<F: Future + 'static>(future: F) -> Handle<F::Output> {
    tokio::task::spawn_local(future)
}

async fn join<T>(handle: Handle<T>) -> T {
    handle.await.expect("the task ends by itself")
}

async fn cancel_all(handles: Vec<Handle<u64>>) {
    for handle in &handles {
        handle.abort();
    }
    for handle in handles {
        assert!(handle.await.is_err_and(|e| e.is_cancelled()));
    }
}

fn event() -> Event {
    Event::default()
}

async fn wait(event: &Event) {
    event.notified().await;
}

fn wake_all(event: &Event) {
    event.notify_waiters();
}

fn channel() -> (UnboundedSender<u64>, UnboundedReceiver<u64>) {
    unbounded_channel()
}

async fn send(to: &UnboundedSender<u64>, value: u64) {
    to.send(value).expect("the other end lives");
}

async fn recv(from: &mut UnboundedReceiver<u64>) -> u64 {
    from.recv().await.expect("the other end lives")
}
