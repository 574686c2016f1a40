//! Ask a server and compute: one by one, then at once.
//!
//! While the answer is on its way the request cedes, and the sum goes on.

use crate::stage::Stage;
use cede::{BoxError, create_task, yield_now};
use std::io::{ErrorKind::WouldBlock, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

#[cede::coroutine]
fn server_request(address: SocketAddr) -> Result<(), BoxError> {
    println!("Beginning server_request.");
    let mut client = TcpStream::connect(address)?;
    client.set_nonblocking(true)?;
    let (mut bytes, mut paused) = ([0; 4096], "False");
    let length = loop {
        match client.read(&mut bytes) {
            Err(error) if error.kind() == WouldBlock => yield_now().await?,
            answer => break answer?,
        }
        paused = "True";
    };
    let response = String::from_utf8_lossy(&bytes[..length]);
    println!("Done server_request: {response}, paused: {paused}.");
    Ok(())
}

/// The same without asking again and again: this read cedes by itself.
#[cede::coroutine]
fn plain_request(address: SocketAddr) -> Result<(), BoxError> {
    println!("Beginning server_request.");
    let mut response = String::new();
    cede::net::TcpStream::connect(address)?.read_to_string(&mut response)?;
    println!("Done server_request: {response}, paused: in the read.");
    Ok(())
}

#[cede::coroutine]
fn local_sum(duration: Duration) -> Result<u64, BoxError> {
    println!("Beginning local_sum.");
    let (start, mut total) = (Instant::now(), 0_u64);
    while start.elapsed() < duration {
        total += (0..1000).sum::<u64>();
        yield_now().await?;
    }
    println!("Done local_sum.");
    Ok(total)
}

#[cede::coroutine]
fn main(address: SocketAddr, plain: bool) -> Result<(), BoxError> {
    let sum = create_task(local_sum(Duration::from_millis(400)));
    let request = match plain {
        false => create_task(server_request(address)),
        true => create_task(plain_request(address)),
    };
    sum.await??;
    request.await?
}

pub fn demo(stage: &Stage) -> Result<(), BoxError> {
    for name in ["serial", "asynchronous", "cede::net"] {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let server = thread::spawn(move || {
            let (mut connection, _) = listener.accept()?;
            thread::sleep(Duration::from_millis(100)); // the server computes
            connection.write_all(b"-2722.46")
        });
        let start = Instant::now();
        println!("{name}:");
        if name == "serial" {
            stage.run(server_request(address))??;
            stage.run(local_sum(Duration::from_millis(400)))??;
        } else {
            stage.run(main(address, name == "cede::net"))??;
        }
        println!("about 0.{} s", start.elapsed().as_millis() / 100);
        server.join().unwrap()?;
    }
    Ok(())
}
