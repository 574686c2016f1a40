//! Row 27: shutting a queue down, at once or when it is empty, for each kind of queue.

use std::fmt::Debug;
use std::rc::Rc;

use cede::Awaitable;
use cede::sync::{Fifo, GetError, Heap, Lifo, Queue, QueueStore};

use crate::help::{run, spawn_with, turn};

trait Store: QueueStore<&'static str> + Default + Debug + 'static {}

impl<S: QueueStore<&'static str> + Default + Debug + 'static> Store for S {}

fn queue<S: Store>(maxsize: usize) -> Rc<Queue<&'static str, S>> {
    Rc::new(Queue::with_store(maxsize, S::default()))
}

/// Nothing goes in or comes out, and what is refused comes back.
fn assert_shut<S: Store>(queue: &Queue<&'static str, S>) {
    assert!(queue.is_shut_down());
    for error in [queue.put("data").await_().unwrap_err(), queue.put_nowait("data").unwrap_err()] {
        assert!(error.is_shut_down() && !error.is_full() && !error.is_cancelled());
        assert_eq!(error.to_string(), "Queue::put: the queue is shut down");
        assert_eq!(error.into_item(), "data");
    }
    for error in [queue.get().await_().unwrap_err(), queue.get_nowait().unwrap_err()] {
        assert!(error.is_shut_down() && !error.is_empty() && !error.is_cancelled());
        assert_eq!(error.to_string(), "Queue::get: the queue is shut down");
    }
}

/// test_queues: _QueueShutdownTestMixin.test_format
fn format<S: Store>() {
    let queue = queue::<S>(0);
    assert!(queue.shutdown(false).is_empty());
    assert_eq!(format!("{queue:?}"), "<Queue maxsize=0 shutdown>");
}

/// test_queues: _QueueShutdownTestMixin.test_shutdown_empty
fn empty<S: Store>() {
    run(|| {
        let queue = queue::<S>(0);
        let get = spawn_with(&queue, |queue| queue.get().await_());
        turn();
        queue.shutdown(false);
        assert_eq!(queue.len(), 0);
        queue.join().await_().unwrap();
        turn();
        assert!(get.done());
        assert!(get.await_().unwrap().unwrap_err().is_shut_down());
        assert_shut(&queue);
    });
}

/// test_queues: _QueueShutdownTestMixin.test_shutdown_nonempty
fn nonempty<S: Store>() {
    run(|| {
        let queue = queue::<S>(1);
        queue.put_nowait("data").unwrap();
        let join = spawn_with(&queue, |queue| queue.join().await_());
        let put = spawn_with(&queue, |queue| queue.put("data2").await_().map_err(cede::Error::from));
        turn();
        assert!(!put.done());

        queue.shutdown(false);
        assert_eq!(queue.len(), 1);
        turn();
        assert!(put.done());
        let refused = put.await_().unwrap().unwrap_err();
        assert!(refused.downcast_ref::<cede::sync::PutError<()>>().unwrap().is_shut_down());

        assert_eq!(queue.get().await_(), Ok("data"));
        turn();
        assert!(!join.done());
        assert_shut(&queue);

        queue.task_done().unwrap();
        turn();
        assert!(join.done());
        assert!(queue.task_done().is_err());
    });
}

/// test_queues: _QueueShutdownTestMixin.test_shutdown_immediate
fn immediate<S: Store>() {
    run(|| {
        let queue = queue::<S>(0);
        queue.put_nowait("data").unwrap();
        let join = spawn_with(&queue, |queue| queue.join().await_());
        turn();
        assert_eq!(queue.shutdown(true), ["data"]);
        assert_eq!(queue.len(), 0);
        turn();
        assert!(join.done());
        assert_shut(&queue);
        assert!(queue.task_done().is_err());
    });
}

/// test_queues: _QueueShutdownTestMixin.test_shutdown_immediate_with_unfinished
fn immediate_with_unfinished<S: Store>() {
    run(|| {
        let queue = queue::<S>(0);
        queue.put_nowait("data").unwrap();
        queue.put_nowait("data").unwrap();
        let join = spawn_with(&queue, |queue| queue.join().await_());
        assert_eq!(queue.get().await_(), Ok("data"));
        queue.shutdown(true);
        assert_eq!(queue.len(), 0);
        turn();
        assert!(!join.done());
        assert_shut(&queue);
        queue.task_done().unwrap();
        assert!(queue.task_done().is_err());
        turn();
        assert!(join.done());
    });
}

#[test]
fn a_queue_shows_that_it_is_shut_down() {
    format::<Fifo<_>>();
    format::<Lifo<_>>();
    format::<Heap<_>>();
}

#[test]
fn shutting_an_empty_queue_down_sends_its_getters_away() {
    empty::<Fifo<_>>();
}

#[test]
fn shutting_an_empty_lifo_queue_down_sends_its_getters_away() {
    empty::<Lifo<_>>();
}

#[test]
fn shutting_an_empty_priority_queue_down_sends_its_getters_away() {
    empty::<Heap<_>>();
}

#[test]
fn what_is_in_a_queue_can_be_taken_out_after_it_was_shut_down() {
    nonempty::<Fifo<_>>();
}

#[test]
fn what_is_in_a_lifo_queue_can_be_taken_out_after_it_was_shut_down() {
    nonempty::<Lifo<_>>();
}

#[test]
fn what_is_in_a_priority_queue_can_be_taken_out_after_it_was_shut_down() {
    nonempty::<Heap<_>>();
}

#[test]
fn shutting_a_queue_down_at_once_empties_it() {
    immediate::<Fifo<_>>();
}

#[test]
fn shutting_a_lifo_queue_down_at_once_empties_it() {
    immediate::<Lifo<_>>();
}

#[test]
fn shutting_a_priority_queue_down_at_once_empties_it() {
    immediate::<Heap<_>>();
}

#[test]
fn what_was_taken_out_before_a_shutdown_at_once_is_still_to_be_done() {
    immediate_with_unfinished::<Fifo<_>>();
}

#[test]
fn what_was_taken_out_of_a_lifo_queue_before_a_shutdown_at_once_is_still_to_be_done() {
    immediate_with_unfinished::<Lifo<_>>();
}

#[test]
fn what_was_taken_out_of_a_priority_queue_before_a_shutdown_at_once_is_still_to_be_done() {
    immediate_with_unfinished::<Heap<_>>();
}

#[test]
fn every_waiting_putter_gets_its_item_back_and_no_item_is_lost() {
    run(|| {
        let queue = queue::<Fifo<_>>(1);
        queue.put_nowait("in").unwrap();
        let puts = ["one", "two", "three"].map(|item| {
            spawn_with(&queue, move |queue| {
                Ok::<_, GetError>(queue.put(item).await_().unwrap_err().into_item())
            })
        });
        turn();
        assert_eq!(queue.shutdown(true), ["in"]);
        let back = puts.map(|put| put.await_().unwrap().unwrap());
        assert_eq!(back, ["one", "two", "three"]);
    });
}

#[test]
fn shutting_down_twice_is_as_once_and_may_be_made_immediate() {
    run(|| {
        let queue = queue::<Fifo<_>>(0);
        queue.put_nowait("data").unwrap();
        assert!(queue.shutdown(false).is_empty());
        assert!(queue.shutdown(false).is_empty());
        assert_eq!(queue.shutdown(true), ["data"]);
        assert!(queue.shutdown(true).is_empty());
        assert_shut(&queue);
    });
}
