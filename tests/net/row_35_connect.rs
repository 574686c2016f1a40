//! Row 35: connecting to several addresses. CPython: test_base_events, create_connection_*; test_staggered.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use cede::net::{TcpListener, TcpStream, lookup_host};
use cede::{Awaitable, Failure, timeout};
use cede_tests::trace::run as run_virtually;
use socket2::{Domain, Socket, Type};

use crate::help::{run, spawn};

/// An address where nobody listens, nor will: a socket has it that never does.
pub(crate) fn nobody() -> io::Result<SocketAddr> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into())?;
    let address = socket.local_addr()?;
    std::mem::forget(socket); // as long as the process
    Ok(address.as_socket().expect("it is of IPv4"))
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

/// Says on standard error, past the harness, that a machine cannot do this.
fn skipped(why: &str) {
    let _ = writeln!(io::stderr(), "not tested: {why}");
}

/// test_base_events: test_create_connection_ipv6_scope, without a scope
#[test]
fn a_connection_is_made_by_ipv6() {
    if let Err(error) = std::net::TcpListener::bind("[::1]:0") {
        return skipped(&format!("there is no [::1] here: {error}"));
    }
    run(|| -> io::Result<()> {
        let listener = TcpListener::bind("[::1]:0")?;
        let address = listener.local_addr()?;
        for by_text in [false, true] {
            let mut stream = match by_text {
                false => TcpStream::connect(address)?,
                true => TcpStream::connect(format!("[::1]:{}", address.port()))?,
            };
            assert_eq!(stream.peer_addr()?, address);
            let (mut served, from) = listener.accept()?;
            assert!(from.is_ipv6() && from == stream.local_addr()?);
            stream.write_all(b"hello")?;
            served.read_exact(&mut [0; 5])?;
        }
        let refused = listener.local_addr()?;
        drop(listener);
        let error = TcpStream::connect(refused).unwrap_err();
        assert!(error.to_string().starts_with(&format!("TcpStream::connect: {refused}: ")), "{error}");
        Ok(())
    })
    .unwrap();
}

/// A port where somebody listens at the second of these, and nobody at the first; none where that cannot be.
fn only_at_the_second(first: IpAddr, second: IpAddr) -> Option<TcpListener> {
    let listener = TcpListener::bind((second, 0)).ok()?;
    let port = listener.local_addr().ok()?.port();
    // It could be bound, so it is an address of this machine, and nobody's.
    std::net::TcpListener::bind((first, port)).is_ok().then_some(listener)
}

#[test]
fn an_address_that_refuses_leaves_it_to_one_of_the_other_family() {
    run(|| -> io::Result<()> {
        let (v4, v6) = (IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST));
        for (first, second) in [(v4, v6), (v6, v4)] {
            let Some(listener) = only_at_the_second(first, second) else {
                skipped("there is no [::1] here, or its port is taken");
                return Ok(());
            };
            let port = listener.local_addr()?.port();
            let stream = TcpStream::connect([(first, port).into(), (second, port).into()])?;
            assert_eq!(stream.peer_addr()?, listener.local_addr()?);
            assert_eq!(listener.accept()?.1, stream.local_addr()?);
        }
        Ok(())
    })
    .unwrap();
}

/// The same by a name that has an address of each, as that of this machine often has.
#[test]
fn a_name_whose_first_address_refuses_is_connected_to_by_the_other_family() {
    run(|| -> io::Result<()> {
        let found = lookup_host("localhost", 0)?;
        let other = found.iter().find(|address| address.is_ipv6() != found[0].is_ipv6());
        let listener = other.and_then(|other| only_at_the_second(found[0].ip(), other.ip()));
        let Some(listener) = listener else {
            skipped(&format!("'localhost' has no address of each family here: {found:?}"));
            return Ok(());
        };
        let address = listener.local_addr()?;
        let stream = TcpStream::connect(("localhost", address.port()))?;
        assert_eq!(stream.peer_addr()?, address);
        drop(listener);
        let text = TcpStream::connect(("localhost", address.port())).unwrap_err().to_string();
        let first = SocketAddr::new(found[0].ip(), address.port());
        assert!(text.contains(&first.to_string()) && text.contains(&address.to_string()), "{text}");
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
