use std::fmt;
use std::io;
use std::rc::Rc;
use std::thread;

use super::outgoing::{Ending, Outgoing, Rest};
use crate::net::Stream;

/// Writes without waiting: what the system does not take at once is kept and sent in the background, and
/// whoever writes much asks now and then for it to be [`drain`](Self::drain)ed. Clones are the same writer.
///
/// A connection that is lost is an error of the next write or drain, and ended in both directions: whoever reads
/// from it comes to its end. When the last writer is dropped, what is kept is still sent, and then the stream is
/// closed; by a panic, without a word that this was all.
///
/// asyncio counterpart: `StreamWriter`.
pub struct StreamWriter<S: Stream + 'static> {
    outgoing: Rc<Outgoing<S>>,
}

impl<S: Stream + 'static> StreamWriter<S> {
    /// A writer to this stream.
    pub fn new(stream: Rc<S>) -> Self {
        StreamWriter { outgoing: Outgoing::of(stream) }
    }

    /// Writes: at once as much as the system takes, the rest in the background. Does not cede.
    ///
    /// # Errors
    /// When the connection was lost, or the writer is closed. Outside a loop, if not all is taken at once: the connection
    /// is lost then, for the other side would wait for the rest.
    pub fn write(&self, bytes: &[u8]) -> io::Result<()> {
        self.outgoing.check("StreamWriter::write")?;
        self.outgoing.write(bytes)
    }

    /// Waits while more than 64 KiB ([`set_high_water`](Self::set_high_water)) is kept, until a quarter of
    /// that is left. Does not cede if less is. Cancelled, it leaves all as it is.
    ///
    /// # Errors
    /// When the connection was lost. The cancellation.
    pub fn drain(&self) -> io::Result<()> {
        self.outgoing.drain()
    }

    /// Waits until all that was written is given to the system.
    ///
    /// # Errors
    /// As [`drain`](Self::drain).
    pub fn flush(&self) -> io::Result<()> {
        self.outgoing.flush()
    }

    /// Tells the other side, after what was written, that nothing more will come; it can still be read from.
    /// Does not cede.
    ///
    /// asyncio counterpart: `write_eof`.
    ///
    /// # Errors
    /// When the connection was lost, or the writer is closed already.
    pub fn write_eof(&self) -> io::Result<()> {
        self.outgoing.check("StreamWriter::write_eof")?;
        self.outgoing.end(Ending::Told);
        Ok(())
    }

    /// Ends writing after what was written. The stream itself is closed when its reader, too, is dropped: it can still be
    /// read from, where asyncio's reader is at its end. Does not cede; [`wait_closed`](Self::wait_closed) waits. Closing
    /// twice does nothing.
    pub fn close(&self) {
        if !self.outgoing.is_ending() {
            self.outgoing.end(Ending::Told);
        }
    }

    /// Whether it is closed, or the connection was lost.
    pub fn is_closing(&self) -> bool {
        self.outgoing.is_ending() || self.outgoing.is_lost()
    }

    /// Waits until what was written before [`close`](Self::close) is given to the system, and the end with it. Before
    /// that it is a [`flush`](Self::flush), where asyncio's waits for somebody to close it.
    ///
    /// # Errors
    /// As [`drain`](Self::drain).
    pub fn wait_closed(&self) -> io::Result<()> {
        self.flush()
    }

    /// Sets how much may be kept before [`drain`](Self::drain) waits.
    ///
    /// asyncio counterpart: `transport.set_write_buffer_limits`.
    pub fn set_high_water(&self, bytes: usize) {
        self.outgoing.high.set(bytes);
    }

    /// The stream, which goes on. Everything must be sent, and this the last writer.
    pub(super) fn into_stream(self) -> Rc<S> {
        self.outgoing.keep_open(); // so that it is not ended by the drop
        self.outgoing.stream.clone()
    }

    /// What there will be to send, for whoever waits for it or gives it up. It is no writer: when all of those are
    /// dropped, writing ends.
    pub(super) fn rest(&self) -> Rest<S> {
        Rest { outgoing: self.outgoing.clone() }
    }

    /// Whether no clone of it is left.
    pub(super) fn is_last(&self) -> bool {
        self.outgoing.writers.get() == 1
    }

    /// How much is kept to be sent.
    pub fn kept(&self) -> usize {
        self.outgoing.unsent.get()
    }

    /// The stream.
    pub fn stream(&self) -> &Rc<S> {
        &self.outgoing.stream
    }
}

impl<S: Stream + 'static> Clone for StreamWriter<S> {
    fn clone(&self) -> Self {
        self.outgoing.writers.set(self.outgoing.writers.get() + 1);
        StreamWriter { outgoing: self.outgoing.clone() }
    }
}

impl<S: Stream + 'static> Drop for StreamWriter<S> {
    fn drop(&mut self) {
        self.outgoing.writers.set(self.outgoing.writers.get() - 1);
        if self.outgoing.writers.get() == 0 && !self.is_closing() {
            self.outgoing.end(if thread::panicking() { Ending::Cut } else { Ending::Told });
        }
    }
}

impl<S: Stream + 'static> fmt::Debug for StreamWriter<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamWriter")
            .field("kept", &self.kept())
            .field("closing", &self.is_closing())
            .finish_non_exhaustive()
    }
}
