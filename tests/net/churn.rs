//! Many connections that come, go, are reset, cancelled and cut off in the middle of what they do, of being accepted and
//! of connecting too; and at the end nothing is left of them.

use std::cell::Cell;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use cede::net::{TcpListener, TcpStream};
use cede::{Awaitable, EventLoop, Failure, Semaphore, Task, VirtualClock, timeout, yield_now};
use cede_tests::child;

use crate::faults_above::injected;
use crate::help::spawn;

/// So many connections stand at one time, each with a task at either end.
const AT_ONCE: usize = 50;

/// Numbers by a seed: the same every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// Gives back what it reads, but no longer than so long.
fn echo(stream: &TcpStream, patience: Duration) -> io::Result<()> {
    let mut bytes = [0; 512];
    timeout(patience, || {
        loop {
            match (&*stream).read(&mut bytes)? {
                0 => return io::Result::Ok(()),
                count => (&*stream).write_all(&bytes[..count])?,
            }
        }
    })
}

/// What one client does: some messages, and one of many ends.
fn client(stream: &TcpStream, numbers: &mut Numbers, server: &Task<io::Result<()>>) -> io::Result<()> {
    let mut bytes = [0; 2048];
    for _ in 0..numbers.below(4) {
        let size = 1 + numbers.below(2048) as usize;
        (&*stream).write_all(&bytes[..size])?;
        (&*stream).read_exact(&mut bytes[..size])?;
    }
    match numbers.below(7) {
        0 => stream.shutdown(Shutdown::Write)?,
        1 => stream.shutdown(Shutdown::Both)?,
        2 => drop(server.cancel()),
        // Nothing comes: the time is over in the middle of a read.
        3 => drop(timeout(Duration::from_micros(numbers.below(300)), || (&*stream).read(&mut bytes))),
        // The answer is not read.
        4 => (&*stream).write_all(&[0; 1500])?,
        5 => {
            server.cancel();
            (&*stream).read_exact(&mut bytes)?;
        }
        _ => {}
    }
    Ok(())
}

/// Whether an error is one that such ends give to the other side, or that was injected.
fn expected(error: &io::Error, faults: Faults) -> bool {
    let kinds =
        [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe, ErrorKind::UnexpectedEof, ErrorKind::TimedOut];
    error.is_cancelled()
        || kinds.contains(&error.kind())
        || error.kind() == ErrorKind::NotConnected
        || faults == Faults::ByASeed && injected(error)
}

#[derive(Clone, Copy, PartialEq)]
enum Faults {
    None,
    /// One system call in eight goes wrong.
    ByASeed,
}

/// Does something in a task of its own, which is cancelled some turns later: whether it was in the middle of it then.
fn cancelled_in_flight(
    numbers: &mut Numbers,
    faults: Faults,
    act: impl FnOnce() -> io::Result<TcpStream> + 'static,
) -> io::Result<bool> {
    let task = spawn(act);
    for _ in 0..numbers.below(4) {
        yield_now().await_()?;
    }
    task.cancel();
    match task.await_() {
        Ok(Ok(stream)) => {
            // A reset instead of an end leaves no port behind that waits.
            socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
            Ok(false)
        }
        Err(error) => {
            assert!(error.is_cancelled(), "{error}"); // it had not begun
            Ok(false)
        }
        Ok(Err(error)) => {
            assert!(expected(&error, faults), "{error:?}");
            Ok(error.is_cancelled())
        }
    }
}

/// Both ends of one connection. Others may have come that were given up; and where faults are injected, this one may
/// have been, too.
fn connected(address: SocketAddr, listener: &TcpListener) -> io::Result<(TcpStream, TcpStream)> {
    let stream = TcpStream::connect(address)?;
    let ours = stream.local_addr()?;
    let served = timeout(Duration::from_secs(100), || {
        loop {
            match listener.accept() {
                Ok((served, from)) if from == ours => return Ok(served),
                Ok((other, _)) => drop(socket2::SockRef::from(&other).set_linger(Some(Duration::ZERO))),
                Err(error) => return Err(error),
            }
        }
    })?;
    Ok((stream, served))
}

fn churn(connections: u64, faults: Faults) -> io::Result<u64> {
    let listener = Rc::new(TcpListener::bind("127.0.0.1:0")?);
    let address = listener.local_addr()?;
    let at_a_time = Rc::new(Semaphore::new(1));
    let places = Rc::new(Semaphore::new(AT_ONCE));
    let mut clients = Vec::new();
    let served = Rc::new(Cell::new(0));
    let cancelled = Rc::new(Cell::new((0, 0)));
    if faults == Faults::ByASeed {
        cede::running_loop()?.inject_faults(connections, 8, true);
    }
    for number in 0..connections {
        let place = places.clone().acquire_owned().await_()?;
        let (listener, pairing, served) = (listener.clone(), at_a_time.clone(), served.clone());
        let cancelled = cancelled.clone();
        clients.push(spawn(move || -> io::Result<()> {
            let mut numbers = Numbers(number);
            let pair = {
                let _alone = pairing.acquire().await_()?;
                let (mut accepts, mut connects) = cancelled.get();
                if numbers.below(8) == 0 {
                    let listener = listener.clone();
                    let accept = move || listener.accept().map(|(stream, _)| stream);
                    accepts += u64::from(cancelled_in_flight(&mut numbers, faults, accept)?);
                }
                if numbers.below(8) == 0 {
                    let connect = move || TcpStream::connect(address);
                    connects += u64::from(cancelled_in_flight(&mut numbers, faults, connect)?);
                }
                cancelled.set((accepts, connects));
                connected(address, &listener)
            };
            let (stream, server) = match pair {
                Err(error) if faults == Faults::ByASeed => {
                    assert!(expected(&error, faults), "{error:?}");
                    return Ok(());
                }
                pair => pair?,
            };
            served.set(served.get() + 1);
            // A reset instead of an end leaves no port behind that waits.
            socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
            let patience = Duration::from_millis(1 + numbers.below(20));
            let server = spawn(move || echo(&server, patience));
            let done = client(&stream, &mut numbers, &server);
            drop(stream);
            let ended = server.await_().map_err(io::Error::from).and_then(|ended| ended);
            drop(place);
            for error in [done.err(), ended.err()].into_iter().flatten() {
                assert!(expected(&error, faults), "{error:?}");
            }
            Ok(())
        }));
        if clients.len() == 200 {
            clients.drain(..).try_for_each(|client| client.await_()?)?;
        }
    }
    clients.into_iter().try_for_each(|client| client.await_()?)?;
    cede::running_loop()?.stop_faults();
    yield_now().await_()?;
    assert_eq!(cede::all_tasks().len(), 1);
    let (accepts, connects) = cancelled.get();
    let many = if connections < 500 { 0 } else { connections / 50 };
    assert!(accepts >= many && connects >= many, "{accepts} and {connects} of {connections} were cancelled");
    Ok(served.get())
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// `CEDE_CHURN` says how many; 100,000, which `.ci/run churn` asks for, take half a minute or so.
fn connections() -> u64 {
    std::env::var("CEDE_CHURN").map_or(2_000, |count| count.parse().unwrap())
}

#[test]
fn after_a_churn_of_connections_nothing_is_left() {
    let ended = child::in_child(&[], || {
        let event_loop = EventLoop::new().unwrap();
        let served = nothing_is_left_of(&event_loop, connections(), Faults::None);
        assert_eq!(served, connections());
    });
    ended.succeeded();
}

/// The pauses after a want of descriptors are virtual.
#[test]
fn nor_is_after_one_in_which_system_calls_fail() {
    let ended = child::in_child(&[], || {
        let event_loop = EventLoop::with_clock(VirtualClock::new()).unwrap();
        event_loop.set_exception_handler(|_, _| ());
        let connections = connections() / 4;
        let served = nothing_is_left_of(&event_loop, connections, Faults::ByASeed);
        assert!(served > connections / 2 && served < connections, "{served} of {connections}");
    });
    ended.succeeded();
}

/// How many of so many connections were made, after which all is as it was.
fn nothing_is_left_of(event_loop: &EventLoop, connections: u64, faults: Faults) -> u64 {
    event_loop.set_slow_callback_duration(Duration::from_secs(1000));
    let churned = |count| event_loop.run_until_complete(cede::coroutine(move || churn(count, faults)));
    churned(100).unwrap().unwrap();
    let before = descriptors();
    let served = churned(connections).unwrap().unwrap();
    assert_eq!(descriptors(), before);
    // Of all the time limits no timer is set, be it for the next millisecond.
    let left = event_loop.snapshot();
    assert_eq!((left.timers, left.ready), (vec![], vec![]));
    assert_eq!((left.tasks, left.promises), (vec![], vec![]));
    // Nobody waits for a descriptor: or the loop would too.
    let never = event_loop.create_promise::<()>();
    let error = event_loop.run_until_complete(cede::coroutine(move || never.await_())).unwrap_err();
    assert!(error.is_deadlock(), "{error}");
    // However many came, no more stacks were taken than there were tasks at one time, the main one included.
    let taken = cede::stack::counts().stacks;
    assert!(taken <= 2 * AT_ONCE as u64 + 1, "{taken}");
    event_loop.close().unwrap();
    // They are back. None was taken twice, for a loop keeps its idle ones; and a few were made that nobody
    // took, for they are made several at once.
    assert!(cede::stack::pooled().stacks as u64 >= cede::stack::counts().stacks);
    served
}
