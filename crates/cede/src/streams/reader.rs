use std::fmt;
use std::io::{self, BufRead, Read};

use super::read_error::ReadError;

/// asyncio's limit of what is looked through for a separator.
const LIMIT: usize = 64 * 1_024;
/// How much is read at once, at least.
const CHUNK: usize = 8 * 1_024;

/// A buffered reader of anything that is `Read`: by lines, by lengths, up to a separator, with a limit.
///
/// Every method cedes while what it needs has not come, as the stream below it does. One that is cancelled,
/// or whose time is over, has taken nothing: what had come stays in the buffer, and the next call finds it.
///
/// asyncio counterpart: `StreamReader`. Two tasks cannot read at once: the methods take `&mut self`.
///
/// ```
/// use cede::streams::StreamReader;
///
/// let mut reader = StreamReader::new(&b"one\ntwo\n\0\0\0\x05tail"[..]);
/// assert_eq!(reader.read_line()?.as_deref(), Some(&b"one\n"[..]));
/// assert_eq!(reader.read_until(b"\n")?, b"two\n");
/// assert_eq!(reader.read_exactly(4)?, [0, 0, 0, 5]);
/// let error = reader.read_exactly(5).unwrap_err();
/// assert_eq!((error.partial(), error.expected()), (&b"tail"[..], Some(5)));
/// # Ok::<(), cede::streams::ReadError>(())
/// ```
pub struct StreamReader<R> {
    inner: R,
    /// What was read and not taken is `buffer[taken..filled]`.
    buffer: Vec<u8>,
    taken: usize,
    filled: usize,
    limit: usize,
    ended: bool,
}

impl<R: Read> StreamReader<R> {
    /// A reader with asyncio's limit, 64 KiB.
    pub fn new(inner: R) -> Self {
        Self::with_limit(inner, LIMIT)
    }

    /// A reader that looks through this many bytes for a separator, and no more.
    pub fn with_limit(inner: R, limit: usize) -> Self {
        StreamReader { inner, buffer: Vec::new(), taken: 0, filled: 0, limit, ended: false }
    }

    /// Sets how many bytes it looks through for a separator from now on: of a reader that was made by others, such as
    /// [`start_server`](super::start_server).
    ///
    /// asyncio counterpart: the argument `limit` of `open_connection` and `start_server`.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Up to this many bytes; none at the end. Cedes while there is nothing.
    ///
    /// asyncio counterpart: `read(n)`.
    ///
    /// # Errors
    /// Of the connection.
    pub fn read_some(&mut self, most: usize) -> Result<Vec<u8>, ReadError> {
        if most > 0 && self.buffered().is_empty() {
            self.fill()?;
        }
        let count = most.min(self.buffered().len());
        Ok(self.take(count))
    }

    /// All that comes until the end.
    ///
    /// asyncio counterpart: `read(-1)`.
    ///
    /// # Errors
    /// Of the connection.
    pub fn read_to_end(&mut self) -> Result<Vec<u8>, ReadError> {
        while self.fill()? > 0 {}
        let count = self.buffered().len();
        Ok(self.take(count))
    }

    /// A line with its `\n`; what is left, at the end; then `None`.
    ///
    /// asyncio counterpart: `readline`, which gives `b''` at the end.
    ///
    /// # Errors
    /// When it is longer than the limit: what was looked through is dropped, as in asyncio. Of the connection.
    pub fn read_line(&mut self) -> Result<Option<Vec<u8>>, ReadError> {
        match self.read_until(b"\n") {
            Ok(line) => Ok(Some(line)),
            Err(error) if error.is_incomplete() => {
                let partial = error.into_partial();
                Ok((!partial.is_empty()).then_some(partial))
            }
            Err(error) => {
                if error.is_limit_overrun() {
                    self.drop_line(error.consumed());
                }
                Err(error)
            }
        }
    }

    /// Exactly this many bytes. The limit does not apply.
    ///
    /// asyncio counterpart: `readexactly`.
    ///
    /// # Errors
    /// When the stream ends before; what had come is in the error. Of the connection.
    pub fn read_exactly(&mut self, count: usize) -> Result<Vec<u8>, ReadError> {
        while self.buffered().len() < count {
            if self.fill()? == 0 {
                let left = self.buffered().len();
                return Err(ReadError::incomplete(self.take(left), Some(count)));
            }
        }
        Ok(self.take(count))
    }

    /// All up to this separator, and the separator.
    ///
    /// asyncio counterpart: `readuntil`.
    ///
    /// # Errors
    /// When the stream ends before; what had come is in the error. When the limit is reached; all that came
    /// is still to be read, and the error says how much. Of the connection.
    ///
    /// # Panics
    /// When the separator is empty.
    pub fn read_until(&mut self, separator: &[u8]) -> Result<Vec<u8>, ReadError> {
        self.until("StreamReader::read_until", &[separator])
    }

    /// All up to the first of these separators that is complete, and the separator: the one that ends first, the
    /// shorter of two that end together.
    ///
    /// asyncio counterpart: `readuntil` of a tuple.
    ///
    /// # Errors
    /// As [`read_until`](Self::read_until).
    ///
    /// # Panics
    /// When there is no separator, or one is empty.
    pub fn read_until_any(&mut self, separators: &[&[u8]]) -> Result<Vec<u8>, ReadError> {
        self.until("StreamReader::read_until_any", separators)
    }

    fn until(&mut self, call: &str, separators: &[&[u8]]) -> Result<Vec<u8>, ReadError> {
        assert!(!separators.is_empty(), "{call}: there should be at least one separator");
        let shortest = separators.iter().map(|separator| separator.len()).min().unwrap_or(0);
        assert!(shortest > 0, "{call}: the separator should be at least one byte");
        let longest = separators.iter().map(|separator| separator.len()).max().unwrap_or(0);
        let mut from = 0; // looked through
        loop {
            let unseen = &self.buffered()[from..];
            let ends = separators.iter().filter_map(|separator| {
                let at = find(unseen, separator)?;
                Some((at + separator.len(), separator.len()))
            });
            if let Some((end, length)) = ends.min() {
                let (before, end) = (from + end - length, from + end);
                if before > self.limit {
                    return Err(ReadError::overrun(true, before));
                }
                return Ok(self.take(end));
            }
            from = (self.buffered().len() + 1).saturating_sub(longest);
            if from > self.limit {
                return Err(ReadError::overrun(false, from));
            }
            if self.fill()? == 0 {
                let left = self.buffered().len();
                return Err(ReadError::incomplete(self.take(left), None));
            }
        }
    }

    /// Whether the end has come and all before it was taken.
    pub fn at_eof(&self) -> bool {
        self.ended && self.buffered().is_empty()
    }

    /// What has come and was not taken.
    pub fn buffered(&self) -> &[u8] {
        &self.buffer[self.taken..self.filled]
    }

    /// What it reads from.
    pub fn get_ref(&self) -> &R {
        &self.inner
    }

    /// What it reads from. What was read out of it already is in the buffer.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.inner
    }

    /// As asyncio: the line, if its end has come; else all that has.
    fn drop_line(&mut self, consumed: usize) {
        let buffered = self.buffered();
        let at_separator = buffered[consumed..].starts_with(b"\n");
        let count = if at_separator { consumed + 1 } else { buffered.len() };
        self.taken += count;
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        let bytes = self.buffered()[..count].to_vec();
        self.taken += count;
        bytes
    }

    /// Reads what there is behind what has come: how much, 0 at the end.
    fn fill(&mut self) -> io::Result<usize> {
        if self.ended {
            return Ok(0);
        }
        if self.taken == self.filled {
            (self.taken, self.filled) = (0, 0);
        }
        if self.buffer.len() - self.filled < CHUNK {
            self.buffer.copy_within(self.taken..self.filled, 0);
            (self.taken, self.filled) = (0, self.filled - self.taken);
            if self.buffer.len() - self.filled < CHUNK {
                self.buffer.resize((self.buffer.len() * 2).max(CHUNK), 0);
            }
        }
        let count = loop {
            match self.inner.read(&mut self.buffer[self.filled..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                done => break done?,
            }
        };
        self.filled += count;
        self.ended = count == 0;
        Ok(count)
    }
}

fn find(bytes: &[u8], separator: &[u8]) -> Option<usize> {
    match separator {
        [byte] => bytes.iter().position(|other| other == byte),
        _ => bytes.windows(separator.len()).position(|window| window == separator),
    }
}

/// First what is buffered.
impl<R: Read> Read for StreamReader<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        if self.buffered().is_empty() && !bytes.is_empty() {
            self.fill()?;
        }
        let count = self.buffered().len().min(bytes.len());
        bytes[..count].copy_from_slice(&self.buffered()[..count]);
        self.taken += count;
        Ok(count)
    }
}

impl<R: Read> BufRead for StreamReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.buffered().is_empty() {
            self.fill()?;
        }
        Ok(self.buffered())
    }

    fn consume(&mut self, count: usize) {
        self.taken = self.filled.min(self.taken + count);
    }
}

impl<R> fmt::Debug for StreamReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamReader")
            .field("buffered", &(self.filled - self.taken))
            .field("limit", &self.limit)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
