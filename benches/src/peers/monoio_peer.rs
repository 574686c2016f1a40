//! monoio with the driver it chooses (io_uring, else epoll). Channel: local-sync's, by the same authors; event:
//! event-listener's, as monoio has none. Its tasks cannot be cancelled.

use super::std_futures::prelude::*;
use event_listener::listener;
use futures_lite::future::yield_now;
use local_sync::mpsc::unbounded::{Rx, Tx, channel as unbounded};
use monoio::task::JoinHandle;
use monoio::time::sleep;
use std::rc::Rc;

type Handle<T> = JoinHandle<T>;
type Event = Rc<event_listener::Event>;

pub(crate) fn job(s: Scenario) -> Option<Job> {
    loop_job(s).or_else(|| sleep_job(s))
}

loop_workloads!();
sleep_workloads!();

fn block_on<T: 'static>(main: impl Future<Output = T> + 'static) -> T {
    let runtime = monoio::RuntimeBuilder::<monoio::FusionDriver>::new().enable_timer().build();
    runtime.expect("monoio starts").block_on(async { join(spawn(main)).await })
}

fn spawn<F: Future + 'static>(future: F) -> Handle<F::Output> {
    monoio::spawn(future)
}

async fn join<T>(handle: Handle<T>) -> T {
    handle.await
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

fn channel() -> (Tx<u64>, Rx<u64>) {
    unbounded()
}

async fn send(to: &Tx<u64>, value: u64) {
    assert!(to.send(value).is_ok(), "the other end lives");
}

async fn recv(from: &mut Rx<u64>) -> u64 {
    from.recv().await.expect("the other end lives")
}
