//! Random programs against models of what a semaphore, a queue and a lock are.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use cede::sync::{Lock, Queue, Semaphore};
use cede::{AnyTask, Awaitable, Cancelled};
use proptest::prelude::*;

use crate::help::{run, settle, spawn_with};

#[derive(Clone, Debug)]
enum Op {
    /// A task that acquires, or gets.
    Take,
    /// A release, or a task that puts.
    Give,
    /// Of the n-th task so far, modulo their number.
    Cancel(usize),
    /// Lets everybody run until they all wait. Between two of these all happens in one turn, races included.
    Settle,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        5 => Just(Op::Take),
        4 => Just(Op::Give),
        3 => any::<usize>().prop_map(Op::Cancel),
        3 => Just(Op::Settle),
    ];
    prop::collection::vec(op, 0..60)
}

/// Who waits, in order, and who has what they waited for.
#[derive(Default)]
struct Model {
    waiting: VecDeque<usize>,
    free: usize,
    served: Vec<usize>,
}

impl Model {
    /// Nobody waits while there is something to have.
    fn settle(&mut self) {
        while self.free > 0 && !self.waiting.is_empty() {
            self.free -= 1;
            self.served.extend(self.waiting.pop_front());
        }
    }

    fn cancel(&mut self, task: usize) {
        self.waiting.retain(|other| *other != task);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn a_semaphore_is_a_count_and_a_queue(value in 0..3usize, ops in ops()) {
        run(move || {
            let semaphore = Rc::new(Semaphore::new(value));
            let served = Rc::new(RefCell::new(Vec::new()));
            let mut model = Model { free: value, ..Model::default() };
            let mut tasks: Vec<AnyTask> = Vec::new();
            for op in ops.into_iter().chain([Op::Settle]) {
                match op {
                    Op::Take => {
                        let (number, served) = (tasks.len(), Rc::clone(&served));
                        tasks.push(spawn_with(&semaphore, move |semaphore| {
                            semaphore.acquire().await_()?.forget();
                            served.borrow_mut().push(number);
                            Ok::<(), Cancelled>(())
                        }).handle());
                        model.waiting.push_back(number);
                    }
                    Op::Give => {
                        semaphore.release();
                        model.free += 1;
                    }
                    Op::Cancel(task) if !tasks.is_empty() => {
                        let task = task % tasks.len();
                        tasks[task].cancel();
                        model.cancel(task);
                    }
                    Op::Cancel(_) => {}
                    Op::Settle => {
                        settle();
                        model.settle();
                        assert_eq!(*served.borrow(), model.served);
                        assert_eq!(semaphore.available(), model.free);
                        let waiters = match model.waiting.len() {
                            0 => String::new(),
                            waiters => format!(", waiters:{waiters}"),
                        };
                        assert!(format!("{semaphore:?}").ends_with(&format!("{waiters}]>")));
                    }
                }
            }
        });
    }

    /// A task that holds a lock gives it back when the model says so.
    #[test]
    fn a_lock_has_one_holder_at_a_time_and_a_queue(ops in ops()) {
        run(move || {
            let lock = Rc::new(Lock::new(None));
            let served = Rc::new(RefCell::new(Vec::new()));
            let mut tasks: Vec<AnyTask> = Vec::new();
            for op in ops.into_iter().chain([Op::Settle]) {
                match op {
                    Op::Take | Op::Give => {
                        let (number, served) = (tasks.len(), Rc::clone(&served));
                        tasks.push(spawn_with(&lock, move |lock| {
                            let mut holder = lock.lock().await_()?;
                            assert_eq!(holder.replace(number), None);
                            cede::yield_now().await_()?;
                            assert_eq!(holder.take(), Some(number));
                            served.borrow_mut().push(number);
                            Ok::<(), Cancelled>(())
                        }).handle());
                    }
                    // Not one that may hold it: it would leave its number.
                    Op::Cancel(task) if !tasks.is_empty() && !lock.locked() => {
                        tasks[task % tasks.len()].cancel();
                    }
                    Op::Cancel(_) => {}
                    Op::Settle => settle(),
                }
            }
            let expected: Vec<usize> = (0..tasks.len()).filter(|task| !tasks[*task].cancelled()).collect();
            assert_eq!(*served.borrow(), expected);
            assert_eq!(format!("{lock:?}"), "<Lock [unlocked]>");
        });
    }

    /// asyncio's queue promises no order among tasks that race; but what goes in comes out, once, in order.
    #[test]
    fn a_queue_neither_loses_nor_doubles_an_item(maxsize in 0..4usize, ops in ops()) {
        run(move || {
            let queue = Rc::new(Queue::new(maxsize));
            let (put, got, back) = (Rc::default(), Rc::default(), Rc::default());
            let (mut tasks, mut items, mut getters) = (Vec::<AnyTask>::new(), 0, 0);
            for op in ops.into_iter().chain([Op::Settle]) {
                match op {
                    Op::Take => {
                        getters += 1;
                        let got: Rc<RefCell<Vec<usize>>> = Rc::clone(&got);
                        tasks.push(spawn_with(&queue, move |queue| {
                            let item = queue.get().await_()?;
                            got.borrow_mut().push(item);
                            Ok::<(), cede::sync::GetError>(())
                        }).handle());
                    }
                    Op::Give => {
                        let (item, put, back) = (items, Rc::clone(&put), Rc::clone(&back));
                        items += 1;
                        tasks.push(spawn_with(&queue, move |queue: &Queue<usize>| {
                            let put: Rc<RefCell<Vec<usize>>> = put;
                            let back: Rc<RefCell<Vec<usize>>> = back;
                            match queue.put(item).await_() {
                                Ok(()) => put.borrow_mut().push(item),
                                Err(error) => back.borrow_mut().push(error.into_item()),
                            }
                            Ok::<(), Cancelled>(())
                        }).handle());
                    }
                    Op::Cancel(task) if !tasks.is_empty() => drop(tasks[task % tasks.len()].cancel()),
                    Op::Cancel(_) => {}
                    Op::Settle => {
                        settle();
                        let text = format!("{queue:?}");
                        assert!(!text.contains("_getters") || queue.is_empty(), "a getter waits: {text}");
                        assert!(!text.contains("_putters") || queue.is_full(), "a putter waits: {text}");
                    }
                }
            }
            let mut out = got.take();
            assert!(out.len() <= getters);
            while let Ok(item) = queue.get_nowait() {
                out.push(item);
                settle();
            }
            assert_eq!(out, put.take(), "out came what went in, in order");
            let mut all = [out, back.take()].concat();
            all.sort_unstable();
            all.dedup();
            // A putter that is cancelled before it starts never had its item in hand.
            let never = tasks.iter().filter(|task| task.cancelled()).count();
            assert!(all.len() <= items && all.len() + never >= items, "{all:?} of {items}");
        });
    }
}
