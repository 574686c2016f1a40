//! Bugs planted on purpose, each on a coroutine's stack, for the sanitizers to find: proof that they see
//! through the stack switches. `.ci/run asan-planted` and `.ci/run tsan-planted` want to see each reported,
//! and `none` and `handed-over` not.
//!
//! ```text
//! planted_bug none | overflow | returned | thread-local        AddressSanitizer
//! planted_bug handed-over | race                               ThreadSanitizer
//! ```

use std::cell::{RefCell, UnsafeCell};
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use cede::{Awaitable, Generator, GeneratorState};

fn main() -> ExitCode {
    let asked = std::env::args().nth(1).unwrap_or_default();
    let answer = match asked.as_str() {
        "none" => none(),
        "overflow" => overflow(),
        "returned" => returned(),
        "thread-local" => thread_local(),
        "handed-over" => count_on_two_threads(true),
        "race" => count_on_two_threads(false),
        _ => {
            eprintln!("usage: planted_bug none | overflow | returned | thread-local | handed-over | race");
            return ExitCode::from(2);
        }
    };
    println!("{asked}: read {answer}, and nobody said a word");
    ExitCode::SUCCESS
}

/// No bug: the same switches, and only what is there is read.
fn none() -> u8 {
    read_beside_an_array(15)
}

/// Reads one byte past the end of an array that lies on a generator's stack, after a switch there and back.
fn overflow() -> u8 {
    read_beside_an_array(16)
}

fn read_beside_an_array(at: usize) -> u8 {
    let generator = Generator::<u8>::new(move |co| {
        let array = black_box([7_u8; 16]);
        co.yield_(0);
        let beside = array.as_ptr().wrapping_add(black_box(at));
        // SAFETY: none; with 16 this is the bug.
        co.yield_(unsafe { beside.read_volatile() });
    });
    generator.last().expect("it yields twice")
}

/// Reads a local variable of a frame that has returned on another generator's stack.
fn returned() -> u8 {
    let leaks_address = Generator::<*const u8>::new(|co| {
        co.yield_(address_of_a_local());
        co.yield_(std::ptr::null());
    });
    let Ok(GeneratorState::Yielded(dead)) = leaks_address.start() else { return 0 };
    let reads = Generator::<u8>::new(move |co| {
        // SAFETY: none; this is the bug.
        co.yield_(unsafe { dead.read_volatile() });
    });
    reads.last().expect("it yields once")
}

#[inline(never)]
fn address_of_a_local() -> *const u8 {
    let local = black_box([3_u8; 16]);
    black_box(local.as_ptr())
}

/// A hole that no library of stackful coroutines can close, without a line of unsafe code: a generator that
/// is kept in a thread-local variable, and suspended inside `with` of one that was made later and dies first.
fn thread_local() -> u8 {
    thread_local! {
        static KEPT: RefCell<Option<Generator<u8>>> = const { RefCell::new(None) };
        static LATER: Box<u8> = Box::new(5);
    }
    static READ: AtomicU8 = AtomicU8::new(0);

    struct ReadsWhenDropped<'a>(&'a u8);
    impl Drop for ReadsWhenDropped<'_> {
        fn drop(&mut self) {
            READ.store(*self.0, Ordering::Relaxed);
        }
    }

    let thread = std::thread::spawn(|| {
        KEPT.with(|kept| drop(kept.borrow()));
        let generator = Generator::<u8>::new(|co| {
            LATER.with(|later| {
                let _reads = ReadsWhenDropped(later);
                co.yield_(0);
            });
        });
        let _ = generator.start();
        KEPT.with(|kept| kept.replace(Some(generator)));
    });
    thread.join().expect("the thread does not panic");
    READ.load(Ordering::Relaxed)
}

/// A plain number, which threads may share if they take turns.
struct Number(UnsafeCell<u8>);

// SAFETY: the threads take turns, or this is the bug.
unsafe impl Sync for Number {}

impl Number {
    fn add_one(&self) {
        let number = self.0.get();
        // SAFETY: whoever calls has its turn, or this is the bug.
        unsafe { *number += 1 };
    }
}

/// A task, which has been on another stack and back, and a job of its pool count. Either the task does so after
/// it has the job's result, or while the job runs.
fn count_on_two_threads(in_turn: bool) -> u8 {
    let counted = cede::run(cede::coroutine(move || -> cede::Result<u8> {
        let number = Arc::new(Number(UnsafeCell::new(0)));
        let theirs = number.clone();
        let job =
            cede::create_task(cede::coroutine(move || cede::to_thread(move || theirs.add_one()).await_()));
        cede::yield_now().await_()?; // the job is on its way
        if !in_turn {
            number.add_one();
        }
        job.await_()??;
        number.add_one();
        // SAFETY: the job is done.
        Ok(unsafe { number.0.get().read() })
    }));
    counted.expect("it runs").expect("nobody cancels")
}
