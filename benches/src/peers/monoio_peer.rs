//! monoio with the driver it chooses (io_uring, else epoll). Channel: local-sync's, by the same authors; event:
//! event-listener's, as monoio has none. Its tasks cannot be cancelled.
//!
//! A yield needs a detour: monoio puts a task that wakes itself while it runs at the *front* of its queue
//! (`LocalScheduler::yield_now`), so the usual `wake_by_ref` would run the same task again at once, and a task
//! that waits so for another would wait for ever. Here a standing task, the relay, wakes whoever yielded.

use super::std_futures::prelude::*;
use event_listener::listener;
use local_sync::mpsc::unbounded::{Rx, Tx, channel as unbounded};
use monoio::task::JoinHandle;
use monoio::time::sleep;
use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

type Handle<T> = JoinHandle<T>;
type Event = Rc<event_listener::Event>;

thread_local! {
    /// Whoever has yielded since the relay ran last.
    static YIELDED: RefCell<Vec<Waker>> = const { RefCell::new(Vec::new()) };
    /// The relay's waker, while it waits.
    static RELAY: RefCell<Option<Waker>> = const { RefCell::new(None) };
}

pub(crate) fn job(s: Scenario) -> Option<Job> {
    loop_job(s).or_else(|| sleep_job(s))
}

loop_workloads!();
sleep_workloads!();

fn block_on<T: 'static>(main: impl Future<Output = T> + 'static) -> T {
    let runtime = monoio::RuntimeBuilder::<monoio::FusionDriver>::new().enable_timer().build();
    runtime.expect("monoio starts").block_on(async {
        monoio::spawn(relay());
        join(spawn(main)).await
    })
}

/// Goes behind every task that is ready now.
async fn yield_now() {
    let mut yielded = false;
    poll_fn(|cx| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        YIELDED.with_borrow_mut(|wakers| wakers.push(cx.waker().clone()));
        if let Some(relay) = RELAY.take() {
            relay.wake();
        }
        Poll::Pending
    })
    .await;
}

/// Wakes those who yielded, in their order, from outside their own polls.
async fn relay() {
    let mut wakers = Vec::new();
    poll_fn::<(), _>(|cx| {
        YIELDED.with_borrow_mut(|yielded| std::mem::swap(yielded, &mut wakers));
        wakers.drain(..).for_each(Waker::wake);
        RELAY.set(Some(cx.waker().clone()));
        Poll::Pending
    })
    .await;
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
