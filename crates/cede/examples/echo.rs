//! An echo server: every connection is a task, which reads as if it blocked.
//!
//! ```text
//! cargo run --release --example echo [ADDRESS]
//! ```

use std::io::{self, Read, Write};

use cede::net::{TcpListener, TcpStream};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:7007".to_owned());
    cede::run(cede::coroutine(move || serve(&address)))??;
    Ok(())
}

fn serve(address: &str) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    println!("echo: {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept()?; // cedes until somebody comes
        cede::create_task(cede::coroutine(move || echo(stream)));
    }
}

fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut bytes = [0; 4096];
    loop {
        let count = stream.read(&mut bytes)?; // cedes until something comes
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&bytes[..count])?;
    }
}
