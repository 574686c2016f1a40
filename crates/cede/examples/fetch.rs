//! Fetches many pages at once, but never more than so many at a time, and shows how far it is.
//!
//! ```text
//! cargo run --example fetch [AT_A_TIME http://HOST[:PORT]/PATH …]
//! ```
//!
//! Without addresses it starts a server of its own and fetches from that.

use std::cell::Cell;
use std::error::Error;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::time::Duration;

use cede::net::TcpStream;
use cede::streams::{Server, start_server};
use cede::{Awaitable, Semaphore, create_task, timeout};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let at_a_time = arguments.next().map_or(Ok(8), |count| count.parse())?;
    let addresses: Vec<String> = arguments.collect();
    cede::run(cede::coroutine(move || fetch_all(at_a_time, addresses)))?
}

fn fetch_all(at_a_time: usize, mut addresses: Vec<String>) -> Result<(), Box<dyn Error>> {
    let server = if addresses.is_empty() { Some(own_server()?) } else { None };
    if let Some(address) = server.as_ref().and_then(Server::local_addr) {
        addresses = (1..=50).map(|page| format!("http://{address}/{page}")).collect();
    }
    let (limit, done) = (Rc::new(Semaphore::new(at_a_time)), Rc::new(Cell::new(0)));
    let count = addresses.len();
    let pages: Vec<_> = addresses
        .into_iter()
        .map(|address| {
            let (limit, done) = (limit.clone(), done.clone());
            create_task(cede::coroutine(move || -> cede::Result<usize> {
                let _place = limit.acquire().await_()?; // cedes while as many are under way
                let page = timeout(Duration::from_secs(10), || Ok(fetch(&address)?));
                done.set(done.get() + 1);
                eprint!("\r{} of {count}", done.get());
                page.inspect_err(|error| eprintln!("\r{address}: {error}"))
            }))
        })
        .collect();
    let (mut fetched, mut bytes) = (0, 0);
    for page in pages {
        if let Ok(length) = page.await_()? {
            (fetched, bytes) = (fetched + 1, bytes + length);
        }
    }
    eprintln!();
    println!("{fetched} of {count} pages, {bytes} bytes, at most {at_a_time} at a time");
    if let Some(server) = server {
        server.shutdown(None)?;
    }
    Ok(())
}

/// The length of a page's body.
fn fetch(address: &str) -> io::Result<usize> {
    let rest = address.strip_prefix("http://").ok_or_else(|| io::Error::other("it is no http:// address"))?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let port = if host.contains(':') { "" } else { ":80" };
    let mut stream = TcpStream::connect(format!("{host}{port}"))?;
    write!(stream, "GET /{path} HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    let mut page = Vec::new();
    stream.read_to_end(&mut page)?;
    let end = page.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let body = end.ok_or_else(|| io::Error::other("the answer has no end of its head"))? + 4;
    Ok(page.len() - body)
}

/// Serves pages, each after a moment.
fn own_server() -> io::Result<Server> {
    start_server("127.0.0.1:0", |mut reader, writer| -> cede::Result<()> {
        reader.read_until(b"\r\n\r\n")?;
        cede::sleep(Duration::from_millis(10)).await_()?;
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello")?;
        Ok(())
    })
}
