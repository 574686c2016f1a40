//! Row 35: connecting to several addresses. CPython: test_base_events, create_connection_*; test_staggered.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use cede::net::{TcpListener, TcpStream, lookup_host};
use cede::{Awaitable, Failure, timeout};
use cede_tests::trace::run as run_virtually;
use socket2::{Domain, Socket, Type};

use crate::help::{run, spawn};

/// An address where nobody listens.
fn nobody() -> io::Result<SocketAddr> {
    std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()
}

/// An address that does not answer: its listener accepts nobody, and its queue is full.
struct Silent {
    address: SocketAddr,
    _listener: Socket,
    _waiting: Vec<Socket>,
}

impl Silent {
    fn new() -> io::Result<Self> {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        listener.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into())?;
        listener.listen(0)?;
        let address = listener.local_addr()?;
        let mut waiting = Vec::new();
        for _ in 0..4 {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            socket.set_nonblocking(true)?;
            let _ = socket.connect(&address);
            waiting.push(socket);
        }
        Ok(Silent { address: address.as_socket().unwrap(), _listener: listener, _waiting: waiting })
    }
}

#[test]
fn a_refused_connection_is_an_error_that_names_the_address() {
    let error = run(|| TcpStream::connect(nobody()?)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert!(error.to_string().starts_with("TcpStream::connect: 127.0.0.1:"), "{error}");
}

/// test_base_events: test_create_connection_multiple_errors
#[test]
fn when_all_addresses_fail_one_error_names_each() {
    let (one, other) = (nobody().unwrap(), nobody().unwrap());
    let error = run(move || TcpStream::connect([one, other])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let text = error.to_string();
    assert!(text.contains(&format!("{one}: ")) && text.contains(&format!("{other}: ")), "{text}");
}

/// test_base_events: test_create_connection_multiple
#[test]
fn an_address_that_fails_leaves_it_to_the_next_at_once() {
    run_virtually(|| -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let began = cede::running_loop()?.time();
        let stream = TcpStream::connect([nobody()?, listener.local_addr()?])?;
        assert_eq!(stream.peer_addr()?, listener.local_addr()?);
        assert_eq!(cede::running_loop()?.time(), began);
        Ok(())
    })
    .unwrap();
}

/// test_staggered: test_first_timeout_second_successful. The time in between is virtual.
#[test]
fn an_address_that_is_silent_leaves_it_to_the_next_after_a_while() {
    run_virtually(|| -> io::Result<()> {
        let silent = Silent::new()?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let began = cede::running_loop()?.time();
        let stream = TcpStream::connect([silent.address, listener.local_addr()?])?;
        assert_eq!(stream.peer_addr()?, listener.local_addr()?);
        assert_eq!(cede::running_loop()?.time() - began, Duration::from_millis(250));
        assert_eq!(cede::all_tasks().len(), 1, "no attempt is left");
        Ok(())
    })
    .unwrap();
}

/// test_staggered of later versions: test_cancelled
#[test]
fn cancelled_it_leaves_no_attempt() {
    run(|| -> io::Result<()> {
        let (one, other) = (Silent::new()?, Silent::new()?);
        let (first, second) = (one.address, other.address);
        let connecting = spawn(move || TcpStream::connect([first, second]).map(drop));
        cede::sleep(Duration::from_millis(1)).await_()?;
        assert_eq!(cede::all_tasks().len(), 3);
        connecting.cancel();
        assert!(connecting.await_()?.unwrap_err().is_cancelled());
        cede::yield_now().await_()?;
        cede::yield_now().await_()?;
        assert_eq!(cede::all_tasks().len(), 1);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_time_limit_ends_a_connection_that_is_not_answered() {
    let error = run(|| {
        let silent = Silent::new()?;
        timeout(Duration::from_millis(1), || TcpStream::connect(silent.address).map(drop))
    })
    .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

#[test]
fn a_name_is_looked_up_on_the_pool_while_others_run() {
    run(|| -> io::Result<()> {
        assert!(lookup_host("localhost", 80)?.iter().all(|address| address.ip().is_loopback()));
        assert_eq!(lookup_host("127.0.0.1", 80)?, ["127.0.0.1:80".parse().unwrap()]);
        let other = spawn(|| "ran");
        lookup_host("localhost", 80)?;
        assert!(other.done());
        Ok(())
    })
    .unwrap();
}

#[test]
fn what_is_no_address_is_an_error_that_says_what_it_should_be() {
    let error = run(|| TcpStream::connect("localhost:123456")).unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (
            ErrorKind::InvalidInput,
            "'localhost:123456' is no address: it must be host:port, with a port up to 65535"
        )
    );
    let error = run(|| TcpStream::connect(&[][..])).unwrap_err();
    assert_eq!(error.to_string(), "no address is given");
}

#[test]
fn of_several_addresses_the_first_that_can_be_bound_is_taken() {
    run(|| -> io::Result<()> {
        let taken = TcpListener::bind("127.0.0.1:0")?;
        let listener = TcpListener::bind([taken.local_addr()?, "127.0.0.1:0".parse().unwrap()])?;
        assert_ne!(listener.local_addr()?, taken.local_addr()?);
        let error = TcpListener::bind([taken.local_addr()?]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(error.to_string().contains(&taken.local_addr()?.to_string()), "{error}");
        Ok(())
    })
    .unwrap();
}

#[test]
fn several_listeners_share_a_port_if_all_have_said_so() {
    run(|| -> io::Result<()> {
        let one = TcpListener::bind_reuse_port("127.0.0.1:0")?;
        let other = TcpListener::bind_reuse_port(one.local_addr()?)?;
        assert_eq!(one.local_addr()?, other.local_addr()?);
        assert!(TcpListener::bind(one.local_addr()?).is_err());
        Ok(())
    })
    .unwrap();
}
