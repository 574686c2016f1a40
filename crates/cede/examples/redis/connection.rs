//! One client: its commands, in order, and its replies; as many as are whole are answered with one write.

use std::io::{self, Read};
use std::rc::Rc;

use cede::net::TcpStream;
use cede::streams::StreamWriter;

use super::Shared;
use super::channels::Subscriptions;
use super::commands::{self, After, Client, refuse};
use super::protocol::{Replies, parse};
use super::transaction::Transaction;

pub(crate) fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let stream = Rc::new(stream);
    // Other clients write here, too, what they publish; and none of them waits for this one.
    let writer = StreamWriter::new(stream.clone());
    let mut client = Client {
        subscriptions: Subscriptions::new(&shared.channels, writer.clone()),
        transaction: Transaction::default(),
    };
    const ROOM: usize = 16 * 1024;
    let (mut input, mut filled) = (vec![0; ROOM], 0);
    let mut replies = Replies::default();
    loop {
        let (mut done, mut quit) = (0, false);
        let mut more = Vec::new(); // what came while it waited
        let mut words = Vec::new();
        while !quit {
            match parse(&input[done..filled], &mut words) {
                Ok(Some(length)) => {
                    done += length;
                    if words.is_empty() {
                        continue;
                    }
                    match commands::run(&words, shared, &mut client, &mut replies) {
                        After::Next => {}
                        After::Quit => quit = true,
                        After::Wait(wanted) => {
                            send(&mut replies, &writer)?;
                            match shared.blocked.wait(&wanted, &shared.store, &stream, &mut more)? {
                                Ok(given) => wanted.reply(given, &mut replies),
                                Err(refused) => refuse(refused, words[0], &mut replies),
                            }
                        }
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    replies.error(&format!("ERR Protocol error: {}", error.0));
                    quit = true;
                }
            }
        }
        send(&mut replies, &writer)?;
        if quit {
            return Ok(());
        }
        input.copy_within(done..filled, 0);
        filled -= done;
        if !more.is_empty() {
            input.truncate(filled);
            input.append(&mut more);
            filled = input.len();
            input.resize(filled.max(ROOM), 0);
            continue;
        }
        if filled == input.len() {
            input.resize(input.len() * 2, 0);
        }
        let count = (&*stream).read(&mut input[filled..])?; // cedes until something comes
        if count == 0 {
            return Ok(());
        }
        filled += count;
    }
}

/// Cedes while the client does not read.
fn send(replies: &mut Replies, writer: &StreamWriter<TcpStream>) -> io::Result<()> {
    if !replies.bytes.is_empty() {
        writer.write(&replies.bytes)?;
        replies.bytes.clear();
        writer.drain()?;
    }
    Ok(())
}
