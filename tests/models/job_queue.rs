//! The queue of a pool.

use loom::thread;

use crate::model;
use crate::shared::job_queue::{JobQueue, Taken};
use crate::shared::shim::{Arc, AtomicUsize, Ordering};

type Queue = Arc<JobQueue<usize>>;

/// What a pool does with a job; its threads add the jobs up.
fn submit(queue: &Queue, job: usize, sum: &Arc<AtomicUsize>) {
    if queue.push(job).expect("the queue is open") != Taken::Enough {
        let (queue, sum) = (queue.clone(), sum.clone());
        thread::spawn(move || {
            while let Some(job) = queue.next() {
                sum.fetch_add(job, Ordering::Relaxed);
            }
        });
    }
}

fn new(most: usize) -> (Queue, Arc<AtomicUsize>) {
    (Arc::new(JobQueue::new(most)), Arc::new(AtomicUsize::new(0)))
}

/// A thread that goes to sleep when the last job comes must be woken, or another started.
#[test]
fn every_job_is_run_before_a_closed_queue_lets_its_threads_go() {
    for most in [1, 2] {
        model(2, move || {
            let (queue, sum) = new(most);
            for job in [1, 10, 100] {
                submit(&queue, job, &sum);
            }
            assert!(queue.tally().threads <= most);
            assert!(queue.close(false).is_empty());
            assert!(queue.wait_gone(None));
            assert_eq!(sum.load(Ordering::Relaxed), 111);
        });
    }
}

/// Nobody closes the queue here: a job left behind by its thread would be left for ever.
#[test]
fn a_job_is_run_even_if_no_other_follows_it() {
    model(2, || {
        let (queue, sum) = new(2);
        submit(&queue, 1, &sum);
        submit(&queue, 10, &sum);
        while sum.load(Ordering::Relaxed) < 11 {
            thread::yield_now();
        }
        queue.close(false);
    });
}

#[test]
fn two_threads_may_give_jobs_at_once() {
    model(2, || {
        let (queue, sum) = new(2);
        let (theirs, sums) = (queue.clone(), sum.clone());
        let other = thread::spawn(move || submit(&theirs, 1, &sums));
        submit(&queue, 10, &sum);
        other.join().unwrap();
        queue.close(false);
        assert!(queue.wait_gone(None));
        assert_eq!(sum.load(Ordering::Relaxed), 11);
    });
}

#[test]
fn a_job_is_run_or_comes_back_when_the_queue_is_closed_at_once() {
    model(3, || {
        let (queue, sum) = new(1);
        submit(&queue, 1, &sum);
        submit(&queue, 10, &sum);
        let back: usize = queue.close(true).into_iter().sum();
        assert!(queue.wait_gone(None));
        assert_eq!(sum.load(Ordering::Relaxed) + back, 11);
        assert_eq!(queue.push(100), Err(100));
    });
}

#[test]
fn the_end_of_the_last_thread_is_told_once() {
    model(3, || {
        let (queue, sum) = new(2);
        let told = Arc::new(AtomicUsize::new(0));
        submit(&queue, 1, &sum);
        submit(&queue, 10, &sum);
        queue.close(false);
        let (telling, sums) = (told.clone(), sum.clone());
        queue.when_gone(Box::new(move || {
            assert_eq!(sums.load(Ordering::Relaxed), 11); // nothing is left to do
            telling.fetch_add(1, Ordering::Relaxed);
        }));
        assert!(queue.wait_gone(None));
        while told.load(Ordering::Relaxed) == 0 {
            thread::yield_now();
        }
        assert_eq!(told.load(Ordering::Relaxed), 1);
    });
}

/// The second job counts on the thread that was to be started for the first.
#[test]
fn jobs_come_back_where_no_thread_can_be_started_for_them() {
    model(3, || {
        let (queue, sum) = new(1);
        let theirs = queue.clone();
        let starter = thread::spawn(move || match theirs.push(1) {
            Ok(Taken::Start(_)) => theirs.no_thread().len(),
            _ => 0,
        });
        let mine = match queue.push(1) {
            Ok(Taken::Start(_)) => queue.no_thread().len(),
            _ => 0,
        };
        assert_eq!(mine + starter.join().unwrap(), 2);
        assert_eq!((queue.tally().threads, sum.load(Ordering::Relaxed)), (0, 0));
    });
}
