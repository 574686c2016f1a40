//! The system says no: an error to whoever asked.

use std::fs::File;

use cede::{EventLoop, Generator};
use cede_tests::child::in_limited_child;

/// EMFILE: a loop cannot be made, and nothing is left of the try.
#[test]
fn without_descriptors_making_a_loop_is_an_error() {
    let ended = in_limited_child("ulimit -n 40", &[], || {
        let mut files = Vec::new();
        while let Ok(file) = File::open("/dev/null") {
            files.push(file);
        }
        for error in [EventLoop::new().unwrap_err(), cede::run(cede::coroutine(|| 7)).unwrap_err()] {
            assert!(error.to_string().contains("Too many open files"), "{error}");
        }
        let mut numbers = Generator::<i32>::new(|co| co.yield_(7)); // needs none
        assert_eq!(numbers.next(), Some(7));
        files.truncate(files.len() - 10);
        let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
        let before = open();
        assert_eq!(cede::run(cede::coroutine(|| 7)).unwrap(), 7);
        assert_eq!(open(), before);
    });
    assert_eq!(ended.succeeded(), "");
}

/// A loop gives its descriptors back.
#[test]
fn loops_made_one_after_another_leak_no_descriptors() {
    let ended = in_limited_child("ulimit -n 40", &[], || {
        for n in 0..200 {
            assert_eq!(cede::run(cede::coroutine(move || n)).unwrap(), n);
        }
    });
    assert_eq!(ended.succeeded(), "");
}
