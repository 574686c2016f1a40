//! A value for a receiver on the loop's thread.

use loom::thread;

use crate::model;
use crate::shared::parcel::Parcel;
use crate::shared::shim::Arc;
use crate::sleeper::Loop;

fn new() -> (Arc<Parcel<&'static str>>, Arc<Parcel<&'static str>>) {
    let parcel = Arc::new(Parcel::new());
    (parcel.clone(), parcel)
}

/// The way of `oneshot::from_thread`: the value is put down, then the loop is told.
#[test]
fn a_value_is_there_when_the_loop_is_told_of_it() {
    model(3, || {
        let event_loop = Loop::new();
        let (parcel, theirs) = new();
        let source = event_loop.source();
        thread::spawn(move || {
            assert_eq!(theirs.send("value"), Ok(()));
            let sent = theirs.clone();
            assert!(source.post(Box::new(move || assert_eq!(sent.take(), Some("value")))).is_ok());
        });
        event_loop.run_until_forsaken();
        assert_eq!(parcel.take(), None);
    });
}

#[test]
fn a_value_that_the_receiver_refuses_is_with_exactly_one_of_the_two() {
    model(3, || {
        let (parcel, theirs) = new();
        let sender = thread::spawn(move || theirs.send("value").err());
        let left = parcel.refuse();
        assert_eq!(left.xor(sender.join().unwrap()), Some("value"));
        assert!(parcel.refused());
        assert_eq!(parcel.take(), None);
    });
}

/// The loop closes while the value is on its way: the sender has it back, or the post that is dropped leaves it to
/// the receiver, who refuses it in the end.
#[test]
fn a_value_for_a_loop_that_closes_is_taken_or_comes_back_or_is_refused() {
    model(3, || {
        let event_loop = Loop::new();
        let (parcel, theirs) = new();
        let source = event_loop.source();
        let sender = thread::spawn(move || {
            if let Err(value) = theirs.send("value") {
                return Some(value);
            }
            let posted = source.post(Box::new(|| ()));
            if posted.is_err() { theirs.take() } else { None }
        });
        let unrun = event_loop.inbox.close();
        drop(unrun);
        let left = parcel.refuse();
        assert_eq!(left.xor(sender.join().unwrap()), Some("value"));
    });
}
