//! *cede*: what `await task` does with control, and what `await coroutine` does not.
//!
//! A generator-style coroutine VM with asyncio's mental model, on stackful coroutines: no function is
//! coloured, any plain function may await.
//!
//! ```
//! #[cede::coroutine]
//! fn dig_the_hole(depth: u32) -> u32 {
//!     depth * 2
//! }
//!
//! #[cede::coroutine]
//! fn plant_a_tree() -> cede::Result<u32> {
//!     let hole = cede::create_task(dig_the_hole(3)); // queued on the running loop; nothing has run yet
//!     let dug = hole.await?; // cedes: a callback on the task, control to the loop
//!     let again = dig_the_hole(3).await; // a call, on this stack
//!     Ok(dug + again)
//! }
//!
//! assert_eq!(cede::run(plant_a_tree())??, 12);
//! # Ok::<(), cede::Error>(())
//! ```
//!
//! # The model
//!
//! 1. A *generator* ([`Generator`]) runs to its next yield each time it is resumed, and says when it is
//!    finished.
//! 2. A *coroutine function* returns a *coroutine object* ([`Coroutine`]) and runs nothing; the object is
//!    started explicitly, once.
//! 3. Awaiting a coroutine is a function call: it runs on the caller's stack and never gives control to the
//!    loop.
//! 4. A *task* ([`Task`]) is a coroutine tied to a loop; making it queues its first step and runs nothing;
//!    it keeps a list of callbacks.
//! 5. Awaiting a task adds a callback that will resume the awaiter, then cedes to the loop; when the task
//!    ends it puts its callbacks on the loop's queue.
//! 6. The *event loop* ([`EventLoop`]) pops one callback at a time, in order, gives it control, gets
//!    control back, and repeats; with nothing to do it sleeps in the kernel.
//! 7. The queue holds callbacks, not tasks: a callback knows its task only by a generational key.
//! 8. One greedy task starves everybody; debug mode names whoever keeps control for 100 ms or more.
//!
//! # Awaiting
//!
//! `x.await` inside [`#[cede::coroutine]`](macro@coroutine), or [`x.await_()`](Awaitable::await_) anywhere.
//! The type of `x` decides what it means; see [`Awaitable`].
//!
//! # Cancelling
//!
//! [`Task::cancel`] makes the await that the task is parked in return a [`Cancelled`], as a value; `?`
//! carries it out and the task ends cancelled. Nothing is unwound.
//!
//! # Where to go on
//!
//! [`guide::coming_from_asyncio`] and [`guide::coming_from_tokio`] say what is where. Synchronisation is in [`sync`],
//! channels in [`channel`], clean-up in [`contextlib`], stacks and their settings in [`mod@stack`]; sockets in [`net`],
//! asyncio's streams and servers in [`streams`], pipes in [`pipe`], programs in [`process`], files in [`fs`].
//!
//! # Where it runs
//!
//! On Unix; made for and tested on Linux, x86-64. It needs unwinding panics: with `panic = "abort"` it does
//! not compile, for a suspended stack could not be left.

#![deny(unsafe_code)]

#[cfg(not(panic = "unwind"))]
compile_error!(
    "cede needs panic = \"unwind\": a suspended stack is left by unwinding; remove panic = \"abort\" from the \
     profile"
);

#[cfg(not(unix))]
compile_error!("cede runs on Unix: its stacks need mmap, guard pages and a signal handler");

extern crate self as cede;

mod async_generator;
mod backoff;
mod blame;
mod callback;
pub mod channel;
mod combinators;
mod compat;
mod completion;
mod context;
pub mod contextlib;
mod coroutine;
mod error;
mod event_loop;
mod explore;
mod facade;
mod foreign;
pub mod fs;
pub mod generator;
pub mod guide;
mod loops;
mod name;
pub mod net;
mod observe;
mod outcome;
pub mod pipe;
pub mod process;
mod promise;
mod reactor;
mod report;
mod schedule;
mod signals;
pub mod stack;
pub mod stdio;
pub mod streams;
pub mod sync;
mod target;
mod task;
#[allow(unsafe_code)] // one of its rooms
mod this_process;
mod threads;
mod time;
#[cfg(feature = "tls")]
pub mod tls;
pub mod trace;
mod waiter;

#[doc(hidden)]
pub mod __private;

#[doc(inline)]
pub use async_generator::AsyncGenerator;
#[doc(inline)]
pub use cede_macros::{coroutine, main, test};
#[doc(inline)]
pub use combinators::{
    AsCompleted, Children, Gather, GroupError, Joinable, Limited, NextCompleted, NextIndexed, ReturnWhen,
    Shield, TaskGroup, Timeout, Wait, WaitFor, Waitable, Waited, as_completed, gather, gather_results, join,
    shield, task_group, timeout, timeout_at, wait, wait_for,
};
#[doc(inline)]
pub use compat::{PromiseFuture, TaskFuture};
#[doc(inline)]
pub use completion::CallbackId;
#[doc(inline)]
pub use context::{Context, ContextVar, Token, copy_context};
#[doc(inline)]
pub use contextlib::{ContextManager, ExitStack, context_manager, finally, try_finally, with};
#[doc(inline)]
pub use coroutine::{Awaitable, Body, Coroutine, Driven, Step, Yielded, coroutine, yield_to_driver};
#[doc(inline)]
pub use error::{Cancelled, Error, Failure, JoinError, Result, SetError, TimedOut};
#[doc(inline)]
pub use event_loop::{
    Clock, EventLoop, Handle, IntoTask, LoopHandle, LoopProxy, Runner, Stepped, TimerHandle, VirtualClock,
    run, running_loop,
};
#[doc(inline)]
pub use explore::{Explored, ScheduleFailure, explore, try_explore};
pub use facade::{all_tasks, create_eager_task, create_task, current_task};
#[doc(inline)]
pub use generator::{
    BoxError, Co, Generator, GeneratorExit, GeneratorState, GeneratorStatus, ResumeError, Thrown,
};
#[doc(inline)]
pub use loops::Loops;
pub use observe::{Called, LoopEvent, Observer, ReadyCallback, StackId, StepEnd};
#[doc(inline)]
pub use outcome::Outcome;
#[doc(inline)]
pub use promise::Promise;
pub use reactor::Backend;
#[doc(inline)]
pub use report::Report;
#[doc(inline)]
pub use sync::{
    Barrier, BoundedSemaphore, Condition, Event, LifoQueue, Lock, PriorityQueue, Queue, Semaphore,
};
#[doc(inline)]
pub use target::Awaited;
#[doc(inline)]
pub use task::{AnyTask, Flatten, Scope, ScopedTask, StackUsage, Task, TaskFactory, scope};
#[doc(inline)]
pub use threads::{Submitted, ThreadPool, ToThread, to_thread};
#[doc(inline)]
pub use time::{Sleep, YieldNow, sleep, yield_now};

/// The examples of the README, as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
