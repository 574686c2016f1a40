//! Row 27: getters and putters are served in their order; an item is neither lost nor doubled when one of
//! them is cancelled.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use cede::sync::{Fifo, GetError, Heap, Lifo, LifoQueue, PriorityQueue, PutError, Queue};
use cede::{Awaitable, Cancelled, Task};

use crate::help::{Trace, cancel_later, run, soon, spawn_with, turn};

type Getting<T> = Task<Result<T, GetError>>;
type Putting<T> = Task<Result<(), PutErrorOf<T>>>;

/// A put's error as a task may have it: the item with its cancellation.
struct PutErrorOf<T>(Option<PutError<T>>);

impl<T> std::fmt::Debug for PutErrorOf<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: 'static> From<Cancelled> for PutErrorOf<T> {
    fn from(_: Cancelled) -> Self {
        PutErrorOf(None)
    }
}

impl<T: 'static> cede::Failure for PutErrorOf<T> {
    fn is_cancelled(&self) -> bool {
        self.0.as_ref().is_none_or(PutError::is_cancelled)
    }
}

fn queue<T: 'static>(maxsize: usize) -> Rc<Queue<T>> {
    Rc::new(Queue::new(maxsize))
}

fn getter<T: 'static>(queue: &Rc<Queue<T>>) -> Getting<T> {
    spawn_with(queue, |queue| queue.get().await_())
}

fn putter<T: 'static>(queue: &Rc<Queue<T>>, item: T) -> Putting<T> {
    spawn_with(queue, move |queue| queue.put(item).await_().map_err(|error| PutErrorOf(Some(error))))
}

/// test_queues: QueueBasicTests.test_repr, test_str
#[test]
fn a_queue_shows_its_items_and_how_many_wait() {
    run(|| {
        let empty = queue::<i32>(0);
        assert_eq!(format!("{empty:?}"), "<Queue maxsize=0>");
        let one = getter(&empty);
        turn();
        assert_eq!(format!("{empty:?}"), "<Queue maxsize=0 _getters[1]>");
        empty.put_nowait(0).unwrap();
        assert_eq!(format!("{empty:?}"), "<Queue maxsize=0 _queue=[0] tasks=1>");
        assert_eq!(one.await_().unwrap(), Ok(0));

        let full = queue(1);
        full.put_nowait(1).unwrap();
        putter(&full, 2);
        turn();
        assert_eq!(format!("{full:?}"), "<Queue maxsize=1 _queue=[1] _putters[1] tasks=1>");
        full.get_nowait().unwrap();
    });
    let lifo = LifoQueue::new(3);
    lifo.put_nowait('a').unwrap();
    assert_eq!(format!("{lifo:?}"), "<LifoQueue maxsize=3 _queue=['a'] tasks=1>");
    assert_eq!(format!("{:?}", PriorityQueue::<u8>::default()), "<PriorityQueue maxsize=0>");
}

/// test_queues: QueueBasicTests.test_empty
#[test]
fn a_queue_is_empty_when_all_was_taken_out() {
    run(|| {
        let queue = Queue::unbounded();
        assert!(queue.is_empty());
        queue.put(1).await_().unwrap();
        assert!(!queue.is_empty());
        assert_eq!(queue.get().await_(), Ok(1));
        assert!(queue.is_empty());
    });
}

/// test_queues: QueueBasicTests.test_full
#[test]
fn a_queue_is_full_at_its_maxsize_and_never_without_one() {
    run(|| {
        let queue = Queue::unbounded();
        (0..1_000).for_each(|item| queue.put_nowait(item).unwrap());
        assert!(!queue.is_full());

        let queue = Queue::new(1);
        queue.put(1).await_().unwrap();
        assert!(queue.is_full());
    });
}

/// test_queues: QueueBasicTests.test_order
#[test]
fn items_come_out_in_the_order_in_which_they_went_in() {
    run(|| {
        let queue = Queue::unbounded();
        for item in [1, 3, 2] {
            queue.put(item).await_().unwrap();
        }
        assert_eq!([0; 3].map(|_| queue.get().await_().unwrap()), [1, 3, 2]);
    });
}

/// test_queues: QueueBasicTests.test_maxsize
#[test]
fn a_putter_waits_while_the_queue_is_full() {
    run(|| {
        let (queue, put) = (queue(2), Rc::new(Cell::new(0)));
        assert_eq!(queue.maxsize(), 2);
        let putting = Rc::clone(&put);
        let task = spawn_with(&queue, move |queue| {
            for item in 0..3 {
                queue.put(item).await_()?;
                putting.set(item + 1);
            }
            Ok::<(), cede::Error>(())
        });
        turn();
        turn();
        assert_eq!(put.get(), 2);
        assert_eq!(queue.get().await_(), Ok(0));
        turn();
        assert_eq!(put.get(), 3);
        assert_eq!(queue.get().await_(), Ok(1));
        assert_eq!(queue.get().await_(), Ok(2));
        assert!(task.done());
    });
}

// ---- get

/// test_queues: QueueGetTests.test_blocking_get, test_nonblocking_get
#[test]
fn getting_what_is_there_does_not_cede() {
    let queue = Queue::unbounded();
    queue.put_nowait(1).unwrap();
    queue.put_nowait(2).unwrap();
    assert_eq!(queue.get_nowait(), Ok(1));
    assert_eq!(queue.get().await_(), Ok(2), "and needs no loop");
    run(|| {
        let (queue, trace) = (Queue::unbounded(), Trace::new());
        queue.put_nowait(1).unwrap();
        soon(trace.call("a callback"));
        assert_eq!(queue.get().await_(), Ok(1));
        assert!(trace.take().is_empty());
    });
}

/// test_queues: QueueGetTests.test_get_with_putters
#[test]
fn getting_wakes_the_first_putter() {
    run(|| {
        let queue = queue(1);
        queue.put(1).await_().unwrap();
        let one = putter(&queue, 2);
        let two = putter(&queue, 3);
        turn();
        assert_eq!(queue.get().await_(), Ok(1));
        assert_eq!(format!("{queue:?}"), "<Queue maxsize=1 _putters[1] tasks=1>");
        turn();
        assert!(one.done() && !two.done());
        assert_eq!(queue.get_nowait(), Ok(2));
        turn();
        assert_eq!(queue.get_nowait(), Ok(3));
    });
}

/// test_queues: QueueGetTests.test_blocking_get_wait
#[test]
fn a_getter_waits_until_something_is_put() {
    run(|| {
        let queue = queue(0);
        let task = getter(&queue);
        turn();
        assert!(!task.done());
        let later = Rc::clone(&queue);
        let event_loop = cede::running_loop().unwrap();
        event_loop.call_later(Duration::from_millis(10), move || later.put_nowait(1).unwrap());
        assert_eq!(task.await_().unwrap(), Ok(1));
    });
}

/// test_queues: QueueGetTests.test_nonblocking_get_exception
#[test]
fn getting_without_waiting_from_an_empty_queue_is_an_error() {
    let error = Queue::<i32>::new(0).get_nowait().unwrap_err();
    assert!(error.is_empty() && !error.is_shut_down() && !error.is_cancelled());
    assert_eq!(error.to_string(), "Queue::get_nowait: the queue is empty");
}

/// test_queues: QueueGetTests.test_get_cancelled_race
#[test]
fn an_item_goes_to_the_getter_that_is_left() {
    run(|| {
        let queue = queue(0);
        let (one, two) = (getter(&queue), getter(&queue));
        turn();
        one.cancel();
        turn();
        assert!(one.done());
        queue.put("a").await_().unwrap();
        turn();
        assert_eq!(two.await_().unwrap(), Ok("a"));
    });
}

/// test_queues: QueueGetTests.test_get_with_waiting_putters
#[test]
fn getters_take_what_waiting_putters_bring() {
    run(|| {
        let queue = queue(1);
        putter(&queue, "a");
        putter(&queue, "b");
        assert_eq!(queue.get().await_(), Ok("a"));
        assert_eq!(queue.get().await_(), Ok("b"));
    });
}

/// test_queues: QueueGetTests.test_why_are_getters_waiting
#[test]
fn a_producer_and_a_consumer_do_not_wait_for_each_other_for_ever() {
    run(|| {
        let queue = queue(1);
        let producer = spawn_with(&queue, |queue| {
            (0..5).try_for_each(|item| queue.put(item).await_().map_err(cede::Error::from))
        });
        let consumer = spawn_with(&queue, |queue| {
            (0..5).map(|_| queue.get().await_()).collect::<Result<Vec<i32>, GetError>>()
        });
        producer.await_().unwrap().unwrap();
        assert_eq!(consumer.await_().unwrap().unwrap(), [0, 1, 2, 3, 4]);
    });
}

/// test_queues: QueueGetTests.test_cancelled_getters_not_being_held_in_self_getters
#[test]
fn a_cancelled_getter_leaves_no_trace() {
    run(|| {
        let queue = queue::<i32>(5);
        let task = getter(&queue);
        cancel_later(&task, 100, "too long");
        assert!(task.await_().unwrap().unwrap_err().is_cancelled());
        assert_eq!(format!("{queue:?}"), "<Queue maxsize=5>");
    });
}

// ---- put

/// test_queues: QueuePutTests.test_blocking_put, test_nonblocking_put
#[test]
fn putting_where_there_is_room_does_not_cede() {
    let queue = Queue::new(2);
    queue.put(1).await_().unwrap();
    queue.put_nowait(2).unwrap();
    assert_eq!(queue.get_nowait(), Ok(1));
    run(|| {
        let (queue, trace) = (Queue::new(1), Trace::new());
        soon(trace.call("a callback"));
        queue.put(1).await_().unwrap();
        assert!(trace.take().is_empty());
    });
}

/// test_queues: QueuePutTests.test_blocking_put_wait
#[test]
fn a_putter_goes_on_when_there_is_room() {
    run(|| {
        let queue = queue(1);
        queue.put_nowait(1).unwrap();
        let task = putter(&queue, 2);
        turn();
        assert!(!task.done());
        let later = Rc::clone(&queue);
        let event_loop = cede::running_loop().unwrap();
        event_loop.call_later(Duration::from_millis(10), move || drop(later.get_nowait()));
        task.await_().unwrap().unwrap();
        assert_eq!(queue.get_nowait(), Ok(2));
    });
}

/// test_queues: QueuePutTests.test_get_cancel_drop_one_pending_reader
#[test]
fn an_item_that_woke_a_cancelled_getter_is_not_lost() {
    run(|| {
        let queue = queue(0);
        let reader = getter(&queue);
        turn();
        queue.put_nowait(1).unwrap();
        queue.put_nowait(2).unwrap();
        reader.cancel();
        assert!(reader.await_().unwrap().unwrap_err().is_cancelled());
        assert_eq!(getter(&queue).await_().unwrap(), Ok(1));
    });
}

/// test_queues: QueuePutTests.test_get_cancel_drop_many_pending_readers
#[test]
fn the_wake_of_a_cancelled_getter_goes_to_the_next() {
    run(|| {
        let queue = queue(0);
        let [one, two, three] = [(); 3].map(|()| getter(&queue));
        turn();
        queue.put_nowait(1).unwrap();
        queue.put_nowait(2).unwrap();
        one.cancel();
        assert!(one.await_().unwrap().unwrap_err().is_cancelled());
        let three = three.await_().unwrap().unwrap();
        assert_eq!([two.await_().unwrap().unwrap(), three], [1, 2]);
    });
}

/// test_queues: QueuePutTests.test_put_cancel_drop
#[test]
fn the_item_of_a_cancelled_putter_comes_back_and_does_not_go_in() {
    run(|| {
        let queue = queue(1);
        queue.put_nowait(1).unwrap();
        let writer = putter(&queue, 2);
        turn();
        assert_eq!(queue.get_nowait(), Ok(1)); // wakes the writer
        writer.cancel();
        let error = writer.await_().unwrap().unwrap_err().0.unwrap();
        assert!(error.is_cancelled());
        assert!(queue.is_empty());
        putter(&queue, error.into_item()).await_().unwrap().unwrap();
        assert_eq!(queue.get_nowait(), Ok(2));
        assert_eq!(queue.len(), 0);
    });
}

#[test]
fn the_room_that_woke_a_cancelled_putter_goes_to_the_next() {
    run(|| {
        let queue = queue(1);
        queue.put_nowait(1).unwrap();
        let [two, three] = [2, 3].map(|item| putter(&queue, item));
        turn();
        assert_eq!(queue.get_nowait(), Ok(1)); // wakes the first
        two.cancel();
        turn();
        turn();
        assert!(three.done());
        assert_eq!(queue.get_nowait(), Ok(3));
    });
}

/// test_queues: QueuePutTests.test_nonblocking_put_exception
#[test]
fn putting_without_waiting_into_a_full_queue_gives_the_item_back() {
    let queue = Queue::new(1);
    queue.put_nowait("one").unwrap();
    let error = queue.put_nowait("two").unwrap_err();
    assert!(error.is_full() && !error.is_shut_down() && !error.is_cancelled());
    assert_eq!(error.to_string(), "Queue::put_nowait: the queue is full");
    assert_eq!(error.into_item(), "two");
}

/// test_queues: QueuePutTests.test_put_cancelled
#[test]
fn a_put_that_is_over_cannot_be_cancelled() {
    run(|| {
        let queue = queue(0);
        let task = putter(&queue, 1);
        assert_eq!(queue.get().await_(), Ok(1));
        assert!(task.done() && !task.cancel());
    });
}

/// test_queues: QueuePutTests.test_put_cancelled_race
#[test]
fn a_cancelled_putter_does_not_disturb_the_order_of_the_others() {
    run(|| {
        let queue = queue(1);
        let [a, b, x] = ["a", "b", "X"].map(|item| putter(&queue, item));
        turn();
        assert!(a.done() && !b.done());
        x.cancel();
        turn();
        assert!(x.done());
        assert_eq!(queue.get_nowait(), Ok("a"));
        turn();
        assert_eq!(queue.get_nowait(), Ok("b"));
        b.await_().unwrap().unwrap();
    });
}

/// test_queues: QueuePutTests.test_put_with_waiting_getters
#[test]
fn putting_wakes_the_first_getter() {
    run(|| {
        let queue = queue(0);
        let (one, two) = (getter(&queue), getter(&queue));
        turn();
        queue.put("a").await_().unwrap();
        assert_eq!(one.await_().unwrap(), Ok("a"));
        assert!(!two.done());
    });
}

/// test_queues: QueuePutTests.test_why_are_putters_waiting
#[test]
fn one_getter_that_empties_the_queue_lets_all_putters_go_on() {
    run(|| {
        let queue = queue(2);
        spawn_with(&queue, |queue| {
            cede::yield_now().await_()?;
            for _ in 0..queue.len() {
                queue.get_nowait().unwrap();
            }
            Ok::<(), Cancelled>(())
        });
        for task in [0, 1, 2, 3].map(|item| putter(&queue, item)) {
            task.await_().unwrap().unwrap();
        }
    });
}

/// test_queues: QueuePutTests.test_cancelled_puts_not_being_held_in_self_putters
#[test]
fn a_cancelled_putter_leaves_no_trace() {
    run(|| {
        let queue = queue(1);
        queue.put_nowait(1).unwrap();
        let task = putter(&queue, 2);
        turn();
        assert_eq!(format!("{queue:?}"), "<Queue maxsize=1 _queue=[1] _putters[1] tasks=1>");
        task.cancel();
        assert_eq!(task.await_().unwrap().unwrap_err().0.unwrap().into_item(), 2);
        assert_eq!(format!("{queue:?}"), "<Queue maxsize=1 _queue=[1] tasks=1>");
    });
}

/// test_queues: QueuePutTests.test_cancelled_put_silence_value_error_exception
#[test]
fn a_putter_that_was_woken_and_is_cancelled_is_just_cancelled() {
    run(|| {
        let queue = queue(1);
        queue.put_nowait(1).unwrap();
        let task = putter(&queue, 2);
        turn();
        queue.get_nowait().unwrap();
        task.cancel_with("no more");
        assert_eq!(task.await_().unwrap().unwrap_err().0.unwrap().to_string(), "cancelled: no more");
    });
}

/// asyncio's queue keeps waiters in order but lets whoever comes first take the item: the woken one then
/// waits again, behind the others.
#[test]
fn a_woken_getter_that_finds_nothing_waits_again() {
    run(|| {
        let queue = queue(0);
        let (one, two) = (getter(&queue), getter(&queue));
        turn();
        queue.put_nowait(1).unwrap();
        assert_eq!(queue.get_nowait(), Ok(1));
        turn();
        assert_eq!(format!("{queue:?}"), "<Queue maxsize=0 _getters[2] tasks=1>");
        queue.put_nowait(2).unwrap();
        assert_eq!(two.await_().unwrap(), Ok(2));
        assert!(!one.done());
    });
}

// ---- orders

/// test_queues: LifoQueueTests.test_order
#[test]
fn a_lifo_queue_gives_the_last_item_first() {
    run(|| {
        let queue = LifoQueue::unbounded();
        for item in [1, 3, 2] {
            queue.put(item).await_().unwrap();
        }
        assert_eq!([0; 3].map(|_| queue.get().await_().unwrap()), [2, 3, 1]);
    });
}

/// test_queues: PriorityQueueTests.test_order
#[test]
fn a_priority_queue_gives_the_lowest_item_first() {
    run(|| {
        let queue = PriorityQueue::unbounded();
        for item in [1, 3, 2] {
            queue.put(item).await_().unwrap();
        }
        assert_eq!([0; 3].map(|_| queue.get().await_().unwrap()), [1, 2, 3]);
    });
}

/// An item that compares by its priority alone.
#[derive(Debug)]
struct Job(u32, &'static str);

impl PartialEq for Job {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Job {}

impl PartialOrd for Job {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Job {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}

/// The order was recorded from CPython 3.13.0's `asyncio.PriorityQueue` with the same items.
#[test]
fn equal_items_come_out_of_a_priority_queue_in_the_order_of_cpython() {
    let queue = PriorityQueue::unbounded();
    for job in [Job(2, "a"), Job(1, "b"), Job(1, "c"), Job(2, "d"), Job(1, "e"), Job(1, "f"), Job(2, "g")] {
        queue.put_nowait(job).unwrap();
    }
    let mut names = Vec::new();
    while let Ok(Job(_, name)) = queue.get_nowait() {
        names.push(name);
        if name == "b" {
            queue.put_nowait(Job(1, "h")).unwrap();
        }
    }
    assert_eq!(names.join(" "), RECORDED);
}

const RECORDED: &str = "b c f h e g d a";

#[test]
fn a_comparison_that_panics_loses_no_item() {
    thread_local! {
        static GRUMPY: Cell<bool> = const { Cell::new(false) };
    }
    #[derive(Debug)]
    struct Grumpy(u32);
    impl PartialEq for Grumpy {
        fn eq(&self, other: &Self) -> bool {
            self.cmp(other).is_eq()
        }
    }
    impl Eq for Grumpy {}
    impl PartialOrd for Grumpy {
        fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }
    impl Ord for Grumpy {
        fn cmp(&self, other: &Self) -> std::cmp::Ordering {
            if GRUMPY.get() {
                std::panic::resume_unwind(Box::new("not now"));
            }
            self.0.cmp(&other.0)
        }
    }
    let queue = PriorityQueue::unbounded();
    for item in [3, 2, 1] {
        queue.put_nowait(Grumpy(item)).unwrap();
    }
    GRUMPY.set(true);
    for _ in 0..2 {
        catch_unwind(AssertUnwindSafe(|| drop(queue.get_nowait()))).unwrap_err();
        assert_eq!(queue.len(), 3);
    }
    catch_unwind(AssertUnwindSafe(|| queue.put_nowait(Grumpy(0)).unwrap())).unwrap_err();
    GRUMPY.set(false);
    let mut items = Vec::from_iter(std::iter::from_fn(|| queue.get_nowait().ok()).map(|Grumpy(item)| item));
    items.sort_unstable();
    assert_eq!(items, [0, 1, 2, 3]);
}

#[test]
fn a_store_may_hold_items_from_the_beginning() {
    let mut store = Fifo::default();
    cede::sync::QueueStore::put(&mut store, 7);
    let queue = Queue::with_store(1, store);
    assert!(queue.is_full());
    assert_eq!(format!("{queue:?}"), "<Queue maxsize=1 _queue=[7] tasks=1>");
    assert_eq!(queue.get_nowait(), Ok(7));
    queue.task_done().unwrap();
    let _: (Queue<u8, Lifo<u8>>, Queue<u8, Heap<u8>>) = Default::default();
}
