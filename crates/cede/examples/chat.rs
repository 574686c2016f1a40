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

use cede::channel::broadcast;
use cede::net::{TcpListener, TcpStream};
use cede::{Awaitable, Lock};
use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

/// A message, and the number of the client who said it.
type Said = (usize, Rc<str>);

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let chat = move || -> io::Result<()> {
        let listener = TcpListener::bind(&address)?;
        println!("chat: {}", listener.local_addr()?);
        serve(&listener)
    };
    cede::run(cede::coroutine(chat))??;
    Ok(())
}

/// Serves until the listener fails, or the task is cancelled.
pub fn serve(listener: &TcpListener) -> io::Result<()> {
    let (room, _) = broadcast::channel::<Said>(64);
    for (number, stream) in listener.incoming().enumerate() {
        let (stream, room) = (Shared::new(stream?), room.clone());
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

/// A stream with several owners. What one of them writes before a flush, a frame and its answers to pings, is sent in one
/// piece: another may have a frame of its own half sent.
struct Shared {
    stream: Rc<TcpStream>,
    sending: Rc<Lock<()>>,
    written: Vec<u8>,
}

impl Shared {
    fn new(stream: TcpStream) -> Self {
        Shared { stream: Rc::new(stream), sending: Rc::default(), written: Vec::new() }
    }
}

impl Clone for Shared {
    fn clone(&self) -> Self {
        Shared { stream: self.stream.clone(), sending: self.sending.clone(), written: Vec::new() }
    }
}

impl Read for Shared {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        (&*self.stream).read(bytes)
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.written.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.written.is_empty() {
            let _sending = self.sending.lock().await_()?;
            (&*self.stream).write_all(&self.written)?;
            self.written.clear();
        }
        Ok(())
    }
}
