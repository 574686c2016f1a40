//! Crates that were written for blocking sockets run unchanged inside a task, and the loop goes on.

use std::error::Error;

use cede::net::{TcpListener, TcpStream};
use cede::{Awaitable, yield_now};
use cede_tests::trace::Trace;
use tungstenite::Message;

use crate::help::{run, spawn};

/// `tungstenite` shakes hands, reads and writes; where it would block its thread, others run.
#[test]
fn a_blocking_websocket_crate_cedes_where_it_would_block() {
    let trace = Trace::new();
    let told = trace.clone();
    run(move || -> Result<(), Box<dyn Error>> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let server = {
            let told = told.clone();
            spawn(move || -> Result<(), String> {
                let (stream, _) = listener.accept().map_err(|error| error.to_string())?;
                let mut socket = tungstenite::accept(stream).map_err(|error| error.to_string())?;
                told.add("server: shaken hands");
                loop {
                    match socket.read() {
                        Ok(Message::Text(text)) => {
                            told.add(format!("server: {text}"));
                            let answer = Message::text(format!("{text}, indeed"));
                            socket.send(answer).map_err(|error| error.to_string())?;
                        }
                        Ok(_) => {}
                        Err(tungstenite::Error::ConnectionClosed) => return Ok(()),
                        Err(error) => return Err(error.to_string()),
                    }
                }
            })
        };
        let (mut socket, _) = tungstenite::client(format!("ws://{address}/"), TcpStream::connect(address)?)
            .map_err(|error| error.to_string())?;
        told.add("client: shaken hands");
        for _ in 0..100 {
            yield_now().await_()?; // the server waits in the middle of tungstenite's read
        }
        told.add("client: a hundred turns later");
        socket.send(Message::text("hello"))?;
        told.add(format!("client: {}", socket.read()?));
        socket.close(None)?;
        while !matches!(socket.read(), Err(tungstenite::Error::ConnectionClosed)) {}
        server.await_()??;
        Ok(())
    })
    .unwrap();
    let mut heard = trace.take();
    heard[..2].sort(); // who is done with the handshake first is the system's choice
    assert_eq!(
        heard,
        [
            "client: shaken hands",
            "server: shaken hands",
            "client: a hundred turns later",
            "server: hello",
            "client: hello, indeed"
        ]
    );
}

/// The program, as its users have it.
#[path = "../../crates/cede/examples/chat.rs"]
#[allow(dead_code, unreachable_pub)] // its `main` is not called here
mod chat;

type Client = tungstenite::WebSocket<TcpStream>;

fn client(address: std::net::SocketAddr) -> Result<Client, Box<dyn Error>> {
    let stream = TcpStream::connect(address)?;
    Ok(tungstenite::client(format!("ws://{address}/"), stream).map_err(|error| error.to_string())?.0)
}

/// A ping is answered by the task that reads, while the one that writes has a frame half sent.
#[test]
fn in_the_chat_all_others_hear_what_one_says_each_message_whole_whoever_pings_meanwhile() {
    run(|| -> Result<(), Box<dyn Error>> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let server = spawn(move || chat::serve(&listener));
        let (mut one, mut other) = (client(address)?, client(address)?);
        one.send(Message::text("hello"))?;
        assert_eq!(other.read()?, Message::text("hello"));
        let much = Message::text("x".repeat(8 << 20)); // more than the system takes at once
        one.send(much.clone())?;
        for _ in 0..1_000 {
            yield_now().await_()?;
        }
        other.send(Message::Ping("there?".into()))?;
        assert_eq!(other.read()?, much);
        assert_eq!(other.read()?, Message::Pong("there?".into()));
        server.cancel();
        let _ = server.await_()?;
        Ok(())
    })
    .unwrap();
}
