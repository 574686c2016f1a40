//! Row 27: join and `task_done`, for each kind of queue.

use std::cell::Cell;
use std::rc::Rc;

use cede::sync::{Fifo, GetError, Heap, Lifo, Queue, QueueStore};
use cede::{Awaitable, Cancelled};

use crate::help::{run, spawn_with, turn};

/// test_queues: _QueueJoinTestMixin.test_task_done_underflow
fn task_done_underflow<S: QueueStore<i32> + Default>() {
    let queue = Queue::<i32, S>::default();
    assert_eq!(queue.task_done().unwrap_err().to_string(), "task_done() called too many times");
    queue.put_nowait(1).unwrap();
    queue.task_done().unwrap();
    assert_eq!(queue.task_done().unwrap_err().to_string(), "task_done() called too many times");
}

/// test_queues: _QueueJoinTestMixin.test_task_done
fn join_waits_for_all<S: QueueStore<i32> + Default + 'static>() {
    run(|| {
        let queue = Rc::new(Queue::<i32, S>::default());
        (0..100).for_each(|item| queue.put_nowait(item).unwrap());
        let (sum, running) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(true)));
        let workers = [(); 2].map(|()| {
            let (sum, running) = (Rc::clone(&sum), Rc::clone(&running));
            spawn_with(&queue, move |queue| {
                while running.get() {
                    sum.set(sum.get() + queue.get().await_()?);
                    queue.task_done().unwrap();
                }
                Ok::<(), GetError>(())
            })
        });
        queue.join().await_().unwrap();
        assert_eq!(sum.get(), (0..100).sum::<i32>());
        running.set(false);
        for worker in workers {
            queue.put_nowait(0).unwrap();
            worker.await_().unwrap().unwrap();
        }
    });
}

/// test_queues: _QueueJoinTestMixin.test_join_empty_queue
fn join_of_nothing<S: QueueStore<i32> + Default + 'static>() {
    let queue = Queue::<i32, S>::default();
    queue.join().await_().expect("nor does it need a loop");
    queue.join().await_().unwrap();
}

/// test_queues: _QueueJoinTestMixin.test_format
fn shows_what_is_unfinished<S: QueueStore<i32> + Default + std::fmt::Debug>() {
    let queue = Queue::<i32, S>::default();
    assert_eq!(format!("{queue:?}"), "<Queue maxsize=0>");
    for item in 0..2 {
        queue.put_nowait(item).unwrap();
        queue.get_nowait().unwrap();
    }
    assert_eq!(format!("{queue:?}"), "<Queue maxsize=0 tasks=2>");
}

#[test]
fn more_task_done_than_items_is_an_error() {
    task_done_underflow::<Fifo<i32>>();
}

#[test]
fn more_task_done_than_items_is_an_error_of_a_lifo_queue() {
    task_done_underflow::<Lifo<i32>>();
}

#[test]
fn more_task_done_than_items_is_an_error_of_a_priority_queue() {
    task_done_underflow::<Heap<i32>>();
}

#[test]
fn join_waits_until_every_item_is_done() {
    join_waits_for_all::<Fifo<i32>>();
}

#[test]
fn join_waits_until_every_item_of_a_lifo_queue_is_done() {
    join_waits_for_all::<Lifo<i32>>();
}

#[test]
fn join_waits_until_every_item_of_a_priority_queue_is_done() {
    join_waits_for_all::<Heap<i32>>();
}

#[test]
fn joining_what_is_done_does_not_cede() {
    join_of_nothing::<Fifo<i32>>();
    join_of_nothing::<Lifo<i32>>();
    join_of_nothing::<Heap<i32>>();
}

#[test]
fn a_queue_shows_how_many_items_are_not_done() {
    shows_what_is_unfinished::<Fifo<i32>>();
    shows_what_is_unfinished::<Lifo<i32>>();
    shows_what_is_unfinished::<Heap<i32>>();
}

#[test]
fn all_who_join_go_on_when_the_last_item_is_done_though_more_are_put() {
    run(|| {
        let queue = Rc::new(Queue::unbounded());
        queue.put_nowait(1).unwrap();
        let joins = [(); 3].map(|()| spawn_with(&queue, |queue| queue.join().await_()));
        turn();
        queue.get_nowait().unwrap();
        turn();
        assert!(!joins.iter().any(|join| join.done()), "taken out is not done");
        queue.task_done().unwrap();
        queue.put_nowait(2).unwrap();
        turn();
        assert!(joins.iter().all(|join| join.done()));
    });
}

#[test]
fn a_cancelled_join_leaves_no_trace() {
    run(|| {
        let queue = Rc::new(Queue::unbounded());
        queue.put_nowait(1).unwrap();
        let join = spawn_with(&queue, |queue| queue.join().await_());
        turn();
        join.cancel();
        assert_eq!(join.await_().unwrap(), Err(Cancelled::new()));
        queue.task_done().unwrap();
        assert_eq!(format!("{queue:?}"), "<Queue maxsize=0 _queue=[1]>");
    });
}
