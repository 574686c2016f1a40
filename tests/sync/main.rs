//! What CPython's own tests say of locks, events, conditions, semaphores, barriers and queues, row by row of
//! the table in `docs/design.md`: `row_22_lock::…` is row 22. Each test names the CPython test it follows,
//! where there is one. Channels, which asyncio has not, follow.
#![forbid(unsafe_code)]

mod help;

mod row_22_lock;
mod row_23_event;
mod row_24_condition;
mod row_25_semaphore;
mod row_26_barrier;
mod row_27_join;
mod row_27_queue;
mod row_27_shutdown;

mod channel_broadcast;
mod channel_mpsc;
mod channel_oneshot;
mod channel_watch;

mod bad_inputs;
mod cpython;
mod many_waiters;
mod models;
mod teardown;
