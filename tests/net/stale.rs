//! A descriptor that is closed and whose number comes back gets no event of the one before.

use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream as Blocking;
use std::time::Duration;

use cede::net::UnixStream;
use cede::{Awaitable, Failure, yield_now};
use cede_tests::child;
use rustix::io::fcntl_dupfd_cloexec;

use crate::help::{run, spawn};

/// A number that nobody has: each test is alone in a process of its own.
const NUMBER: RawFd = 700;

/// Two ends of a stream; ours gets this number, which must be free.
fn pair_at(number: RawFd) -> io::Result<(UnixStream, Blocking)> {
    let (ours, theirs) = Blocking::pair()?;
    let ours: OwnedFd = fcntl_dupfd_cloexec(&ours, number)?;
    assert_eq!(ours.as_raw_fd(), number, "it is taken");
    Ok((UnixStream::from_std(ours.into())?, theirs))
}

/// Sleeps a little, so that the loop surely asks the kernel for news: how many were given control meanwhile.
fn given_control() -> io::Result<u64> {
    let event_loop = cede::running_loop()?;
    let before = event_loop.callbacks_run();
    cede::sleep(Duration::from_millis(1)).await_()?;
    Ok(event_loop.callbacks_run() - before)
}

/// Two have events in one turn. The first of them closes the other, which was told already, and takes its number.
#[test]
fn a_number_that_comes_back_in_the_turn_in_which_it_had_news_is_told_nothing() {
    let main = || -> io::Result<()> {
        let nobody_else = given_control()?;
        let (first, mut to_first) = UnixStream::pair()?;
        let (second, mut to_second) = pair_at(NUMBER)?;
        let other = spawn(move || (&second).read(&mut [0; 1]).map(drop));
        let writer = spawn(move || -> io::Result<Blocking> {
            to_first.write_all(b"x")?;
            to_second.write_all(b"xyz")?; // the kernel has news of both at the next look
            Ok(to_second)
        });
        (&first).read_exact(&mut [0; 1])?; // all three run meanwhile
        let _to_second = writer.await_()??;
        other.cancel(); // it is queued, and has not read yet
        assert!(other.await_()?.is_err_and(|error| error.is_cancelled()));
        let (again, mut to_again) = pair_at(NUMBER)?;
        let reader = spawn(move || {
            let mut byte = [0; 1];
            (&again).read(&mut byte).map(|count| (count, byte))
        });
        yield_now().await_()?; // it waits
        assert_eq!(given_control()?, nobody_else, "somebody was woken for nothing");
        to_again.write_all(b"!")?;
        assert_eq!(reader.await_()??, (1, *b"!"));
        Ok(())
    };
    let ended = child::in_child(&[], || run(main).unwrap());
    ended.succeeded();
}

/// What is closed here may be open elsewhere, in a child process or under another number. Had it not been taken off the
/// kernel's list, the kernel would go on telling of it, by the key that it had, and that finds nothing.
#[test]
fn what_is_open_elsewhere_still_tells_nobody_who_has_the_number_now() {
    let main = || -> io::Result<()> {
        let nobody_else = given_control()?;
        let (one, mut to_one) = pair_at(NUMBER)?;
        let elsewhere = fcntl_dupfd_cloexec(&one, NUMBER + 1)?;
        let reader = spawn(move || (&one).read(&mut [0; 1]).map(drop));
        yield_now().await_()?; // it waits: the kernel has it on its list
        reader.cancel();
        assert!(reader.await_()?.is_err_and(|error| error.is_cancelled()));
        let (again, mut to_again) = pair_at(NUMBER)?;
        let reader = spawn(move || {
            let mut byte = [0; 1];
            (&again).read(&mut byte).map(|count| (count, byte))
        });
        yield_now().await_()?;
        to_one.write_all(b"for somebody else")?;
        assert_eq!(given_control()?, nobody_else, "somebody was woken for nothing");
        to_again.write_all(b"!")?;
        assert_eq!(reader.await_()??, (1, *b"!"));
        let mut text = [0; 32];
        let mut elsewhere = Blocking::from(elsewhere);
        let count = elsewhere.read(&mut text)?;
        assert_eq!(&text[..count], b"for somebody else");
        Ok(())
    };
    let ended = child::in_child(&[], || run(main).unwrap());
    ended.succeeded();
}
