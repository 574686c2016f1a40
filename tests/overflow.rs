//! Overflows a stack on the main thread, where no test can run: `overflow generator`, `coroutine`, `task`,
//! `named-task` or `host`. Run by the tests of hazard 1.
#![forbid(unsafe_code)]

use std::hint::black_box;

use cede::Generator;

fn main() {
    let body = || -> u64 { dig(0) };
    match std::env::args().nth(1).as_deref() {
        Some("generator") => {
            let _ = Generator::<()>::new(move |_| assert_ne!(body(), 1)).named("digger").start();
        }
        Some("coroutine") => {
            let _ = cede::coroutine(body).named("digger").start().send(());
        }
        Some("task") => {
            let _ = cede::run(cede::coroutine(body));
        }
        Some("named-task") => {
            let _ = cede::run(cede::coroutine(move || {
                cede::current_task().expect("inside a task").set_name("worker-7");
                body()
            }));
        }
        Some("host") => {
            let _ = Generator::<()>::new(|_| ()).start(); // from here on, faults come to cede first
            black_box(body());
        }
        other => panic!("overflow what? {other:?}"),
    }
}

/// Goes down and never comes up.
fn dig(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    if black_box(depth) == u64::MAX { 0 } else { dig(depth + 1) + frame[0] }
}
