//! Reads that stop although more is there: at a message that passes descriptors, at an urgent mark, at the end of a
//! packet. What follows is told of once, and must not be waited for.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream as Blocking;
use std::time::Duration;

use cede::net::{TcpStream, UnixStream};
use cede::pipe::pipe;
use cede::{Backend, Runner, VirtualClock, coroutine, timeout};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

/// Runs it by readiness, and by the ring. The time is virtual: what waits in vain is told so at once.
#[track_caller]
fn by_both(main: impl Fn() -> io::Result<()> + Clone + 'static) {
    for backend in [Backend::Readiness, Backend::IoUring] {
        let mut runner = Runner::new().clock(VirtualClock::new()).backend(backend);
        runner.run(coroutine(main.clone())).unwrap().unwrap_or_else(|error| panic!("{backend}: {error}"));
    }
}

/// Reads until there is nothing left, or the end comes: what each read got.
fn reads(mut from: impl Read) -> io::Result<Vec<String>> {
    let mut got = Vec::new();
    loop {
        let mut bytes = [0; 64];
        match timeout(Duration::from_secs(1), || from.read(&mut bytes)) {
            Ok(0) => return Ok([got, vec!["the end".to_owned()]].concat()),
            Ok(count) => got.push(String::from_utf8_lossy(&bytes[..count]).into_owned()),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => return Ok(got),
            Err(error) => return Err(error),
        }
    }
}

/// With all the slices of a vectored read.
struct Vectored<'a, S>(&'a S);

impl<'a, S> Read for Vectored<'a, S>
where
    &'a S: Read,
{
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let (one, other) = bytes.split_at_mut(8);
        self.0.read_vectored(&mut [IoSliceMut::new(one), IoSliceMut::new(other)])
    }
}

fn pass_a_descriptor(through: &Blocking, bytes: &[u8]) -> io::Result<()> {
    let file = File::open("/dev/null")?;
    let passed = [file.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut beside = SendAncillaryBuffer::new(&mut space);
    assert!(beside.push(SendAncillaryMessage::ScmRights(&passed)));
    assert_eq!(sendmsg(through, &[IoSlice::new(bytes)], &mut beside, SendFlags::empty())?, bytes.len());
    Ok(())
}

#[test]
fn what_follows_a_message_with_descriptors_is_read_without_waiting() {
    by_both(|| {
        let (ours, mut theirs) = Blocking::pair()?;
        let ours = UnixStream::from_std(ours)?;
        for vectored in [false, true] {
            theirs.write_all(b"before ")?;
            pass_a_descriptor(&theirs, b"with")?;
            theirs.write_all(b"after")?;
            let got = if vectored { reads(Vectored(&ours))? } else { reads(&ours)? };
            assert_eq!(got, ["before with", "after"]);
        }
        Ok(())
    });
}

#[test]
fn what_follows_an_urgent_mark_is_read_without_waiting() {
    by_both(|| {
        for vectored in [false, true] {
            let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
            let mut theirs = std::net::TcpStream::connect(listener.local_addr()?)?;
            theirs.set_nodelay(true)?;
            let ours = TcpStream::from_std(listener.accept()?.0)?;
            for _ in 0..3 {
                theirs.write_all(b"before")?;
                socket2::SockRef::from(&theirs).send_out_of_band(b"!")?;
                theirs.write_all(b"after")?;
                let got = if vectored { reads(Vectored(&ours))? } else { reads(&ours)? };
                assert_eq!(got, ["before", "after"]);
            }
            // What is urgent is not read with the rest, and alone it is nothing to read.
            socket2::SockRef::from(&theirs).send_out_of_band(b"!")?;
            assert!(reads(&ours)?.is_empty());
            drop(theirs);
            assert_eq!(reads(&ours)?, ["the end"]);
        }
        Ok(())
    });
}

/// Whoever writes to a pipe may make it one of packets, another program at the other end of ours too.
#[test]
fn what_follows_a_packet_is_read_without_waiting() {
    by_both(|| {
        let (reader, mut writer) = pipe()?;
        fcntl_setfl(&writer, fcntl_getfl(&writer)? | OFlags::DIRECT)?;
        writer.write_all(b"one")?;
        writer.write_all(b"other")?;
        assert_eq!(reads(&reader)?, ["one", "other"]);
        Ok(())
    });
}
