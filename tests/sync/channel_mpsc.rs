//! Channels: many senders, one receiver.

use std::rc::Rc;

use cede::channel::mpsc::{self, SendError};
use cede::{Awaitable, Cancelled};

use crate::help::{Trace, panic_text, run, soon, spawn, turn};

#[test]
fn values_arrive_in_the_order_in_which_they_were_sent() {
    run(|| {
        let (sender, receiver) = mpsc::channel(2);
        let producer =
            spawn(move || (0..10).try_for_each(|n| sender.send(n).await_().map_err(cede::Error::from)));
        let mut received = Vec::new();
        while let Some(value) = receiver.recv().await_().unwrap() {
            received.push(value);
        }
        assert_eq!(received, (0..10).collect::<Vec<_>>());
        producer.await_().unwrap().unwrap();
    });
}

#[test]
fn a_sender_waits_while_the_channel_is_full() {
    run(|| {
        let (sender, receiver) = mpsc::channel(1);
        sender.send(1).await_().unwrap();
        assert_eq!((sender.capacity(), sender.max_capacity()), (0, 1));
        let other = sender.clone();
        let waiting = spawn(move || other.send(2).await_().map_err(cede::Error::from));
        turn();
        assert!(!waiting.done());
        assert_eq!(receiver.recv().await_(), Ok(Some(1)));
        waiting.await_().unwrap().unwrap();
        assert_eq!(receiver.try_recv(), Ok(2));
    });
}

#[test]
fn senders_get_room_in_the_order_in_which_they_asked_and_nobody_barges_in() {
    run(|| {
        let (sender, receiver) = mpsc::channel(1);
        sender.send("first").await_().unwrap();
        for name in ["a", "b"] {
            let sender = sender.clone();
            spawn(move || sender.send(name).await_().map_err(cede::Error::from));
        }
        turn();
        assert_eq!(receiver.recv().await_(), Ok(Some("first"))); // the room is a's now
        let refused = sender.try_send("barging").unwrap_err();
        assert!(refused.is_full());
        assert_eq!(refused.into_value(), "barging");
        for name in ["a", "b"] {
            assert_eq!(receiver.recv().await_(), Ok(Some(name)));
        }
    });
}

#[test]
fn sending_where_there_is_room_does_not_cede_and_needs_no_loop() {
    let (sender, receiver) = mpsc::channel(1);
    sender.send(1).await_().unwrap();
    assert_eq!(receiver.recv().await_(), Ok(Some(1)));
    run(|| {
        let (trace, (sender, receiver)) = (Trace::new(), mpsc::channel(1));
        soon(trace.call("a callback"));
        sender.send(1).await_().unwrap();
        receiver.recv().await_().unwrap();
        assert!(trace.take().is_empty());
    });
}

#[test]
fn the_value_of_a_cancelled_sender_comes_back() {
    run(|| {
        let (sender, receiver) = mpsc::channel(1);
        sender.try_send("in").unwrap();
        let task = cede::create_task(cede::coroutine(move || sender.send("out").await_().unwrap_err()));
        turn();
        task.cancel();
        let error = task.await_().unwrap();
        assert!(error.is_cancelled());
        assert_eq!(error.into_value(), "out");
        assert_eq!(receiver.len(), 1);
    });
}

#[test]
fn the_room_of_a_cancelled_sender_goes_to_the_next() {
    run(|| {
        let (sender, receiver) = mpsc::channel(1);
        sender.try_send("in").unwrap();
        let [one, two] = ["one", "two"].map(|value| {
            let sender = sender.clone();
            spawn(move || sender.send(value).await_().map_err(cede::Error::from))
        });
        turn();
        assert_eq!(receiver.try_recv(), Ok("in")); // wakes the first
        one.cancel();
        two.await_().unwrap().unwrap();
        assert_eq!(receiver.try_recv(), Ok("two"));
    });
}

#[test]
fn a_cancelled_receiver_loses_nothing() {
    run(|| {
        let (sender, receiver) = mpsc::channel(1);
        let receiver = Rc::new(receiver);
        let other = Rc::clone(&receiver);
        let task = spawn(move || other.recv().await_());
        turn();
        sender.try_send(5).unwrap(); // wakes it
        task.cancel();
        assert_eq!(task.await_().unwrap(), Err(Cancelled::new()));
        assert_eq!(receiver.recv().await_(), Ok(Some(5)));
    });
}

#[test]
fn the_channel_closes_with_its_last_sender() {
    run(|| {
        let (sender, receiver) = mpsc::channel(2);
        let other = sender.clone();
        assert!(sender.same_channel(&other));
        sender.try_send(1).unwrap();
        drop(sender);
        assert!(!receiver.is_closed());
        drop(other);
        assert!(receiver.is_closed());
        assert_eq!(receiver.recv().await_(), Ok(Some(1)));
        assert_eq!(receiver.recv().await_(), Ok(None));
        let error = receiver.try_recv().unwrap_err();
        assert!(error.is_closed() && !error.is_empty());
        assert_eq!(error.to_string(), "mpsc: the channel is closed");
    });
}

#[test]
fn a_waiting_receiver_learns_that_the_last_sender_is_gone() {
    run(|| {
        let (sender, receiver) = mpsc::channel::<u8>(1);
        let task = spawn(move || receiver.recv().await_());
        turn();
        drop(sender);
        assert_eq!(task.await_().unwrap(), Ok(None));
    });
}

#[test]
fn the_channel_closes_with_its_receiver_and_every_value_comes_back() {
    run(|| {
        let (sender, receiver) = mpsc::channel(1);
        sender.try_send("dropped with the receiver").unwrap();
        let waiting = [1, 2].map(|_| {
            let sender = sender.clone();
            cede::create_task(cede::coroutine(move || sender.send("waiting").await_().unwrap_err()))
        });
        let watcher = sender.clone();
        let closed = spawn(move || watcher.closed().await_());
        turn();
        assert!(!closed.done() && !sender.is_closed());
        drop(receiver);
        closed.await_().unwrap().unwrap();
        for task in waiting {
            let error = task.await_().unwrap();
            assert!(error.is_closed());
            assert_eq!(error.into_value(), "waiting");
        }
        assert!(sender.send("late").await_().unwrap_err().is_closed());
        assert!(sender.try_send("late").unwrap_err().is_closed());
    });
}

#[test]
fn a_closed_receiver_still_receives_what_was_sent() {
    run(|| {
        let (sender, receiver) = mpsc::channel(2);
        sender.try_send(1).unwrap();
        receiver.close();
        assert!(receiver.is_closed());
        assert_eq!(sender.try_send(2).unwrap_err().into_value(), 2);
        assert_eq!(receiver.recv().await_(), Ok(Some(1)));
        assert_eq!(receiver.recv().await_(), Ok(None));
    });
}

#[test]
fn an_unbounded_channel_never_lets_a_sender_wait() {
    run(|| {
        let (sender, receiver) = mpsc::unbounded();
        let other = sender.clone();
        assert!(sender.same_channel(&other));
        (0..1_000).for_each(|n| sender.send(n).unwrap());
        assert_eq!((receiver.len(), receiver.is_empty()), (1_000, false));
        drop((sender, other));
        let mut n = 0;
        while let Some(value) = receiver.recv().await_().unwrap() {
            assert_eq!(value, n);
            n += 1;
        }
        assert_eq!(n, 1_000);
    });
    let (sender, receiver) = mpsc::unbounded();
    drop(receiver);
    assert!(sender.is_closed());
    assert_eq!(sender.send("back").unwrap_err().into_value(), "back");
}

#[test]
fn an_empty_channel_has_nothing_to_receive_at_once() {
    let (_sender, receiver) = mpsc::channel::<u8>(1);
    let error = receiver.try_recv().unwrap_err();
    assert!(error.is_empty() && !error.is_closed());
    assert_eq!(error.to_string(), "mpsc: the channel is empty");
}

#[test]
fn a_channel_without_room_is_refused() {
    let text = panic_text(|| drop(mpsc::channel::<u8>(0)));
    assert_eq!(text, "mpsc::channel: the capacity must be > 0");
}

#[test]
fn values_that_hold_the_channel_go_with_it() {
    struct Holds(#[expect(dead_code)] mpsc::UnboundedSender<Holds>, Trace);
    impl Drop for Holds {
        fn drop(&mut self) {
            self.1.add("dropped");
        }
    }
    let trace = Trace::new();
    let (sender, receiver) = mpsc::unbounded();
    sender.send(Holds(sender.clone(), trace.clone())).unwrap();
    drop(receiver);
    assert_eq!(trace.take(), ["dropped"]);
}

#[test]
fn channel_errors_say_what_they_are() {
    let (sender, receiver) = mpsc::channel(1);
    assert_eq!(format!("{sender:?} {receiver:?}"), "<mpsc::Sender 0 of 1> <mpsc::Receiver 0>");
    sender.try_send(1).unwrap();
    let full = sender.try_send(2).unwrap_err();
    assert_eq!(format!("{full:?}"), "SendError(mpsc: the channel is full)");
    let error = cede::Error::from(full);
    assert!(error.downcast_ref::<SendError<()>>().unwrap().is_full());
    assert!(std::io::Error::from(sender.try_send(3).unwrap_err()).to_string().contains("full"));
}
