//! smol's parts: `LocalExecutor` of async-executor, driven by `async_io::block_on` as `smol::block_on` does.
//! Event: event-listener; channel: async-channel; sleep: async-io.

use super::std_futures::prelude::*;
use async_channel::{Receiver, Sender};
use async_executor::{LocalExecutor, Task};
use event_listener::listener;
use futures_lite::future::yield_now;
use std::rc::Rc;

type Handle<T> = Task<T>;
type Event = Rc<event_listener::Event>;

thread_local! {
    static EXECUTOR: LocalExecutor<'static> = const { LocalExecutor::new() };
}

pub(crate) fn job(s: Scenario) -> Option<Job> {
    loop_job(s).or_else(|| sleep_job(s)).or_else(|| cancel_job(s))
}

loop_workloads!();
sleep_workloads!();
cancel_workloads!();

fn block_on<T: 'static>(main: impl Future<Output = T> + 'static) -> T {
    EXECUTOR.with(|executor| async_io::block_on(executor.run(async { join(spawn(main)).await })))
}

fn spawn<F: Future + 'static>(future: F) -> Handle<F::Output> {
    EXECUTOR.with(|executor| executor.spawn(future))
}

async fn join<T>(handle: Handle<T>) -> T {
    handle.await
}

async fn sleep(time: Duration) {
    async_io::Timer::after(time).await;
}

/// One after another: a task of this executor is cancelled by consuming its handle.
async fn cancel_all(handles: Vec<Handle<u64>>) {
    for handle in handles {
        assert!(handle.cancel().await.is_none());
    }
}

fn event() -> Event {
    Rc::default()
}

async fn wait(event: &Event) {
    listener!(event => listener);
    listener.await;
}

fn wake_all(event: &Event) {
    event.notify(usize::MAX);
}

fn channel() -> (Sender<u64>, Receiver<u64>) {
    async_channel::unbounded()
}

async fn send(to: &Sender<u64>, value: u64) {
    to.send(value).await.expect("the other end lives");
}

async fn recv(from: &mut Receiver<u64>) -> u64 {
    from.recv().await.expect("the other end lives")
}
