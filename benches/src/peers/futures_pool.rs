//! `LocalPool` of the futures crate. It has no event and no clock of its own: the event is event-listener's,
//! and the workloads that sleep are left out. Channel: futures' unbounded `mpsc`.

use super::std_futures::prelude::*;
use event_listener::listener;
use futures::StreamExt as _;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::executor::{LocalPool, LocalSpawner};
use futures::future::{AbortHandle, RemoteHandle, abortable};
use futures::task::LocalSpawnExt as _;
use futures_lite::future::yield_now;
use std::cell::OnceCell;
use std::rc::Rc;

type Handle<T> = RemoteHandle<T>;
type Event = Rc<event_listener::Event>;

thread_local! {
    static SPAWNER: OnceCell<LocalSpawner> = const { OnceCell::new() };
}

pub(crate) fn job(s: Scenario) -> Option<Job> {
    match s.kind {
        Kind::Cancel => one_by_one(move |meter| cancels(s.n, meter)),
        _ => loop_job(s),
    }
}

loop_workloads!();

fn block_on<T: 'static>(main: impl Future<Output = T> + 'static) -> T {
    let mut pool = LocalPool::new();
    SPAWNER.with(|spawner| spawner.get_or_init(|| pool.spawner()).clone());
    pool.run_until(async { join(spawn(main)).await })
}

fn spawn<F: Future + 'static>(future: F) -> Handle<F::Output> {
    SPAWNER.with(|spawner| {
        let spawner = spawner.get().expect("a pool runs");
        spawner.spawn_local_with_handle(future).expect("the pool lives")
    })
}

async fn join<T: 'static>(handle: Handle<T>) -> T {
    handle.await
}

/// A remote handle cancels without telling when the task has ended, so the tasks are made abortable.
async fn cancels(n: u64, mut meter: Meter) -> Meter {
    let event = event();
    while meter.batch().is_some() {
        COUNT.store(0, Relaxed);
        let mut tasks: Vec<(AbortHandle, Handle<bool>)> = Vec::with_capacity(n as usize);
        for _ in 0..n {
            let event = Rc::clone(&event);
            let (future, abort) = abortable(async move {
                COUNT.fetch_add(1, Relaxed);
                wait(&event).await;
            });
            tasks.push((abort, spawn(async { future.await.is_err() })));
        }
        while COUNT.load(Relaxed) < n {
            yield_now().await;
        }
        meter.restart();
        for (abort, _) in &tasks {
            abort.abort();
        }
        for (_, handle) in tasks {
            assert!(join(handle).await);
        }
        meter.stop();
    }
    meter
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

fn channel() -> (UnboundedSender<u64>, UnboundedReceiver<u64>) {
    unbounded()
}

async fn send(to: &UnboundedSender<u64>, value: u64) {
    to.unbounded_send(value).expect("the other end lives");
}

async fn recv(from: &mut UnboundedReceiver<u64>) -> u64 {
    from.next().await.expect("the other end lives")
}
