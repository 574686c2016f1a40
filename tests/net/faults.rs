//! Faults at the system calls, by seeds: nothing is lost, nothing spins, nothing ends that should go on.

use std::io::{self, ErrorKind, Read, Write};

use cede::net::{TcpListener, UnixStream};
use cede::streams::{StreamReader, StreamWriter};
use cede::{Awaitable, Runner, VirtualClock};
use std::rc::Rc;

use crate::help::{run, spawn};

const MUCH: usize = 300_000;

fn bytes() -> Vec<u8> {
    (0..MUCH).map(|n| (n * 7 % 251) as u8).collect()
}

/// EINTR, EAGAIN, short reads and short writes.
#[test]
fn what_is_only_to_be_tried_again_loses_nothing() {
    for seed in 0..40 {
        let callbacks = run(move || -> io::Result<u64> {
            cede::running_loop()?.inject_faults(seed, 2, false);
            let (ours, theirs) = UnixStream::pair()?;
            let writer = spawn(move || (&ours).write_all(&bytes()));
            let mut all = Vec::new();
            (&theirs).read_to_end(&mut all)?;
            assert!(all == bytes(), "seed {seed}");
            writer.await_()??;
            Ok(cede::running_loop()?.callbacks_run())
        })
        .unwrap();
        // A wait that is not one would run the loop without end.
        assert!(callbacks < 5_000, "seed {seed}: {callbacks}");
    }
}

#[test]
fn readers_and_writers_with_buffers_lose_nothing_either() {
    for seed in 100..120 {
        run(move || -> io::Result<()> {
            cede::running_loop()?.inject_faults(seed, 2, false);
            let (ours, theirs) = UnixStream::pair()?;
            let writer = StreamWriter::new(Rc::new(ours));
            for part in bytes().chunks(10_000) {
                writer.write(part)?;
            }
            writer.close();
            let mut reader = StreamReader::new(theirs);
            assert!(reader.read_exactly(MUCH)? == bytes(), "seed {seed}");
            assert!(reader.read_line()?.is_none());
            Ok(())
        })
        .unwrap();
    }
}

/// ECONNRESET, EPIPE, ENOBUFS: an error of the operation, what was read before is right, and the loop lives.
#[test]
fn errors_come_out_of_the_operation_and_leave_the_rest_alone() {
    let mut failed = 0;
    for seed in 0..40 {
        let read = run(move || -> io::Result<Result<(), io::Error>> {
            cede::running_loop()?.inject_faults(seed, 4, true);
            let (ours, theirs) = UnixStream::pair()?;
            let writer = spawn(move || (&ours).write_all(&bytes()));
            let mut all = Vec::new();
            let read = (&theirs).read_to_end(&mut all).map(drop);
            assert!(bytes().starts_with(&all), "seed {seed}");
            drop(theirs);
            Ok(read.and(writer.await_()?))
        })
        .unwrap();
        if let Err(error) = read {
            failed += 1;
            let kinds = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
            let expected = kinds.contains(&error.kind()) || error.raw_os_error() == Some(libc::ENOBUFS);
            assert!(expected, "seed {seed}: {error:?}");
        }
    }
    assert!(failed > 20, "{failed}");
}

/// EMFILE, ENFILE, ENOBUFS, ECONNABORTED: the server pauses, in virtual time, and goes on.
#[test]
fn accepting_survives_all_that_passes() {
    for seed in 0..20 {
        let mut runner = Runner::new().clock(VirtualClock::new()).exception_handler(|_, _| ());
        let accepted = runner.run(cede::coroutine(move || -> io::Result<()> {
            let listener = TcpListener::bind("127.0.0.1:0")?;
            let clients: io::Result<Vec<_>> =
                (0..20).map(|_| std::net::TcpStream::connect(listener.local_addr()?)).collect();
            let clients = clients?;
            cede::running_loop()?.inject_faults(seed, 2, true);
            for client in &clients {
                assert_eq!(listener.accept()?.1, client.local_addr()?, "seed {seed}");
            }
            Ok(())
        }));
        accepted.unwrap().unwrap();
    }
}
