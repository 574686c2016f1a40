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
    let (mut bytes, mut pauses) = ([0; 4096], 0);
    let length = loop {
        match client.read(&mut bytes) {
            Err(error) if error.kind() == WouldBlock => yield_now().await?,
            answer => break answer?,
        }
        pauses += 1;
    };
    let response = String::from_utf8_lossy(&bytes[..length]);
    let paused = if pauses > 0 { "True" } else { "False" };
    println!("Done server_request: {response}, paused: {paused}.");
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
fn main(address: SocketAddr, at_once: bool) -> Result<(), BoxError> {
    let sum = local_sum(Duration::from_millis(400));
    if at_once {
        let sum = create_task(sum);
        let request = create_task(server_request(address));
        sum.await??;
        request.await?
    } else {
        server_request(address).await?;
        sum.await?;
        Ok(())
    }
}

pub fn demo(stage: &Stage) -> Result<(), BoxError> {
    for (name, at_once) in [("serial", false), ("asynchronous", true)] {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let main = main(listener.local_addr()?, at_once); // runs nothing
        let server = thread::spawn(move || {
            let (mut connection, _) = listener.accept()?;
            thread::sleep(Duration::from_millis(100)); // the server computes
            connection.write_all(b"-2722.46")
        });
        let start = Instant::now();
        println!("{name}:");
        stage.run(main)??;
        println!("about 0.{} s", start.elapsed().as_millis() / 100);
        server.join().unwrap()?;
    }
    Ok(())
}
