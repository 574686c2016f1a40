//! Row 29: callbacks for the readiness of descriptors; several on one, removed, closed, and with a number
//! that comes back.

use std::cell::{Cell, RefCell};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use cede::{Awaitable, EventLoop, LoopHandle, VirtualClock};
use cede_tests::trace::{Trace, event_loop, run, run_briefly};

/// Two ends; the first does not block, and may have several owners.
fn pair() -> (Rc<UnixStream>, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_nonblocking(true).unwrap();
    (Rc::new(ours), theirs)
}

fn always(trace: &Trace, what: &'static str) -> impl Fn() + 'static {
    let trace = trace.clone();
    move || trace.add(what)
}

/// test_selector_events: test_add_reader
#[test]
fn a_reader_is_called_in_each_turn_as_long_as_something_is_left() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let (ours, mut theirs) = pair();
    event_loop.add_reader(ours.clone(), always(&trace, "readable")).unwrap();
    run_briefly(&event_loop);
    assert!(trace.take().is_empty());
    theirs.write_all(b"x").unwrap();
    for _ in 0..2 {
        run_briefly(&event_loop);
    }
    assert_eq!(trace.take(), ["readable", "readable"]);
    assert_eq!((&*ours).read(&mut [0; 8]).unwrap(), 1);
    run_briefly(&event_loop);
    assert!(trace.take().is_empty());
    drop(theirs); // the end can be read, too
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["readable"]);
}

/// test_selector_events: test_add_reader_existing, test_add_writer_existing
#[test]
fn a_second_callback_for_the_same_descriptor_replaces_the_first() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let (ours, mut theirs) = pair();
    theirs.write_all(b"x").unwrap();
    event_loop.add_reader(ours.clone(), always(&trace, "first")).unwrap();
    event_loop.add_reader(ours.clone(), always(&trace, "second")).unwrap();
    event_loop.add_writer(ours.clone(), always(&trace, "third")).unwrap();
    event_loop.add_writer(ours, always(&trace, "fourth")).unwrap();
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["second", "fourth"]);
}

/// test_selector_events: test_add_reader_existing_writer, test_remove_reader_read_write
#[test]
fn a_reader_and_a_writer_of_one_descriptor_come_and_go_apart() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let (ours, mut theirs) = pair();
    event_loop.add_writer(ours.clone(), always(&trace, "writable")).unwrap();
    event_loop.add_reader(ours.clone(), always(&trace, "readable")).unwrap();
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["writable"]);
    theirs.write_all(b"x").unwrap();
    assert!(event_loop.remove_writer(&ours));
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["readable"]);
    assert!(event_loop.remove_reader(&ours));
    run_briefly(&event_loop);
    assert!(trace.take().is_empty());
}

/// test_selector_events: test_remove_reader_unknown, test_remove_writer_unknown
#[test]
fn removing_what_was_not_added_says_so() {
    let event_loop = EventLoop::new().unwrap();
    let (ours, _theirs) = pair();
    assert!(!event_loop.remove_reader(&ours));
    event_loop.add_reader(ours.clone(), || ()).unwrap();
    assert!(!event_loop.remove_writer(&ours));
    assert!(event_loop.remove_reader(&ours));
    assert!(!event_loop.remove_reader(&ours));
}

/// asyncio cancels the handle.
#[test]
fn a_callback_that_is_removed_while_it_is_queued_is_not_called() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let pairs = Rc::new([pair(), pair()]);
    for (number, (ours, theirs)) in pairs.iter().enumerate() {
        (&*theirs).write_all(b"x").unwrap();
        let (handle, pairs, trace) = (LoopHandle::clone(&event_loop), pairs.clone(), trace.clone());
        let whichever_is_first = move || {
            trace.add("called");
            assert!(handle.remove_reader(&pairs[1 - number].0));
        };
        event_loop.add_reader(ours.clone(), whichever_is_first).unwrap();
    }
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["called"]);
}

/// test_events: test_remove_fds_after_closing. Within one turn: both are ready; the first one's callback closes
/// the second, and opens another that gets its number.
#[test]
fn a_descriptor_with_the_number_of_a_closed_one_gets_no_event_of_that() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let (first, first_peer) = pair();
    let (second, second_peer) = pair();
    (&first_peer).write_all(b"x").unwrap();
    (&second_peer).write_all(b"x").unwrap();
    let (another, another_peer) = UnixStream::pair().unwrap();
    let closed = Rc::new(RefCell::new(Some(second.clone())));
    let (handle, told, source) = (LoopHandle::clone(&event_loop), trace.clone(), first.clone());
    let close_second = move || {
        told.add("first");
        handle.remove_reader(&source);
        let Some(second) = closed.take() else { return };
        handle.remove_reader(&second);
        let mut number = OwnedFd::from(Rc::try_unwrap(second).expect("nobody else has it"));
        // Both in one call: between a close and an open a test beside this one could take the number.
        rustix::io::dup2(&another, &mut number).unwrap();
        handle.add_reader(Rc::new(number), always(&told, "the new one")).unwrap();
    };
    event_loop.add_reader(first, close_second).unwrap();
    event_loop.add_reader(second, always(&trace, "the closed one")).unwrap();
    for _ in 0..3 {
        run_briefly(&event_loop);
    }
    assert_eq!(trace.take(), ["first"]);
    (&another_peer).write_all(b"x").unwrap();
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["the new one"]);
}

/// epoll: EPERM, with advice.
#[test]
fn a_regular_file_cannot_be_watched_and_the_error_says_what_to_do() {
    let event_loop = EventLoop::new().unwrap();
    let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
    let error = event_loop.add_reader(file, || ()).unwrap_err();
    assert!(error.to_string().ends_with("read it on a thread (cede::fs, cede::to_thread)"), "{error}");
}

/// test_selector_events: test_add_reader with a transport's descriptor is an error.
#[test]
fn a_descriptor_that_a_stream_uses_cannot_be_watched() {
    let error = run(|| {
        let (ours, _theirs) = cede::net::UnixStream::pair().unwrap();
        let ours = Rc::new(ours);
        cede::running_loop().unwrap().add_reader(ours, || ()).unwrap_err()
    });
    assert!(error.to_string().contains("registered with this loop already"), "{error}");
}

#[test]
fn a_loop_with_a_reader_waits_instead_of_reporting_a_deadlock() {
    let event_loop = EventLoop::new().unwrap();
    let (ours, theirs) = pair();
    let promise = event_loop.create_promise::<()>();
    let (set, handle, source) = (promise.clone(), LoopHandle::clone(&event_loop), ours.clone());
    let read = move || {
        handle.remove_reader(&source);
        drop(set.set_result(()));
    };
    event_loop.add_reader(ours, read).unwrap();
    let writer = std::thread::spawn(move || (&theirs).write_all(b"x").map(|()| theirs));
    event_loop.run_until_complete(cede::coroutine(move || promise.await_())).unwrap().unwrap();
    writer.join().unwrap().unwrap();
    // And with it removed, there is nothing left to wait for.
    let never = event_loop.create_promise::<()>();
    let error = event_loop.run_until_complete(cede::coroutine(move || never.await_())).unwrap_err();
    assert!(error.is_deadlock(), "{error}");
}

#[test]
fn closing_the_loop_lets_its_readers_go() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let (ours, _theirs) = pair();
    let kept = trace.on_drop("the reader is dropped");
    event_loop.add_reader(ours.clone(), move || assert!(!format!("{kept:?}").is_empty())).unwrap();
    event_loop.close().unwrap();
    assert_eq!(trace.take(), ["the reader is dropped"]);
    assert_eq!(Rc::strong_count(&ours), 1);
    let error = event_loop.add_reader(ours, || ()).unwrap_err();
    assert!(error.to_string().contains("closed"), "{error}");
}

/// Does this when the thread that calls now has gone to sleep: so that the loop's wait ends with it, and no look before.
fn while_the_loop_sleeps(act: impl FnOnce() + Send + 'static) -> std::thread::JoinHandle<()> {
    let stat = Path::new("/proc").join(std::fs::read_link("/proc/thread-self").unwrap()).join("stat");
    std::thread::spawn(move || {
        let state = || std::fs::read_to_string(&stat).unwrap();
        // Behind the name, which is in parentheses.
        while !state().rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('S')) {
            std::thread::yield_now();
        }
        act();
    })
}

/// Under a virtual clock the loop looks once more after a sleep: what it had been told of there is told again.
#[test]
fn a_reader_that_blocks_is_called_once_for_each_message() {
    let event_loop = EventLoop::with_clock(VirtualClock::new()).unwrap();
    let (ours, theirs) = UnixStream::pair().unwrap();
    // It blocks; but a test that fails shall end.
    ours.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let (ours, theirs, calls) = (Rc::new(ours), Arc::new(theirs), Rc::new(Cell::new(0)));
    let (handle, source, counted) = (LoopHandle::clone(&event_loop), ours.clone(), calls.clone());
    let read = move || {
        counted.set(counted.get() + 1);
        (&*source).read_exact(&mut [0; 4]).unwrap();
        handle.stop();
    };
    event_loop.add_reader(ours, read).unwrap();
    for message in 1..=20 {
        let theirs = theirs.clone();
        let writer = while_the_loop_sleeps(move || (&*theirs).write_all(b"news").unwrap());
        event_loop.run_forever().unwrap();
        writer.join().unwrap();
        assert_eq!(calls.get(), message);
    }
}

/// The hang-up is news for both of them.
#[test]
fn a_callback_that_is_removed_is_not_called_however_often_the_loop_had_looked() {
    let trace = Trace::new();
    let event_loop = event_loop(&trace);
    let (ours, theirs) = pair();
    while (&*ours).write(&[0; 4096]).is_ok() {} // until there is no room
    let (handle, source, told) = (LoopHandle::clone(&event_loop), ours.clone(), trace.clone());
    let read = move || {
        told.add("readable");
        assert!(handle.remove_writer(&source) && handle.remove_reader(&source));
        handle.stop();
    };
    event_loop.add_reader(ours.clone(), read).unwrap();
    event_loop.add_writer(ours, always(&trace, "writable")).unwrap();
    let closer = while_the_loop_sleeps(move || drop(theirs));
    event_loop.run_forever().unwrap();
    closer.join().unwrap();
    run_briefly(&event_loop);
    assert_eq!(trace.take(), ["readable"]);
}
