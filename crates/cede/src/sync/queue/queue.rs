use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;

use super::error::{GetError, PutError};
use super::orders::{Fifo, QueueStore};
use super::waits::{QueueGet, QueueJoin, QueuePut};
use crate::error::{Cancelled, Error};
use crate::sync::event::Event;
use crate::sync::wait_queue::{Left, WaitQueue};

/// Items on their way from the tasks that put them to the tasks that get them, first in, first out.
///
/// [`get`](Self::get) cedes while it is empty, [`put`](Self::put) while it is full; both are served in the
/// order in which they came. Who gets an item may say that it has dealt with it
/// ([`task_done`](Self::task_done)), and [`join`](Self::join) waits until all have. After
/// [`shutdown`](Self::shutdown) nothing more goes in, and when what is in it is out, every `get` is told.
///
/// Nothing is lost: an item that is refused comes back in the [`PutError`], one that
/// [`shutdown`](Self::shutdown) takes out comes back from there.
///
/// asyncio counterpart: `asyncio.Queue`. It differs in that the sizes are [`usize`] (0 is no limit, there is
/// nothing below), that `get` and `put` need no running loop where they need not wait, and in what comes
/// back. As there, an order of your own is a store of your own: see [`QueueStore`].
///
/// ```
/// use cede::{Awaitable, sync::Queue};
/// use std::rc::Rc;
///
/// cede::run(cede::coroutine(|| -> cede::Result<()> {
///     let belt = Rc::new(Queue::new(2));
///     cede::create_task(cede::coroutine({
///         let belt = Rc::clone(&belt);
///         move || -> cede::Result<()> {
///             for parcel in 1..=5 {
///                 belt.put(parcel).await_()?; // cedes while two are on the belt
///             }
///             belt.shutdown(false);
///             Ok(())
///         }
///     }));
///     let mut received = Vec::new();
///     loop {
///         match belt.get().await_() {
///             Ok(parcel) => received.push(parcel),
///             Err(end) if end.is_shut_down() => break,
///             Err(cancelled) => return Err(cancelled.into()),
///         }
///     }
///     assert_eq!(received, [1, 2, 3, 4, 5]);
///     Ok(())
/// }))??;
/// # Ok::<(), cede::Error>(())
/// ```
pub struct Queue<T, S: QueueStore<T> = Fifo<T>> {
    store: RefCell<S>,
    /// 0 for no limit.
    maxsize: usize,
    getters: WaitQueue,
    putters: WaitQueue,
    /// Items that were put and of which nobody has said that they are done.
    unfinished: Cell<usize>,
    /// Set while that is none.
    finished: Event,
    shut_down: Cell<bool>,
    _items: PhantomData<T>,
}

impl<T> Queue<T> {
    /// An empty queue that holds this many items at most, or any number if this is 0.
    pub fn new(maxsize: usize) -> Self {
        Queue::with_store(maxsize, Fifo::default())
    }

    /// An empty queue without a limit: `Queue::new(0)`.
    pub fn unbounded() -> Self {
        Queue::new(0)
    }
}

impl<T, S: QueueStore<T>> Queue<T, S> {
    /// A queue over a store, which decides the order of the items. Those that are in it already count as
    /// put.
    pub fn with_store(maxsize: usize, store: S) -> Self {
        let unfinished = store.len();
        let finished = Event::new();
        if unfinished == 0 {
            finished.set();
        }
        Queue {
            store: RefCell::new(store),
            maxsize,
            getters: WaitQueue::new(),
            putters: WaitQueue::new(),
            unfinished: Cell::new(unfinished),
            finished,
            shut_down: Cell::new(false),
            _items: PhantomData,
        }
    }

    /// Puts an item in. Awaiting this cedes while the queue is full; cancelled meanwhile, or refused because
    /// the queue was shut down, it gives the item back in the error.
    pub fn put(&self, item: T) -> QueuePut<'_, T, S> {
        QueuePut { queue: self, item }
    }

    /// Puts an item in and does not wait.
    ///
    /// # Errors
    /// When the queue is full or shut down, with the item.
    pub fn put_nowait(&self, item: T) -> Result<(), PutError<T>> {
        if self.shut_down.get() {
            return Err(PutError::shut_down(item));
        }
        if self.is_full() {
            return Err(PutError::full(item));
        }
        self.store.borrow_mut().put(item);
        self.unfinished.set(self.unfinished.get() + 1);
        self.finished.clear();
        self.getters.wake_next();
        Ok(())
    }

    /// Takes the next item out. Awaiting this cedes while the queue is empty; cancelled meanwhile, it takes
    /// nothing. An error also when the queue was shut down and is empty.
    pub fn get(&self) -> QueueGet<'_, T, S> {
        QueueGet { queue: self }
    }

    /// Takes the next item out and does not wait.
    ///
    /// # Errors
    /// When the queue is empty, and shut down or not.
    pub fn get_nowait(&self) -> Result<T, GetError> {
        let item = self.store.borrow_mut().get();
        match item {
            Some(item) => {
                self.putters.wake_next();
                Ok(item)
            }
            None if self.shut_down.get() => Err(GetError::shut_down()),
            None => Err(GetError::empty()),
        }
    }

    /// Says that an item that was taken out has been dealt with. The last one wakes who
    /// [joins](Self::join).
    ///
    /// # Errors
    /// When it is said more often than items were put: "task_done() called too many times".
    pub fn task_done(&self) -> Result<(), Error> {
        let Some(left) = self.unfinished.get().checked_sub(1) else {
            return Err(Error::misuse("task_done() called too many times"));
        };
        self.unfinished.set(left);
        if left == 0 {
            self.finished.set();
        }
        Ok(())
    }

    /// Waits until every item that was put has been [dealt with](Self::task_done). Awaiting this cedes, or
    /// not at all if they have; cancelled meanwhile, it leaves no trace.
    pub fn join(&self) -> QueueJoin<'_, T, S> {
        QueueJoin { queue: self }
    }

    /// Shuts it down: nothing more goes in, and when it is empty nothing more comes out. Everybody who waits
    /// is woken and told.
    ///
    /// `immediate` empties it at once, as if all that is in it were done; those items are returned. Without
    /// it nothing is.
    pub fn shutdown(&self, immediate: bool) -> Vec<T> {
        self.shut_down.set(true);
        let mut rest = Vec::new();
        if immediate {
            let mut store = self.store.borrow_mut();
            rest.extend(std::iter::from_fn(|| store.get()));
            drop(store);
            self.unfinished.set(self.unfinished.get().saturating_sub(rest.len()));
            if self.unfinished.get() == 0 {
                self.finished.set();
            }
        }
        self.getters.wake_all();
        self.putters.wake_all();
        rest
    }

    /// Whether it was shut down.
    pub fn is_shut_down(&self) -> bool {
        self.shut_down.get()
    }

    /// How many items are in it (asyncio: `qsize`).
    #[doc(alias = "qsize")]
    pub fn len(&self) -> usize {
        self.store.borrow().len()
    }

    /// Whether no items are in it (asyncio: `empty`).
    #[doc(alias = "empty")]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether as many items are in it as it holds.
    #[doc(alias = "full")]
    pub fn is_full(&self) -> bool {
        self.maxsize > 0 && self.len() >= self.maxsize
    }

    /// How many items it holds; 0 is no limit.
    pub fn maxsize(&self) -> usize {
        self.maxsize
    }

    #[track_caller]
    pub(super) fn put_waiting(&self, item: T) -> Result<(), PutError<T>> {
        while self.is_full() {
            if self.shut_down.get() {
                return Err(PutError::shut_down(item));
            }
            let waited = self.putters.park("Queue::put", |left| {
                if left == Left::PassOn && !self.is_full() {
                    self.putters.wake_next();
                }
            });
            if let Err(cancelled) = waited {
                return Err(PutError::cancelled(item, cancelled));
            }
        }
        self.put_nowait(item)
    }

    #[track_caller]
    pub(super) fn get_waiting(&self) -> Result<T, GetError> {
        while self.is_empty() {
            if self.shut_down.get() {
                return Err(GetError::shut_down());
            }
            self.getters.park("Queue::get", |left| {
                if left == Left::PassOn && !self.is_empty() {
                    self.getters.wake_next();
                }
            })?;
        }
        self.get_nowait()
    }

    #[track_caller]
    pub(super) fn join_waiting(&self) -> Result<(), Cancelled> {
        if self.unfinished.get() > 0 { self.finished.wait_as("Queue::join") } else { Ok(()) }
    }

    /// As CPython: `<Queue maxsize=2 _queue=[1, 2] _putters[1] tasks=2>`.
    pub(super) fn describe(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result
    where
        S: fmt::Debug,
    {
        write!(f, "<{name} maxsize={}", self.maxsize)?;
        if !self.is_empty() {
            write!(f, " _queue={:?}", self.store.borrow())?;
        }
        for (what, queue) in [("getters", &self.getters), ("putters", &self.putters)] {
            if queue.waiting() > 0 {
                write!(f, " _{what}[{}]", queue.waiting())?;
            }
        }
        if self.unfinished.get() > 0 {
            write!(f, " tasks={}", self.unfinished.get())?;
        }
        f.write_str(if self.shut_down.get() { " shutdown>" } else { ">" })
    }
}

impl<T, S: QueueStore<T> + Default> Default for Queue<T, S> {
    /// Without a limit, as asyncio's.
    fn default() -> Self {
        Queue::with_store(0, S::default())
    }
}

impl<T, S: QueueStore<T> + fmt::Debug> fmt::Debug for Queue<T, S> {
    /// As CPython: `<Queue maxsize=2 _queue=[1, 2] _putters[1] tasks=2>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.describe("Queue", f)
    }
}
