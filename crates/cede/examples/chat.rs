//! A chat by WebSocket, on the blocking crate `tungstenite`, unchanged: it reads and writes a stream of
//! `cede::net`, and cedes without knowing it.
//!
//! ```text
//! cargo run --example chat [ADDRESS]
//! ```
//!
//! What one client says, all others hear. A client that reads too slowly misses messages and is told how many.

use std::error::Error;
use std::io::{self, Read, Write};
use std::rc::Rc;

use cede::Awaitable;
use cede::channel::broadcast;
use cede::net::{TcpListener, TcpStream};
use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

/// A message, and the number of the client who said it.
type Said = (usize, Rc<str>);

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    cede::run(cede::coroutine(move || serve(&address)))??;
    Ok(())
}

fn serve(address: &str) -> io::Result<()> {
    let listener = TcpListener::bind(address)?;
    println!("chat: {}", listener.local_addr()?);
    let (room, _) = broadcast::channel::<Said>(64);
    for (number, stream) in listener.incoming().enumerate() {
        let (stream, room) = (Shared(Rc::new(stream?)), room.clone());
        cede::create_task(cede::coroutine(move || {
            if let Err(error) = client(number, stream, &room) {
                eprintln!("client {number}: {error}");
            }
        }));
    }
    Ok(())
}

/// Serves one client until it has gone.
fn client(number: usize, stream: Shared, room: &broadcast::Sender<Said>) -> Result<(), Box<dyn Error>> {
    let mut socket = tungstenite::accept(stream.clone()).map_err(|error| error.to_string())?;
    let heard = room.subscribe();
    // Another task sends to it what others say; it has a writing side of its own.
    let writer = cede::create_task(cede::coroutine(move || -> Result<(), Box<dyn Error>> {
        let mut socket = WebSocket::from_raw_socket(stream, Role::Server, None);
        loop {
            let text = match heard.recv().await_() {
                Ok((from, _)) if from == number => continue,
                Ok((_, text)) => text.to_string(),
                Err(error) if error.missed().is_some() => format!("… {error} …"),
                Err(_) => return Ok(()),
            };
            socket.send(Message::text(text))?; // cedes while there is no room
        }
    }));
    let result = loop {
        match socket.read() {
            Ok(Message::Text(text)) => {
                let _ = room.send((number, text.as_str().into()));
            }
            Ok(Message::Close(_)) | Err(tungstenite::Error::ConnectionClosed) => break Ok(()),
            Ok(_) => {}
            Err(error) => break Err(error.into()),
        }
    };
    writer.cancel();
    result
}

/// A stream with several owners.
#[derive(Clone)]
struct Shared(Rc<TcpStream>);

impl Read for Shared {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(bytes)
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
