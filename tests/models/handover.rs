//! A job on its way to a pool and back.

use loom::thread;

use crate::model;
use crate::shared::handover::Handover;
use crate::shared::shim::Arc;
use crate::sleeper::Loop;

#[test]
fn a_job_is_run_or_withdrawn_and_never_both() {
    model(3, || {
        let job = Arc::new(Handover::<&str, &str>::new("body"));
        let (theirs, others) = (job.clone(), job.clone());
        let runner = thread::spawn(move || theirs.take_body().is_some());
        let other = thread::spawn(move || others.take_body().is_some());
        let withdrawn = job.take_body().is_some();
        let taken = [runner.join().unwrap(), other.join().unwrap(), withdrawn];
        assert_eq!(taken.into_iter().filter(|taken| *taken).count(), 1);
        assert!(!job.waits());
    });
}

/// The way of `run_in_executor`: the loop waits for a landing, the pool's thread posts it.
#[test]
fn a_result_is_there_when_its_landing_is_called_and_a_withdrawn_job_keeps_no_loop_waiting() {
    model(3, || {
        let event_loop = Loop::new();
        let job = Arc::new(Handover::<_, i32>::new((42, event_loop.worker())));
        let theirs = job.clone();
        thread::spawn(move || {
            if let Some((body, ticket)) = theirs.take_body() {
                theirs.put_result(body);
                let landed = theirs.clone();
                let post = Box::new(move || assert_eq!(landed.take_result(), Some(42)));
                assert!(ticket.post(post).is_ok());
            }
        });
        drop(job.take_body()); // the promise was cancelled
        event_loop.run_until_forsaken();
        assert_eq!(job.take_result(), None);
    });
}
