//! An operation in flight: what stands in the frame whose bytes the kernel has.

use std::marker::PhantomData;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::NonNull;
use std::rc::Rc;
use std::{io, slice};

use io_uring::{opcode, squeue, types};

use super::{Answer, OperationKey, Ring};
use crate::reactor::direction::Direction;
use crate::reactor::source::Way;

/// What the kernel is asked to do.
pub(super) enum Request<'a> {
    /// Read from a socket into these.
    Receive(&'a mut [u8]),
    /// Write these to a socket.
    Send(&'a [u8]),
    /// Say when it is ready.
    Poll(Way),
}

/// `IORING_RECVSEND_POLL_FIRST`: do not try before there is something, for as far as we know there is nothing.
const POLL_FIRST: u16 = 1;

impl Request<'_> {
    fn entry(&mut self, fd: types::Fd) -> squeue::Entry {
        match self {
            Request::Receive(into) => {
                opcode::Recv::new(fd, into.as_mut_ptr(), length(into.len())).ioprio(POLL_FIRST).build()
            }
            Request::Send(from) => {
                opcode::Send::new(fd, from.as_ptr(), length(from.len())).flags(libc::MSG_NOSIGNAL).build()
            }
            Request::Poll(way) => {
                let events = match way {
                    Way::Read => libc::POLLIN | libc::POLLRDHUP,
                    Way::Write => libc::POLLOUT,
                };
                opcode::PollAdd::new(fd, u32::from(events as u16)).build()
            }
        }
    }
}

/// What the kernel moves at once at most.
fn length(size: usize) -> u32 {
    size.min(0x7FFF_F000) as u32
}

/// Between its making and its end the kernel has the bytes of `'a`, and nobody else touches them.
///
/// It is used in `transfer.rs` only, where it stands in the frame that has borrowed the bytes. It must not be
/// forgotten, and is not: leaving that frame in whatever way ends it, and its end waits for the kernel.
pub(super) struct Flight<'a> {
    ring: &'a Ring,
    /// `None` once the kernel is done.
    key: Option<OperationKey>,
    direction: &'a Direction,
    /// Where a read puts its bytes.
    into: Option<NonNull<u8>>,
    bytes: PhantomData<&'a mut [u8]>,
}

impl<'a> Flight<'a> {
    /// Queues an operation. The kernel begins with it at the next system call.
    pub(super) fn begin(
        ring: &'a Ring,
        fd: BorrowedFd<'a>,
        direction: &'a Rc<Direction>,
        mut request: Request<'a>,
    ) -> io::Result<Self> {
        let entry = request.entry(types::Fd(fd.as_raw_fd()));
        // SAFETY: descriptor and bytes are borrowed for `'a`, which this outlives by nothing: it is ended in the
        // frame that has borrowed them, by `finish`, `withdraw` or `drop`, after which the kernel is done.
        let key = unsafe { ring.begin(entry, direction) }?;
        direction.flight.set(Some(key));
        let into = match request {
            Request::Receive(into) => NonNull::new(into.as_mut_ptr()),
            Request::Send(_) | Request::Poll(_) => None,
        };
        Ok(Flight { ring, key: Some(key), direction, into, bytes: PhantomData })
    }

    /// The kernel's answer. `None` if the task was woken for something else; then the operation is taken back,
    /// as by dropping this.
    pub(super) fn finish(mut self) -> Option<Answer> {
        let answer = self.ring.take(self.key?)?;
        self.ended();
        Some(answer)
    }

    /// Takes the operation back, and waits until the kernel is done with it: what it has done before.
    pub(super) fn withdraw(mut self) -> Answer {
        self.take_back()
    }

    fn take_back(&mut self) -> Answer {
        let answer = self.key.map_or(Answer::WITHDRAWN, |key| self.ring.withdraw(key));
        self.ended();
        answer
    }

    fn ended(&mut self) {
        self.key = None;
        self.direction.flight.set(None);
    }
}

/// Takes it back. What a read has read all the same is kept for the next.
impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if self.key.is_none() {
            return;
        }
        let answer = self.take_back();
        let Some(into) = self.into else { return };
        match answer.result {
            0 => self.direction.note_ready(true),
            count @ 1.. => {
                // SAFETY: the bytes are borrowed while this lives, the kernel is done with them, and it has
                // written so many.
                let bytes = unsafe { slice::from_raw_parts(into.as_ptr(), count as usize) };
                self.direction.kept.keep(bytes);
            }
            error if is_of_withdrawal(error) => {}
            error => self.direction.kept.keep_error(-error),
        }
    }
}

/// Whether an operation has ended because it was asked to, or was disturbed before it had done anything.
pub(super) fn is_of_withdrawal(error: i32) -> bool {
    matches!(-error, libc::ECANCELED | libc::EINTR | libc::EAGAIN)
}
