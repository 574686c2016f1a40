//! A result for a plain thread.

use loom::thread;

use crate::model;
use crate::shared::oneshot::{Look, Oneshot};
use crate::shared::shim::Arc;

fn new() -> (Arc<Oneshot<&'static str>>, Arc<Oneshot<&'static str>>) {
    let oneshot = Arc::new(Oneshot::new());
    (oneshot.clone(), oneshot)
}

#[test]
fn whoever_waits_is_woken_by_the_result() {
    model(3, || {
        let (oneshot, theirs) = new();
        thread::spawn(move || assert_eq!(theirs.send("result"), Ok(())));
        assert_eq!(oneshot.wait(None), Look::Done("result"));
        assert_eq!(oneshot.wait(None), Look::Taken);
    });
}

#[test]
fn of_two_who_wait_one_gets_the_result() {
    model(3, || {
        let (oneshot, theirs) = new();
        let (others, sender) = (oneshot.clone(), oneshot.clone());
        let other = thread::spawn(move || others.wait(None));
        thread::spawn(move || assert_eq!(sender.send("result"), Ok(())));
        let mut looks = [theirs.wait(None), other.join().unwrap()];
        looks.sort_by_key(|look| *look == Look::Taken);
        assert_eq!(looks, [Look::Done("result"), Look::Taken]);
    });
}

#[test]
fn it_is_cancelled_or_has_a_result_and_whoever_waits_is_woken_by_either() {
    model(3, || {
        let (oneshot, theirs) = new();
        let canceller = oneshot.clone();
        let sent = thread::spawn(move || theirs.send("result").is_ok());
        let cancelled = thread::spawn(move || canceller.cancel());
        let look = oneshot.wait(None);
        assert!(oneshot.done());
        match (sent.join().unwrap(), cancelled.join().unwrap()) {
            (true, false) => assert_eq!(look, Look::Done("result")),
            (false, true) => assert_eq!(look, Look::Cancelled),
            both => panic!("{both:?}"),
        }
    });
}

#[test]
fn a_result_that_nobody_will_read_comes_back_to_one_of_the_two() {
    model(3, || {
        let (oneshot, theirs) = new();
        let sender = thread::spawn(move || theirs.send("result").err());
        let left = oneshot.abandon();
        assert_eq!(left.xor(sender.join().unwrap()), Some("result"));
    });
}
