//! A virtual clock and threads, which live in real time.

use std::thread;
use std::time::Duration;

use cede::{Awaitable, Runner, VirtualClock, coroutine, create_task, running_loop, to_thread};

use crate::blocker;

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn a_virtual_clock_stands_still_while_a_job_runs() {
    let clock = VirtualClock::new();
    let ran = Runner::new().clock(clock.clone()).run(coroutine(|| {
        let slow = coroutine(|| {
            to_thread(|| thread::sleep(Duration::from_millis(5))).await_().map_err(cede::Error::from)
        });
        cede::wait_for(slow.fallible(), HOUR).await_() // not in time, if the clock jumped
    }));
    ran.unwrap().unwrap();
    assert_eq!(clock.elapsed(), Duration::ZERO);
}

#[test]
fn a_virtual_clock_goes_on_when_the_job_is_done() {
    let clock = VirtualClock::new();
    Runner::new()
        .clock(clock.clone())
        .run(coroutine(|| {
            to_thread(|| ()).await_().unwrap();
            cede::sleep(HOUR).await_().unwrap();
        }))
        .unwrap();
    assert_eq!(clock.elapsed(), HOUR);
}

#[test]
fn a_virtual_clock_goes_on_when_the_job_is_withdrawn() {
    let clock = VirtualClock::new();
    Runner::new()
        .clock(clock.clone())
        .run(coroutine(|| {
            let event_loop = running_loop().unwrap();
            let pool = cede::ThreadPool::new(1).unwrap();
            let (job, blocked) = blocker();
            let running = event_loop.run_in_executor(&pool, job).unwrap();
            blocked.wait_until_it_runs();
            let task = create_task(coroutine(move || {
                let waiting = running_loop().unwrap().run_in_executor(&pool, || ()).unwrap();
                waiting.cancel();
            }));
            task.await_().unwrap();
            blocked.end();
            running.await_().unwrap();
            cede::sleep(HOUR).await_().unwrap();
        }))
        .unwrap();
    assert_eq!(clock.elapsed(), HOUR);
}

/// Else the job would wait for the loop, the loop for its clock, and the clock for the job.
#[test]
fn a_virtual_clock_goes_on_while_the_job_waits_for_the_loop() {
    let clock = VirtualClock::new();
    let slept = Runner::new().clock(clock.clone()).run(coroutine(|| {
        let proxy = running_loop().unwrap().proxy();
        to_thread(move || {
            let nap = coroutine(|| cede::sleep(HOUR).await_().is_ok());
            proxy.run_coroutine_threadsafe(nap).unwrap().wait().unwrap()
        })
        .await_()
    }));
    assert!(slept.unwrap().unwrap());
    assert_eq!(clock.elapsed(), HOUR);
}

/// Whoever only holds a proxy may never do anything.
#[test]
fn a_proxy_does_not_stop_a_virtual_clock() {
    let clock = VirtualClock::new();
    Runner::new()
        .clock(clock.clone())
        .run(coroutine(|| {
            let _proxy = running_loop().unwrap().proxy();
            cede::sleep(HOUR).await_().unwrap();
        }))
        .unwrap();
    assert_eq!(clock.elapsed(), HOUR);
}
