//! Reading and writing by the ring: what has to wait is the kernel's to do.
//!
//! What need not wait is done at once by a system call of our own, as by readiness: so an operation that need
//! not wait does not cede, and a program does the same by both.

use std::io;
use std::os::fd::AsFd;

use io_uring::cqueue;

use super::flight::{Flight, Request, is_of_withdrawal};
use super::{Answer, Ring};
use crate::coroutine::Interrupt;
use crate::reactor::source::{Source, Way};
use crate::schedule;

impl<S: AsFd> Source<S> {
    /// Parks the running task until the kernel says that this direction is ready.
    #[track_caller]
    pub(in crate::reactor) fn poll(&self, ring: &Ring, way: Way, call: &'static str) -> io::Result<()> {
        let flight = self.fly(ring, way, Request::Poll(way), call)?;
        self.wait(way, call)?;
        if let Some(answer) = flight.finish() {
            let over = libc::POLLHUP | libc::POLLERR | if way == Way::Read { libc::POLLRDHUP } else { 0 };
            // An error, too, is for the attempt to find.
            let ended = answer.result < 0 || answer.result & i32::from(over) != 0;
            self.direction(way).note_ready(ended && !is_of_withdrawal(answer.result));
        }
        Ok(())
    }

    /// Reads into these bytes, of which there are some.
    #[track_caller]
    pub(in crate::reactor) fn receive_by(
        &self,
        ring: &Ring,
        bytes: &mut [u8],
        call: &'static str,
        mut attempt: impl FnMut(&S, &mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.begin(Way::Read, call)?;
        let direction = &self.ends.read;
        loop {
            if let Some(taken) = direction.kept.take(bytes) {
                return taken;
            }
            let done = match self.reactor.fault(Way::Read, call) {
                Some(error) => self.failed(error),
                None if direction.ready() => {
                    let done = attempt(self.io(), bytes);
                    if matches!(done, Ok(count) if count > 0 && count < bytes.len()) {
                        direction.emptied();
                    }
                    done
                }
                None => {
                    let flight = self.fly(ring, Way::Read, Request::Receive(bytes), call)?;
                    self.wait(Way::Read, call)?; // an error drops the flight, which keeps what was read
                    let Some(answer) = flight.finish() else { continue };
                    match answer.result {
                        0 => direction.note_ready(true),
                        // It says so if there is more; without a word, a full buffer is as good as one.
                        count if cqueue::sock_nonempty(answer.flags) || count as usize == bytes.len() => {
                            direction.note_ready(false);
                        }
                        _ => {}
                    }
                    answer.moved()
                }
            };
            match done {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => direction.would_block(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }

    /// Writes from these bytes, of which there are some.
    #[track_caller]
    pub(in crate::reactor) fn send_by(
        &self,
        ring: &Ring,
        bytes: &[u8],
        call: &'static str,
        mut attempt: impl FnMut(&S, &[u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        self.begin(Way::Write, call)?;
        let direction = &self.ends.write;
        loop {
            let done = match self.reactor.fault(Way::Write, call) {
                Some(error) => self.failed(error),
                None if direction.ready() => attempt(self.io(), bytes),
                None => {
                    let flight = self.fly(ring, Way::Write, Request::Send(bytes), call)?;
                    let answer = match self.wait(Way::Write, call) {
                        Ok(()) => flight.finish(),
                        Err(interrupt) => Some(sent_before(flight.withdraw(), interrupt)?),
                    };
                    let Some(answer) = answer else { continue };
                    if answer.result == bytes.len() as i32 {
                        direction.note_ready(false);
                    }
                    answer.moved()
                }
            };
            match done {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => direction.would_block(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }

    /// Has the kernel do something for who waits in this direction.
    fn fly<'a>(
        &'a self,
        ring: &'a Ring,
        way: Way,
        request: Request<'a>,
        call: &'static str,
    ) -> io::Result<Flight<'a>> {
        self.reactor.check(call)?;
        Flight::begin(ring, self.io().as_fd(), self.direction(way), request)
    }
}

impl Answer {
    /// How many bytes were moved. What was disturbed before it did anything is to be tried again.
    fn moved(self) -> io::Result<usize> {
        match self.result {
            count @ 0.. => Ok(count as usize),
            error if is_of_withdrawal(error) => Err(io::ErrorKind::Interrupted.into()),
            error => Err(io::Error::from_raw_os_error(-error)),
        }
    }
}

/// A write was interrupted. If it had sent something, it is done, for that cannot be taken back; then the
/// cancellation comes at the next await.
fn sent_before(answer: Answer, interrupt: Interrupt) -> io::Result<Answer> {
    match interrupt {
        Interrupt::Cancelled(cancelled) if answer.result > 0 => match schedule::current() {
            Some(task) => {
                task.deliver_again(&cancelled);
                Ok(answer)
            }
            None => Err(cancelled.into()), // driven by hand: nobody could deliver it
        },
        interrupt => Err(interrupt.into()),
    }
}
