//! Channels: the latest value.

use std::rc::Rc;

use cede::Awaitable;
use cede::channel::watch;

use crate::help::{run, spawn, turn};

#[test]
fn a_receiver_sees_the_latest_value() {
    let (sender, receiver) = watch::channel(1);
    assert_eq!(*receiver.borrow(), 1);
    sender.send(2).unwrap();
    sender.send(3).unwrap();
    assert_eq!((*receiver.borrow(), *sender.borrow()), (3, 3));
    assert!(receiver.has_changed());
    assert_eq!(format!("{receiver:?}"), "<watch::Receiver 3, not seen>");
    assert_eq!(*receiver.borrow_and_update(), 3);
    assert!(!receiver.has_changed());
    assert_eq!(format!("{sender:?} {receiver:?}"), "<watch::Sender 3> <watch::Receiver 3>");
}

#[test]
fn every_waiting_receiver_is_woken_by_a_change() {
    run(|| {
        let (sender, receiver) = watch::channel(0);
        let tasks = [receiver.clone(), receiver.clone(), sender.subscribe()].map(|receiver| {
            spawn(move || {
                receiver.changed().await_()?;
                Ok::<i32, watch::RecvError>(*receiver.borrow())
            })
        });
        turn();
        sender.send(7).unwrap();
        for task in tasks {
            assert_eq!(task.await_().unwrap(), Ok(7));
        }
        assert!(receiver.has_changed(), "what others have seen this one has not");
    });
}

#[test]
fn a_change_that_was_not_seen_is_waited_for_without_ceding() {
    let (sender, receiver) = watch::channel(0);
    sender.send(1).unwrap();
    receiver.changed().await_().expect("and without a loop");
    assert!(!receiver.has_changed());
    let late = sender.subscribe();
    assert!(!late.has_changed(), "what was there before it counts as seen");
}

#[test]
fn a_receiver_learns_that_all_senders_are_gone_after_the_last_value() {
    run(|| {
        let (sender, receiver) = watch::channel(0);
        let other = sender.clone();
        drop(sender);
        other.send(1).unwrap();
        assert!(!receiver.is_closed());
        let waiting = receiver.clone();
        let task = spawn(move || {
            waiting.changed().await_()?;
            waiting.changed().await_()
        });
        turn();
        drop(other);
        let error = task.await_().unwrap().unwrap_err();
        assert!(error.is_closed() && !error.is_cancelled());
        assert_eq!(error.to_string(), "watch: all senders are gone");
        assert_eq!(*receiver.borrow(), 1, "the value stays");
    });
}

#[test]
fn a_receiver_waits_for_a_value_it_wants() {
    run(|| {
        let (sender, receiver) = watch::channel(1);
        assert_eq!(*receiver.wait_for(|n| *n == 1).await_().unwrap(), 1);
        let waiting = receiver.clone();
        let task = spawn(move || waiting.wait_for(|n| *n >= 3).await_().map(|n| *n));
        for n in 2..=4 {
            turn();
            sender.send(n).unwrap();
        }
        assert_eq!(task.await_().unwrap(), Ok(3));
        drop(sender);
        assert!(receiver.wait_for(|n| *n == 9).await_().unwrap_err().is_closed());
    });
}

#[test]
fn what_is_borrowed_stays_while_others_send() {
    run(|| {
        let (sender, receiver) = watch::channel("old");
        let borrowed = receiver.borrow();
        turn();
        sender.send("new").unwrap();
        assert_eq!((*borrowed, *receiver.borrow()), ("old", "new"));
        assert_eq!(*sender.send_replace("newest"), "new");
    });
}

#[test]
fn a_value_can_be_modified_in_place() {
    let (sender, receiver) = watch::channel(vec![1]);
    let before = receiver.borrow();
    sender.send_modify(|values| values.push(2));
    assert_eq!((&**before, &**receiver.borrow()), (&[1][..], &[1, 2][..]));
    assert!(receiver.has_changed());
}

#[test]
fn a_value_that_nobody_watches_comes_back() {
    run(|| {
        let (sender, receiver) = watch::channel(0);
        let watcher = sender.clone();
        let closed = spawn(move || watcher.closed().await_());
        turn();
        assert!(!closed.done());
        assert_eq!(sender.receiver_count(), 1);
        drop(receiver);
        closed.await_().unwrap().unwrap();
        let error = sender.send(1).unwrap_err();
        assert_eq!(error.to_string(), "watch: there are no receivers");
        assert_eq!(error.into_value(), 1);
        assert_eq!(*sender.borrow(), 0);
        assert_eq!(*sender.send_replace(2), 0, "but it can be replaced");
        assert_eq!(*sender.subscribe().borrow(), 2);
        assert!(sender.is_closed(), "that receiver is gone again");
    });
}

#[test]
fn a_cancelled_wait_for_a_change_leaves_no_trace() {
    run(|| {
        let (sender, receiver) = watch::channel(0);
        let receiver = Rc::new(receiver);
        let waiting = Rc::clone(&receiver);
        let task = spawn(move || waiting.changed().await_());
        turn();
        sender.send(1).unwrap();
        task.cancel();
        assert!(task.await_().unwrap().unwrap_err().is_cancelled());
        assert!(receiver.has_changed(), "it was not seen");
    });
}
