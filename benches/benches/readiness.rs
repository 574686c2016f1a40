//! What does it cost to ask the kernel which descriptor is ready: by epoll itself, by `mio`, by `polling`? A wait, a wait
//! with a deadline that differs each time, and to arm a descriptor again.
//!
//! An `eventfd` is written to each time, which an edge-triggered poller is told of; what that costs alone is the first
//! line, to be taken off the waits.

#![allow(missing_docs, reason = "criterion's macros write undocumented functions")]
#![deny(unsafe_code)]

use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use rustix::buffer::spare_capacity;
use rustix::event::{EventfdFlags, Timespec, epoll, eventfd};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, timerfd_create, timerfd_settime,
};

/// Who asks for the descriptor.
trait Asks {
    /// Waits for an event, no longer than so long.
    fn wait(&mut self, limit: Option<Duration>);
    /// Arms the descriptor again, whether it needs that or not.
    fn arm(&mut self, event: &OwnedFd);
    /// Whether it needs that after each event.
    const ONESHOT: bool = false;
}

/// As the library's reactor does it: edge-triggered, deadlines by a `timerfd`.
struct Epoll {
    epoll: OwnedFd,
    timer: OwnedFd,
    events: Vec<epoll::Event>,
}

const READ: epoll::EventFlags =
    epoll::EventFlags::IN.union(epoll::EventFlags::RDHUP).union(epoll::EventFlags::ET);

impl Epoll {
    fn new(event: &OwnedFd) -> Self {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).expect("an epoll");
        let timer = timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK).expect("a timer");
        let timer_flags = epoll::EventFlags::IN | epoll::EventFlags::ET;
        epoll::add(&epoll, &timer, epoll::EventData::new_u64(1), timer_flags).expect("it is registered");
        epoll::add(&epoll, event, epoll::EventData::new_u64(0), READ).expect("it is registered");
        Epoll { epoll, timer, events: Vec::with_capacity(1_024) }
    }
}

impl Asks for Epoll {
    fn wait(&mut self, limit: Option<Duration>) {
        if let Some(limit) = limit {
            let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
            let it_value = Timespec::try_from(limit).expect("not so long");
            let when = Itimerspec { it_interval: zero, it_value };
            timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &when).expect("it is set");
        }
        self.events.clear();
        epoll::wait(&self.epoll, spare_capacity(&mut self.events), None).expect("it waits");
        assert_eq!(self.events.len(), 1);
    }

    fn arm(&mut self, event: &OwnedFd) {
        epoll::modify(&self.epoll, event, epoll::EventData::new_u64(0), READ).expect("it is armed");
    }
}

struct Mio {
    poll: mio::Poll,
    events: mio::Events,
}

impl Mio {
    fn new(event: &OwnedFd) -> Self {
        let poll = mio::Poll::new().expect("a poll");
        let source = &mut mio::unix::SourceFd(&event.as_raw_fd());
        poll.registry().register(source, mio::Token(0), mio::Interest::READABLE).expect("it is registered");
        Mio { poll, events: mio::Events::with_capacity(1_024) }
    }
}

impl Asks for Mio {
    fn wait(&mut self, limit: Option<Duration>) {
        self.poll.poll(&mut self.events, limit).expect("it waits");
        assert_eq!(self.events.iter().count(), 1);
    }

    fn arm(&mut self, event: &OwnedFd) {
        let source = &mut mio::unix::SourceFd(&event.as_raw_fd());
        let registry = self.poll.registry();
        registry.reregister(source, mio::Token(0), mio::Interest::READABLE).expect("it is armed");
    }
}

struct Polling<const EDGE: bool> {
    poller: polling::Poller,
    events: polling::Events,
}

impl<const EDGE: bool> Polling<EDGE> {
    const MODE: polling::PollMode = if EDGE { polling::PollMode::Edge } else { polling::PollMode::Oneshot };

    #[allow(unsafe_code, reason = "polling's registration is an unsafe function")]
    fn new(event: &OwnedFd) -> Self {
        let poller = polling::Poller::new().expect("a poller");
        // SAFETY: the poller is dropped before the descriptor is closed.
        unsafe {
            poller.add_with_mode(event, polling::Event::readable(0), Self::MODE).expect("it is registered")
        };
        Polling { poller, events: polling::Events::new() }
    }
}

impl<const EDGE: bool> Asks for Polling<EDGE> {
    const ONESHOT: bool = !EDGE;

    fn wait(&mut self, limit: Option<Duration>) {
        self.events.clear();
        self.poller.wait(&mut self.events, limit).expect("it waits");
        assert_eq!(self.events.iter().count(), 1);
    }

    fn arm(&mut self, event: &OwnedFd) {
        let readable = polling::Event::readable(0);
        self.poller.modify_with_mode(event.as_fd(), readable, Self::MODE).expect("it is armed");
    }
}

fn new_event() -> OwnedFd {
    eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).expect("an eventfd")
}

fn write(event: &OwnedFd) {
    rustix::io::write(event, &1_u64.to_ne_bytes()).expect("it is far from full");
}

fn measure<A: Asks>(c: &mut Criterion, name: &str, new: impl Fn(&OwnedFd) -> A) {
    let event = new_event();
    let mut asks = new(&event);
    let mut group = c.benchmark_group(format!("readiness, {name}"));
    let wait = |asks: &mut A, limit| {
        write(&event);
        asks.wait(limit);
        if A::ONESHOT {
            asks.arm(&event);
        }
    };
    group.bench_function("a wait", |b| b.iter(|| wait(&mut asks, None)));
    let mut nanoseconds = 0;
    group.bench_function("a wait with a new deadline", |b| {
        b.iter(|| {
            nanoseconds += 1;
            wait(&mut asks, Some(Duration::new(3_600, nanoseconds % 1_000_000)));
        });
    });
    group.bench_function("to arm again", |b| b.iter(|| asks.arm(&event)));
    group.finish();
}

fn readiness(c: &mut Criterion) {
    let event = new_event();
    c.bench_function("readiness, the write alone", |b| b.iter(|| write(&event)));
    measure(c, "epoll", Epoll::new);
    measure(c, "mio", Mio::new);
    measure(c, "polling, edge-triggered", Polling::<true>::new);
    measure(c, "polling, oneshot", Polling::<false>::new);
}

criterion_group!(benches, readiness);
criterion_main!(benches);
