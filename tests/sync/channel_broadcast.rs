//! Channels: every value to each receiver, unless it lags.

use std::cell::Cell;
use std::rc::Rc;

use cede::Awaitable;
use cede::channel::broadcast;

use crate::help::{panic_text, run, spawn, turn};

#[test]
fn every_receiver_gets_every_value() {
    run(|| {
        let (sender, receiver) = broadcast::channel(4);
        let tasks = [receiver, sender.subscribe()].map(|receiver| {
            spawn(move || {
                (0..3).map(|_| receiver.recv().await_()).collect::<Result<Vec<i32>, broadcast::RecvError>>()
            })
        });
        turn();
        for value in 1..=3 {
            assert_eq!(sender.send(value).unwrap(), 2);
        }
        for task in tasks {
            assert_eq!(task.await_().unwrap().unwrap(), [1, 2, 3]);
        }
        assert!(sender.is_empty());
    });
}

#[test]
fn a_receiver_that_lags_is_told_how_many_it_missed_and_goes_on_with_the_oldest() {
    let (sender, receiver) = broadcast::channel(2);
    for value in 1..=5 {
        sender.send(value).unwrap();
    }
    assert_eq!(receiver.len(), 5);
    let error = receiver.try_recv().unwrap_err();
    assert_eq!(error.missed(), Some(3));
    assert_eq!(error.to_string(), "broadcast: the receiver lagged behind and missed 3");
    assert_eq!(receiver.try_recv(), Ok(4));
    assert_eq!(receiver.try_recv(), Ok(5));
    let error = receiver.try_recv().unwrap_err();
    assert!(error.is_empty());
    assert_eq!(error.to_string(), "broadcast: nothing new has been sent");
}

#[test]
fn one_that_lags_does_not_hold_up_the_others() {
    run(|| {
        let (sender, slow) = broadcast::channel(2);
        let fast = sender.subscribe();
        for value in 1..=10 {
            sender.send(value).unwrap();
            assert_eq!(fast.recv().await_(), Ok(value));
        }
        assert_eq!(sender.len(), 2);
        assert_eq!(slow.recv().await_().unwrap_err().missed(), Some(8));
        assert_eq!(slow.recv().await_(), Ok(9));
    });
}

#[test]
fn a_receiver_gets_what_is_sent_after_it_was_made() {
    let (sender, receiver) = broadcast::channel(4);
    sender.send("before").unwrap();
    let late = receiver.resubscribe();
    sender.send("after").unwrap();
    assert_eq!((late.len(), receiver.len()), (1, 2));
    assert_eq!(late.try_recv(), Ok("after"));
    assert!(late.is_empty());
}

#[test]
fn the_channel_closes_with_its_last_sender_after_the_last_value() {
    run(|| {
        let (sender, receiver) = broadcast::channel(4);
        sender.clone().send(1).unwrap();
        let task = spawn(move || {
            assert_eq!(receiver.recv().await_()?, 1);
            receiver.recv().await_()
        });
        turn();
        drop(sender);
        let error = task.await_().unwrap().unwrap_err();
        assert!(error.is_closed() && !error.is_cancelled());
        assert_eq!(error.to_string(), "broadcast: all senders are gone");
    });
}

#[test]
fn a_value_that_nobody_hears_comes_back() {
    run(|| {
        let (sender, receiver) = broadcast::channel(1);
        drop(receiver);
        sender.closed().await_().unwrap();
        let error = sender.send("back").unwrap_err();
        assert_eq!(error.to_string(), "broadcast: there are no receivers");
        assert_eq!(error.into_value(), "back");
        let receiver = sender.subscribe();
        assert_eq!(sender.send("heard"), Ok(1));
        assert_eq!(receiver.recv().await_(), Ok("heard"));
    });
}

/// Counts its clones and its drops.
struct Counted(Rc<[Cell<u32>; 2]>);

impl Clone for Counted {
    fn clone(&self) -> Self {
        self.0[0].set(self.0[0].get() + 1);
        Counted(Rc::clone(&self.0))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0[1].set(self.0[1].get() + 1);
    }
}

#[test]
fn a_value_lives_until_the_last_receiver_has_it_and_that_one_needs_no_clone() {
    let counts = Rc::<[Cell<u32>; 2]>::default();
    let counted = |expected: [u32; 2]| assert_eq!([counts[0].get(), counts[1].get()], expected);
    let (sender, one) = broadcast::channel(4);
    let (two, three) = (sender.subscribe(), sender.subscribe());
    assert!(sender.send(Counted(Rc::clone(&counts))).is_ok());
    drop(one.try_recv());
    counted([1, 1]);
    drop(two); // will not receive it
    counted([1, 1]);
    drop(three.try_recv());
    counted([1, 2]);
    assert!(sender.is_empty());
}

#[test]
fn a_cancelled_receiver_loses_nothing() {
    run(|| {
        let (sender, receiver) = broadcast::channel(1);
        let receiver = Rc::new(receiver);
        let other = Rc::clone(&receiver);
        let task = spawn(move || other.recv().await_());
        turn();
        sender.send(1).unwrap();
        task.cancel();
        assert!(task.await_().unwrap().unwrap_err().is_cancelled());
        assert_eq!(receiver.recv().await_(), Ok(1));
    });
}

#[test]
fn a_channel_that_keeps_nothing_is_refused() {
    let text = panic_text(|| drop(broadcast::channel::<u8>(0)));
    assert_eq!(text, "broadcast::channel: the capacity must be > 0");
}
