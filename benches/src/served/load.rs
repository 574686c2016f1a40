//! The load of W9: one thread, epoll by hand, 64-byte messages, the next as soon as the answer has come.
//!
//! ```text
//!   connect all │ warm up: a quarter of the budget │ count: the budget │ no new requests; the last answers │ close all
//! ```
//!
//! Every message is another one and every byte of its echo is compared. What is lost, wrong or too much is an
//! error, at the end as well: each connection must have its last answer, and then end in order.

use crate::meter;
use anyhow::{Context as _, anyhow, bail, ensure};
use rustix::buffer::spare_capacity;
use rustix::event::{Timespec, epoll};
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// The word on this binary's command line that asks for it.
pub const LOAD: &str = "load";

/// The length of a message.
const SIZE: usize = 64;

/// Nobody needs as many answers for a number, however long the budget.
const MOST: u64 = 100_000_000;

/// How long a silent server is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// `load PORT CONNECTIONS SERVER MILLISECONDS`: loads the echo server on that port, whose process is SERVER, and
/// prints requests a second and the server's CPU time a request.
///
/// # Errors
/// An answer is wrong, is missing, or comes too often; the arguments are wrong.
pub fn run(args: &[String]) -> anyhow::Result<()> {
    let [port, connections, server, millis] = args else {
        bail!("{LOAD} PORT CONNECTIONS SERVER MILLISECONDS");
    };
    let server = server.parse()?;
    let budget = Duration::from_millis(millis.parse()?);
    let counted = load(port.parse()?, connections.parse()?, budget, || meter::cpu_time_of(server))?;
    println!("rate {}", counted.requests as f64 / counted.time.as_secs_f64());
    if let Some(cpu) = counted.cpu {
        println!("cpu-request {}", cpu.as_secs_f64() * 1e6 / counted.requests as f64);
    }
    Ok(())
}

/// What was counted between the warm-up and the last answers.
#[derive(Debug)]
struct Counted {
    requests: u64,
    time: Duration,
    /// What the server used meanwhile, if that can be known.
    cpu: Option<Duration>,
}

/// A moment of the load.
struct Mark {
    at: Instant,
    requests: u64,
    cpu: Option<Duration>,
}

fn load(
    port: u16,
    connections: usize,
    budget: Duration,
    server_cpu: impl Fn() -> Option<Duration>,
) -> anyhow::Result<Counted> {
    let selector = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut clients = (0..connections)
        .map(|index| {
            let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port));
            let stream = stream.with_context(|| format!("connection {index} of {connections}"))?;
            let client = Client::new(index, stream)?;
            let data = epoll::EventData::new_u64(index as u64);
            epoll::add(&selector, &client.stream, data, epoll::EventFlags::IN)?;
            Ok(client)
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    for client in &mut clients {
        client.ask()?;
    }
    let mark = |requests| Mark { at: Instant::now(), requests, cpu: server_cpu() };
    let patience = Timespec::try_from(PATIENCE)?;
    let mut events = Vec::with_capacity(1_024);
    let mut requests = 0;
    let warm_until = Instant::now() + budget / 4;
    let mut begin: Option<Mark> = None;
    let mut end: Option<Mark> = None;
    let mut waiting = connections;
    while waiting > 0 {
        events.clear();
        epoll::wait(&selector, spare_capacity(&mut events), Some(&patience))?;
        ensure!(!events.is_empty(), "{waiting} answers have not come within {} s", PATIENCE.as_secs());
        for event in &events {
            let event: &epoll::Event = event;
            let index = usize::try_from(event.data.u64())?;
            let client = clients.get_mut(index).ok_or_else(|| anyhow!("no connection {index}"))?;
            if !client.receive()? {
                continue;
            }
            requests += 1;
            if end.is_some() {
                waiting -= 1;
            } else {
                client.ask()?;
            }
        }
        // One look at the clock for all that a wait has brought.
        let now = Instant::now();
        match &begin {
            None if now >= warm_until => begin = Some(mark(requests)),
            Some(begin) if end.is_none() && (now >= begin.at + budget || requests >= MOST) => {
                // Now every connection owes one answer more.
                end = Some(mark(requests));
            }
            _ => {}
        }
    }
    clients.into_iter().try_for_each(Client::close)?;
    let (Some(begin), Some(end)) = (begin, end) else { bail!("no connection, no answer") };
    let cpu = begin.cpu.zip(end.cpu).map(|(before, after)| after.saturating_sub(before));
    let (requests, time) = (end.requests - begin.requests, end.at - begin.at);
    ensure!(requests > 0, "no answer within {} ms", budget.as_millis());
    Ok(Counted { requests, time, cpu })
}

struct Client {
    index: usize,
    stream: TcpStream,
    /// How many requests were sent.
    request: u64,
    /// The last one.
    message: [u8; SIZE],
    /// How much of its echo has come.
    received: usize,
}

impl Client {
    /// A connection after its first answer. Who connects faster than the server accepts meets a full queue, and
    /// waits a second for the next try.
    fn new(index: usize, stream: TcpStream) -> anyhow::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut client = Client { index, stream, request: 0, message: [0; SIZE], received: 0 };
        let began = Instant::now();
        client.ask()?;
        while !client.receive()? {
            ensure!(began.elapsed() < PATIENCE, "{}", client.place("no answer"));
        }
        client.stream.set_nonblocking(true)?;
        Ok(client)
    }

    /// Sends the next request.
    fn ask(&mut self) -> anyhow::Result<()> {
        self.request += 1;
        self.received = 0;
        // No two words of any two messages are the same: the product with an odd number is a permutation.
        let first = (self.index as u64) << 40 | self.request << 3;
        for (word, bytes) in self.message.chunks_exact_mut(8).enumerate() {
            bytes.copy_from_slice(&(first | word as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_ne_bytes());
        }
        // All that was sent before has come back, so there is room.
        let sent = self.stream.write(&self.message).with_context(|| self.place("sending"))?;
        ensure!(sent == SIZE, "{}", self.place(&format!("sent {sent} of {SIZE} bytes")));
        Ok(())
    }

    /// Reads what has come; whether the answer is whole.
    fn receive(&mut self) -> anyhow::Result<bool> {
        // Room for one byte more than can be right.
        let mut bytes = [0; SIZE + 1];
        let room = SIZE - self.received + 1;
        let count = match self.stream.read(&mut bytes[..room]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            read => read.with_context(|| self.place("receiving"))?,
        };
        ensure!(count > 0, "{}", self.place(&format!("closed after {} of {SIZE} bytes", self.received)));
        ensure!(count < room, "{}", self.place("more bytes came back than were sent"));
        let expected = &self.message[self.received..self.received + count];
        if let Some(wrong) = (0..count).find(|i| bytes[*i] != expected[*i]) {
            bail!("{}", self.place(&format!("byte {} is wrong", self.received + wrong)));
        }
        self.received += count;
        Ok(self.received == SIZE)
    }

    /// Ends this direction; the other must end with nothing more.
    fn close(mut self) -> anyhow::Result<()> {
        self.stream.set_nonblocking(false)?;
        self.stream.shutdown(Shutdown::Write)?;
        let count = self.stream.read(&mut [0; SIZE]).with_context(|| self.place("closing"))?;
        ensure!(count == 0, "{}", self.place("bytes came after the last answer"));
        Ok(())
    }

    fn place(&self, what: &str) -> String {
        format!("connection {}, request {}: {what}", self.index, self.request)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// A server whose every connection is a thread that does `serve`; gives its port.
    fn server(serve: fn(&mut TcpStream) -> std::io::Result<()>) -> u16 {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                std::thread::spawn(move || serve(&mut stream));
            }
        });
        port
    }

    fn echo(stream: &mut TcpStream) -> std::io::Result<()> {
        echo_but(stream, |_, _| ())
    }

    /// Echoes whole messages, after `spoil` has had the message and its number.
    fn echo_but(stream: &mut TcpStream, spoil: fn(&mut Vec<u8>, u32)) -> std::io::Result<()> {
        for number in 1.. {
            let mut message = vec![0; SIZE];
            match stream.read_exact(&mut message) {
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
                read => read?,
            }
            spoil(&mut message, number);
            stream.write_all(&message)?;
        }
        Ok(())
    }

    fn told(serve: fn(&mut TcpStream) -> std::io::Result<()>) -> String {
        let error = load(server(serve), 1, Duration::from_millis(20), || None).expect_err("it is noticed");
        error.to_string()
    }

    #[test]
    fn an_echo_is_counted() {
        let cpu = std::cell::Cell::new(0);
        let count = || {
            cpu.set(cpu.get() + 1);
            Some(Duration::from_micros(cpu.get()))
        };
        let counted = load(server(echo), 3, Duration::from_millis(20), count).expect("it echoes");
        assert!(counted.requests > 0 && counted.time >= Duration::from_millis(20), "{counted:?}");
        assert_eq!(counted.cpu, Some(Duration::from_micros(1)), "looked at once before and once after");
    }

    #[test]
    fn an_answer_in_pieces_is_one_answer() {
        let pieces = |stream: &mut TcpStream| {
            stream.set_nodelay(true)?;
            let mut message = [0; SIZE];
            while stream.read_exact(&mut message).is_ok() {
                message.chunks(7).try_for_each(|piece| stream.write_all(piece))?;
            }
            Ok(())
        };
        let counted = load(server(pieces), 2, Duration::from_millis(20), || None).expect("it echoes");
        assert!(counted.requests > 0, "{counted:?}");
    }

    #[test]
    fn a_wrong_byte_is_an_error() {
        let wrong =
            |stream: &mut TcpStream| echo_but(stream, |message, number| message[17] ^= u8::from(number == 5));
        assert_eq!(told(wrong), "connection 0, request 5: byte 17 is wrong");
    }

    #[test]
    fn an_answer_to_another_question_is_an_error() {
        let repeats = |stream: &mut TcpStream| {
            let mut first = [0; SIZE];
            stream.read_exact(&mut first)?;
            stream.write_all(&first)?;
            stream.read_exact(&mut [0; SIZE])?;
            stream.write_all(&first)
        };
        assert_eq!(told(repeats), "connection 0, request 2: byte 0 is wrong");
    }

    #[test]
    fn a_byte_too_much_is_an_error() {
        let more = |stream: &mut TcpStream| {
            echo_but(stream, |message, number| message.extend((number == 3).then_some(0)))
        };
        assert_eq!(told(more), "connection 0, request 3: more bytes came back than were sent");
    }

    #[test]
    fn a_connection_that_ends_too_soon_is_an_error() {
        let ends = |stream: &mut TcpStream| {
            let mut message = [0; SIZE];
            stream.read_exact(&mut message)?;
            stream.write_all(&message[..40])?;
            stream.shutdown(Shutdown::Write)?;
            _ = stream.read(&mut message);
            Ok(())
        };
        assert_eq!(told(ends), "connection 0, request 1: closed after 40 of 64 bytes");
    }

    #[test]
    fn bytes_after_the_last_answer_are_an_error() {
        let late = |stream: &mut TcpStream| {
            let mut message = [0; SIZE];
            while stream.read_exact(&mut message).is_ok() {
                stream.write_all(&message)?;
            }
            stream.write_all(b"late")
        };
        let error = told(late);
        assert!(error.ends_with(": bytes came after the last answer"), "{error}");
    }
}
