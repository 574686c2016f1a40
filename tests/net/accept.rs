//! Accepting when the process has run out of descriptors.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use cede::net::TcpListener;
use cede::{Runner, VirtualClock};
use cede_tests::child;

/// CPython: test_selector_events, test_accept_connection_retry; RELIABILITY §2: pause 1 s, report once, keep
/// listening. The time is virtual.
#[test]
fn without_descriptors_it_pauses_reports_once_and_goes_on() {
    let ended = child::in_limited_child("ulimit -n 40", &[], || {
        let reports = Rc::new(RefCell::new(Vec::new()));
        let told = reports.clone();
        let clock = VirtualClock::new();
        let mut runner = Runner::new()
            .clock(clock.clone())
            .exception_handler(move |_, report| told.borrow_mut().push(report.to_string()));
        let accepted = runner.run(cede::coroutine(|| -> io::Result<()> {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            let client = std::net::TcpStream::connect(listener.local_addr()?)?;
            let mut hoard = Vec::new();
            while let Ok(file) = File::open("/dev/null") {
                hoard.push(file);
            }
            cede::running_loop()?.call_later(Duration::from_millis(3500), move || drop(hoard));
            assert_eq!(listener.accept()?.1, client.local_addr()?);
            Ok(())
        }));
        accepted.unwrap().unwrap();
        assert_eq!(clock.elapsed(), Duration::from_secs(4));
        let reports = reports.take();
        assert_eq!(reports.len(), 1, "{reports:?}");
        assert!(reports[0].starts_with("TcpListener::accept: nobody can be accepted: "), "{reports:?}");
    });
    ended.succeeded();
}

/// RELIABILITY §2: loop creation fails cleanly.
#[test]
fn without_descriptors_no_loop_is_made_and_the_error_says_why() {
    let ended = child::in_limited_child("ulimit -n 20", &[], || {
        let mut hoard = Vec::new();
        while let Ok(file) = File::open("/dev/null") {
            hoard.push(file);
        }
        let error = cede::EventLoop::new().unwrap_err();
        assert!(error.to_string().contains("Too many open files"), "{error}");
        hoard.pop();
        let error = cede::EventLoop::new().unwrap_err();
        assert!(error.to_string().contains("Too many open files"), "{error}");
        hoard.clear();
        cede::EventLoop::new().unwrap();
    });
    ended.succeeded();
}
