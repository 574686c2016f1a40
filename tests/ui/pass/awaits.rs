//! `.await` is rewritten wherever tokens reach, and left alone where it belongs to `async`.
#![deny(warnings)]
#![allow(clippy::all)]

use cede::Awaitable;
use std::future::{Future, ready};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

#[cede::coroutine]
fn one() -> u32 {
    1
}

#[cede::coroutine]
fn fails() -> Result<u32, std::num::ParseIntError> {
    "x".parse()
}

/// Runs a std Future that never waits: what is in `async` must still be one.
fn poll_once<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!(),
    }
}

fn takes<A, B>(call: A, other: B) -> (A, B) {
    (call, other)
}

macro_rules! awaited {
    ($value:expr) => {
        $value.await
    };
}

#[cede::coroutine]
fn everywhere() -> Result<u32, std::num::ParseIntError> {
    // Groups, closures, macros, chains.
    let in_groups = ([one().await, { one().await }], (one()).await);
    assert_eq!(in_groups, ([1, 1], 1), "{}", one().await);
    let closure = || one().await + 1;
    assert_eq!(format!("{} {n}", closure(), n = one().await.pow(2)), "2 1");
    assert_eq!((one(),).0.await, 1);
    assert_eq!(((one(), 2), 3).0.0.await, 1);
    #[rustfmt::skip]
    assert_eq!(one() . await, 1);
    let numbers: Vec<u32> = (0..one().await + 2).map(|n| n + one().await).collect();
    assert_eq!(numbers, [1, 2, 3]);
    // A macro's own `.await` is rewritten if the macro stands inside; `awaited!` above never comes by.
    macro_rules! inside {
        ($value:expr) => {
            $value.await
        };
    }
    assert_eq!(inside!(one()), 1);
    fn helper() -> u32 {
        one().await
    }
    assert_eq!(helper(), 1);

    // What is async stays std's.
    assert_eq!(poll_once(async { ready(1).await }), 1);
    let moved = one().await;
    assert_eq!(poll_once(async move { ready(moved).await + awaited!(ready(1)) }), 2);
    async fn plain<const N: usize>(array: [u32; N]) -> <[u32; 3] as IntoIterator>::Item {
        ready(array[0]).await
    }
    assert_eq!(poll_once(plain([7])), 7);
    async unsafe fn perilous() -> u32 {
        ready(8).await
    }
    // SAFETY: it asks for nothing.
    assert_eq!(poll_once(unsafe { perilous() }), 8);
    let (call, other) = takes(async |n: u32| ready::<Result<u32, ()>>(Ok(n)).await, one().await);
    assert_eq!((poll_once(call(3)), other), (Ok(3), 1));
    let turbofish = async move || takes::<u32, u32>(ready(4).await, 5).0 + ready(moved).await;
    assert_eq!(poll_once(turbofish()), 5);
    let with_type = async || -> u32 { ready(6).await };
    assert_eq!(poll_once(with_type()) + one().await, 7);

    fails().await?;
    unreachable!("`?` leaves the body of the coroutine")
}

#[cede::coroutine]
fn factorial(n: u64) -> u64 {
    if n == 0 { 1 } else { n * factorial(n - 1).await }
}

/// By hand, with an import that is not called unused.
#[cede::coroutine]
fn by_hand() -> u32 {
    one().await_()
}

#[cede::main]
fn main() {
    let error = everywhere().await.unwrap_err();
    assert_eq!(error.to_string(), "invalid digit found in string");
    assert_eq!(by_hand().await, 1);
    assert_eq!(factorial(10).await, 3_628_800);
}
