//! Streams with asyncio's conveniences: reading by lines and lengths, writing with back-pressure, servers.
//!
//! On top of [`net`](crate::net), whose sockets are `Read` and `Write` already. What is added: a reader that
//! loses nothing when it is cancelled, with limits, whose errors carry what had come; a writer that does not
//! wait unless it is asked to ([`drain`](StreamWriter::drain)); and a [`Server`] that shuts down gracefully.
//!
//! ```
//! use cede::streams::{open_connection, start_server};
//!
//! cede::run(cede::coroutine(|| -> cede::Result<()> {
//!     let server = start_server("127.0.0.1:0", |mut reader, writer| -> cede::Result<()> {
//!         while let Some(line) = reader.read_line()? {
//!             writer.write(&line)?;
//!             writer.drain()?; // cedes while too much waits to be sent
//!         }
//!         Ok(())
//!     })?;
//!     let (mut reader, writer) = open_connection(server.local_addr().unwrap())?;
//!     writer.write(b"hello\n")?;
//!     assert_eq!(reader.read_line()?.as_deref(), Some(&b"hello\n"[..]));
//!     writer.close();
//!     server.shutdown(None)?; // no new connections; waits for those that are open
//!     Ok(())
//! }))??;
//! # Ok::<(), cede::Error>(())
//! ```

mod open;
mod outgoing;
mod read_error;
mod reader;
mod server;
mod writer;

pub use open::{Shared, open_connection, open_unix_connection, reader_and_writer, reunite};
pub use read_error::ReadError;
pub use reader::StreamReader;
pub use server::{Accept, Server, serve, serve_streams, start_server, start_unix_server};
pub use writer::StreamWriter;
