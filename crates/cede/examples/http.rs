//! An HTTP/1.1 server with keep-alive and pipelining; `httparse` reads the requests.
//!
//! ```text
//! cargo run --release --example http [ADDRESS [LOOPS]]
//! curl http://127.0.0.1:8080/ ; curl --data hello http://127.0.0.1:8080/echo
//! ```
//!
//! With a number of loops, each runs on a thread of its own, and they share the port.

use std::io::{self, Read, Write};

use cede::Loops;
use cede::net::{TcpListener, TcpStream};

/// A request whose head or body is longer is refused.
const MOST: usize = 64 * 1024;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let count = arguments.next().map_or(Ok(1), |count| count.parse())?;
    for ended in Loops::start(count, move |_| serve(&address))?.join() {
        ended??;
    }
    Ok(())
}

pub(crate) fn serve(address: &str) -> io::Result<()> {
    let listener = TcpListener::bind_reuse_port(address)?;
    println!("http: {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept()?;
        cede::create_task(cede::coroutine(move || connection(stream)));
    }
}

/// Serves one client until it has closed, or wants no more.
fn connection(mut stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut input, mut filled) = (vec![0; 8 * 1024], 0);
    let mut output = Vec::new();
    loop {
        // All requests that are whole, then one write for all their answers.
        let mut done = 0;
        let mut keep = true;
        while keep {
            match answer(&input[done..filled], &mut output) {
                Answered::Yes { length, keep_alive } => {
                    done += length;
                    keep = keep_alive;
                }
                Answered::NotYet => break,
                Answered::No(status) => {
                    respond(&mut output, status, "text/plain", status.as_bytes(), false);
                    keep = false;
                }
            }
        }
        stream.write_all(&output)?;
        output.clear();
        if !keep {
            return Ok(());
        }
        input.copy_within(done..filled, 0);
        filled -= done;
        if filled == input.len() {
            input.resize(input.len() * 2, 0);
        }
        let count = stream.read(&mut input[filled..])?; // cedes until something comes
        if count == 0 {
            return Ok(());
        }
        filled += count;
    }
}

enum Answered {
    /// The request was so long, head and body.
    Yes { length: usize, keep_alive: bool },
    /// It is not whole.
    NotYet,
    /// It is refused, with this status.
    No(&'static str),
}

/// Answers the request at the beginning of `bytes`.
fn answer(bytes: &[u8], output: &mut Vec<u8>) -> Answered {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    let head = match request.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) if bytes.len() < MOST => return Answered::NotYet,
        Ok(httparse::Status::Partial) => return Answered::No("431 Request Header Fields Too Large"),
        Err(_) => return Answered::No("400 Bad Request"),
    };
    let header = |name: &str| {
        let found = request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.and_then(|header| std::str::from_utf8(header.value).ok())
    };
    if header("transfer-encoding").is_some() {
        return Answered::No("501 Not Implemented");
    }
    let body = match header("content-length").map_or(Ok(0), str::parse::<usize>) {
        Ok(length) if length <= MOST => length,
        Ok(_) => return Answered::No("413 Content Too Large"),
        Err(_) => return Answered::No("400 Bad Request"),
    };
    let Some(body) = bytes.get(head..head + body) else { return Answered::NotYet };
    let keep_alive = match header("connection") {
        Some(value) if value.eq_ignore_ascii_case("close") => false,
        Some(value) if value.eq_ignore_ascii_case("keep-alive") => true,
        _ => request.version == Some(1),
    };
    match (request.method.unwrap_or(""), request.path.unwrap_or("")) {
        ("GET", "/") => respond(output, "200 OK", "text/plain", b"Hello, world!\n", keep_alive),
        ("POST", "/echo") => respond(output, "200 OK", "application/octet-stream", body, keep_alive),
        ("GET" | "POST", _) => respond(output, "404 Not Found", "text/plain", b"404 Not Found\n", keep_alive),
        _ => respond(output, "405 Method Not Allowed", "text/plain", b"405\n", keep_alive),
    }
    Answered::Yes { length: head + body.len(), keep_alive }
}

fn respond(output: &mut Vec<u8>, status: &str, kind: &str, body: &[u8], keep_alive: bool) {
    let connection = if keep_alive { "keep-alive" } else { "close" };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: \
         {connection}\r\n\r\n"
    );
    output.extend_from_slice(head.as_bytes());
    output.extend_from_slice(body);
}
