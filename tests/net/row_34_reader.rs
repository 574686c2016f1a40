//! Row 34, reading. CPython: test_streams, StreamTests.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::time::Duration;

use cede::net::UnixStream;
use cede::streams::{ReadError, StreamReader, reader_and_writer};
use cede::{Awaitable, timeout, yield_now};

use crate::help::{run, spawn};

/// Gives what it has in pieces of this size.
struct Pieces<'a>(&'a [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.1.min(self.0.len()).min(bytes.len());
        bytes[..count].copy_from_slice(&self.0[..count]);
        self.0 = &self.0[count..];
        Ok(count)
    }
}

fn reader(text: &str, piece: usize, limit: usize) -> StreamReader<Pieces<'_>> {
    StreamReader::with_limit(Pieces(text.as_bytes(), piece), limit)
}

fn line(reader: &mut StreamReader<impl Read>) -> Result<String, String> {
    match reader.read_line() {
        Ok(line) => Ok(line.map_or("the end".to_owned(), |line| String::from_utf8(line).unwrap())),
        Err(error) => Err(error.to_string()),
    }
}

/// test_readline, test_readline_eof, test_readline_empty_eof, test_read_line_breaks
#[test]
fn lines_come_with_their_ends_and_what_is_left_comes_at_the_end() {
    for piece in [1, 2, 3, 100] {
        let mut reader = reader("one\ntwo\n\nrest", piece, 100);
        let lines: Vec<_> = (0..6).map(|_| line(&mut reader).unwrap()).collect();
        assert_eq!(lines, ["one\n", "two\n", "\n", "rest", "the end", "the end"]);
        assert!(reader.at_eof());
    }
}

/// test_readline_limit, test_readline_limit_with_existing_data: the line is dropped, the next one is read.
#[test]
fn a_line_longer_than_the_limit_is_an_error_and_the_next_one_is_read() {
    let mut reader = reader("12345678\nok\n", 100, 4);
    assert_eq!(line(&mut reader), Err("Separator is found, but chunk is longer than limit".to_owned()));
    assert_eq!(line(&mut reader), Ok("ok\n".to_owned()));
}

/// test_readline_limit_with_existing_data
#[test]
fn without_its_end_a_line_longer_than_the_limit_is_dropped_as_far_as_it_came() {
    let mut reader = reader("123456789", 6, 4);
    assert_eq!(line(&mut reader), Err("Separator is not found, and chunk exceed the limit".to_owned()));
    assert_eq!(line(&mut reader), Ok("789".to_owned()));
}

/// test_readuntil_limit_found_sep: nothing is taken; the error says how much there is.
#[test]
fn read_until_leaves_what_is_past_the_limit_to_be_read() {
    let mut reader = reader("some dataAA", 100, 3);
    let error = reader.read_until(b"AA").unwrap_err();
    assert!(error.is_limit_overrun());
    assert_eq!(error.to_string(), "Separator is found, but chunk is longer than limit");
    assert_eq!((error.consumed(), reader.buffered()), (9, &b"some dataAA"[..]));
    assert_eq!(reader.read_exactly(9).unwrap(), b"some data");
    assert_eq!(reader.read_until(b"AA").unwrap(), b"AA");
}

/// test_readuntil_multi_chunks, test_readuntil_multi_chunks_1
#[test]
fn a_separator_is_found_across_pieces() {
    for piece in 1..8 {
        let mut reader = reader("QWERTYaXWERTYXWERTY-end", piece, 100);
        assert_eq!(reader.read_until(b"aXWERTY").unwrap(), b"QWERTYaXWERTY");
        assert_eq!(reader.read_until(b"XWERTY").unwrap(), b"XWERTY");
        let error = reader.read_until(b"XWERTY").unwrap_err();
        assert_eq!((error.partial(), error.expected()), (&b"-end"[..], None));
        assert!(reader.at_eof());
    }
}

/// test_readuntil_eof: the text.
#[test]
fn an_end_that_comes_too_early_is_an_error_with_what_had_come() {
    let mut short = reader("12", 1, 100);
    let error = short.read_exactly(5).unwrap_err();
    assert!(error.is_incomplete());
    assert_eq!(error.to_string(), "2 bytes read on a total of 5 expected bytes");
    assert_eq!(error.into_partial(), b"12");
    let error = short.read_until(b"\n").unwrap_err();
    assert_eq!(error.to_string(), "0 bytes read on a total of undefined expected bytes");
    assert_eq!(io::Error::from(error).kind(), io::ErrorKind::UnexpectedEof);
}

/// test_readexactly_zero_or_less, test_readexactly_limit: the limit is for separators.
#[test]
fn exact_reads_know_no_limit_and_none_reads_nothing() {
    let much = "x".repeat(100_000);
    let mut reader = reader(&much, 1_000, 10);
    assert_eq!(reader.read_exactly(0).unwrap(), b"");
    assert_eq!(reader.read_exactly(90_000).unwrap().len(), 90_000);
    assert_eq!(reader.read_to_end().unwrap().len(), 10_000);
    assert_eq!(reader.read_some(10).unwrap(), b"");
}

/// test_readuntil_multi_separator, test_readuntil_multi_separator_limit, test_readuntil_multi_separator_negative_offset
#[test]
fn of_several_separators_the_one_that_ends_first_counts() {
    for chunk in [1, 3, 100] {
        let any = |text: &str, separators: &[&[u8]]| {
            let mut reader = reader(text, chunk, 100);
            let found = reader.read_until_any(separators).unwrap();
            String::from_utf8(found).unwrap()
                + "|"
                + std::str::from_utf8(&reader.read_to_end().unwrap()).unwrap()
        };
        assert_eq!(any("line 1\nline 2\r", &[b"\r", b"\n"]), "line 1\n|line 2\r");
        assert_eq!(any("line 2\r", &[b"\r", b"\n"]), "line 2\r|");
        // Though it begins later than the other, and is shorter.
        assert_eq!(any("ABCDEFG", &[b"DEF", b"BCDE"]), "ABCDE|FG");
        assert_eq!(any("ABCDEFG", &[b"BCDE", b"DE"]), "ABCDE|FG");
        assert_eq!(any("dataZA", &[b"A", b"long sep"]), "dataZA|");
    }
    let mut limited = reader("some dataA", 100, 3);
    let error = limited.read_until_any(&[b"A", b"ome dataA"]).unwrap_err();
    // Both end together: the shorter counts, and begins beyond the limit.
    assert_eq!(
        (error.is_limit_overrun(), error.consumed(), limited.buffered()),
        (true, 9, &b"some dataA"[..])
    );
}

#[test]
#[should_panic(expected = "StreamReader::read_until_any: there should be at least one separator")]
fn no_separator_is_refused() {
    let _ = reader("x", 1, 1).read_until_any(&[]);
}

/// test_readuntil_separator: "Separator should be at least one-byte string"
#[test]
#[should_panic(expected = "the separator should be at least one byte")]
fn an_empty_separator_is_refused() {
    let _ = reader("x", 1, 1).read_until(b"");
}

/// test_exception: an error of the connection is what every read gives.
#[test]
fn an_error_of_the_connection_comes_out_as_it_is() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    let mut reader = StreamReader::new(Broken);
    for error in [reader.read_line().unwrap_err(), reader.read_exactly(1).unwrap_err()] {
        assert_eq!(error.io_error().map(io::Error::kind), Some(io::ErrorKind::ConnectionReset));
    }
}

/// asyncio's `readexactly` keeps its data in the buffer when it is cancelled; so does this.
#[test]
fn a_read_whose_time_is_over_loses_nothing() {
    let read = run(|| -> Result<Vec<u8>, ReadError> {
        let (ours, theirs) = UnixStream::pair()?;
        let (mut reader, _writer) = reader_and_writer(ours);
        (&theirs).write_all(b"first ")?;
        let late = timeout(Duration::from_millis(1), || reader.read_exactly(12)).unwrap_err();
        assert_eq!(late.io_error().map(io::Error::kind), Some(io::ErrorKind::TimedOut));
        (&theirs).write_all(b"second")?;
        reader.read_exactly(12)
    })
    .unwrap();
    assert_eq!(read, b"first second");
}

/// test_readline_read_byte_count, test_readline_nolimit_nowait
#[test]
fn reads_of_all_kinds_go_on_where_the_others_stopped() {
    let mut reader = reader("line\n12rest of it", 3, 100);
    assert_eq!(reader.read_line().unwrap().unwrap(), b"line\n");
    assert_eq!(reader.read_exactly(2).unwrap(), b"12");
    let mut four = [0; 4];
    reader.read_exact(&mut four).unwrap();
    assert_eq!((&four, reader.read_to_end().unwrap()), (b"rest", b" of it".to_vec()));
}

/// test_readline: a waiting reader is woken by data, and others run meanwhile.
#[test]
fn a_reader_cedes_until_its_line_is_whole() {
    let turns = run(|| -> Result<usize, ReadError> {
        let (ours, theirs) = UnixStream::pair()?;
        let (mut reader, _writer) = reader_and_writer(ours);
        let turns = Rc::new(Cell::new(0));
        let counter = turns.clone();
        let other = spawn(move || -> io::Result<()> {
            for letter in b"abc\n" {
                yield_now().await_()?;
                counter.set(counter.get() + 1);
                (&theirs).write_all(&[*letter])?;
            }
            Ok(())
        });
        assert_eq!(reader.read_line()?.as_deref(), Some(&b"abc\n"[..]));
        other.await_().unwrap()?;
        Ok(turns.get())
    })
    .unwrap();
    assert_eq!(turns, 4);
}
