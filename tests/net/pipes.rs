//! Pipes: new ones, at a path, inherited, of std, terminals; and what is none.
//!
//! Of test_events: test_read_pipe, test_write_pipe, test_write_pipe_disconnect_on_close, test_read_pty_output,
//! test_write_pty, test_unclosed_pipe_transport; of test_unix_events: test_ctor of the pipe transports (what is no pipe).

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use cede::pipe::{PipeReader, PipeWriter, pipe};
use cede::process::{Command, Stdio};
use cede::streams::StreamReader;
use cede::{Awaitable, Backend, Failure, Runner, timeout, yield_now};
use rustix::fs::{Mode, OFlags};

use crate::help::{run, spawn};

const MUCH: usize = 300_000;

fn bytes() -> Vec<u8> {
    (0..MUCH).map(|n| (n * 7 % 251) as u8).collect()
}

/// A FIFO in a folder of its own, which goes with this.
struct Fifo(PathBuf);

impl Fifo {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("cede-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("fifo");
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)
            .unwrap();
        Fifo(path)
    }
}

impl Drop for Fifo {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(self.0.parent().unwrap());
    }
}

#[test]
fn what_is_written_is_read_and_the_end_told() {
    run(|| -> io::Result<()> {
        let (reader, writer) = pipe()?;
        let written = spawn(move || (&writer).write_all(&bytes()));
        let mut all = Vec::new();
        (&reader).read_to_end(&mut all)?;
        assert!(all == bytes());
        written.await_()?
    })
    .unwrap();
}

#[test]
fn a_full_pipe_parks_its_writer_until_somebody_reads() {
    let order = run(|| -> io::Result<Vec<&str>> {
        let (mut reader, writer) = pipe()?;
        let order = Rc::new(std::cell::RefCell::new(Vec::new()));
        let noted = order.clone();
        let written = spawn(move || {
            noted.borrow_mut().push("writes");
            let done = (&writer).write_all(&bytes());
            noted.borrow_mut().push("has written");
            done
        });
        yield_now().await_()?;
        yield_now().await_()?;
        order.borrow_mut().push("reads");
        reader.read_exact(&mut vec![0; MUCH])?;
        written.await_()??;
        Ok(order.take())
    });
    assert_eq!(order.unwrap(), ["writes", "reads", "has written"]);
}

#[test]
fn when_all_readers_have_gone_writing_is_an_error_also_for_who_waits() {
    run(|| -> io::Result<()> {
        let (reader, mut writer) = pipe()?;
        drop(reader);
        assert_eq!(writer.write(b"!").unwrap_err().kind(), ErrorKind::BrokenPipe);

        let (reader, writer) = pipe()?;
        let written = spawn(move || (&writer).write_all(&bytes()));
        yield_now().await_()?;
        yield_now().await_()?;
        drop(reader);
        assert_eq!(written.await_()?.unwrap_err().kind(), ErrorKind::BrokenPipe);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_reader_that_waits_is_cancelled_and_the_next_loses_nothing() {
    run(|| -> io::Result<()> {
        let (reader, mut writer) = pipe()?;
        let reader = Rc::new(reader);
        let reading = reader.clone();
        let task = spawn(move || (&*reading).read(&mut [0; 10]));
        yield_now().await_()?;
        task.cancel();
        assert!(task.await_().map_err(io::Error::from).and_then(|read| read).unwrap_err().is_cancelled());
        writer.write_all(b"hello")?;
        let mut five = [0; 5];
        (&*reader).read_exact(&mut five)?;
        assert_eq!(&five, b"hello");
        let error = timeout(Duration::from_millis(1), || (&*reader).read(&mut [0])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_second_reader_is_told_that_another_waits() {
    run(|| -> io::Result<()> {
        let (reader, writer) = pipe()?;
        let reader = Rc::new(reader);
        let reading = reader.clone();
        let first = spawn(move || (&*reading).read(&mut [0; 10]));
        yield_now().await_()?;
        let error = (&*reader).read(&mut [0]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "PipeReader::read: another task is already waiting to read from this descriptor; let one task do it, or \
             take turns"
        );
        drop(writer);
        assert_eq!(first.await_()??, 0);
        Ok(())
    })
    .unwrap();
}

#[test]
fn lines_are_read_through_a_buffer() {
    run(|| -> io::Result<()> {
        let (reader, mut writer) = pipe()?;
        writer.write_all(b"one\ntwo\nthr")?;
        drop(writer);
        let mut reader = StreamReader::new(reader);
        let mut lines = Vec::new();
        while let Some(line) = reader.read_line()? {
            lines.push(String::from_utf8(line).unwrap());
        }
        assert_eq!(lines, ["one\n", "two\n", "thr"]);
        Ok(())
    })
    .unwrap();
}

/// The system lets a reader open it at once: it must not take the writers that have not come for writers that have gone.
#[test]
fn at_a_path_both_sides_wait_for_each_other() {
    let fifo = Fifo::new("both-sides");
    let path = fifo.0.clone();
    run(move || -> io::Result<()> {
        for _ in 0..2 {
            let (there, here) = (path.clone(), path.clone());
            let writing = spawn(move || -> io::Result<()> {
                let mut writer = PipeWriter::open(there)?; // there is no reader yet
                cede::sleep(Duration::from_millis(2)).await_()?;
                writer.write_all(b"hello")
            });
            yield_now().await_()?;
            let mut reader = PipeReader::open(here)?;
            let mut text = String::new();
            reader.read_to_string(&mut text)?; // nobody has opened it for writing yet
            assert_eq!(text, "hello");
            writing.await_()??;
        }
        Ok(())
    })
    .unwrap();
}

/// After its end a FIFO may have other writers: reading goes on, and waits for them without spinning.
#[test]
fn at_a_path_one_writer_after_another_is_read() {
    let fifo = Fifo::new("one-after-another");
    let path = fifo.0.clone();
    let callbacks = run(move || -> io::Result<u64> {
        let mut reader = PipeReader::open(&path)?;
        for text in ["first", "second"] {
            let mut writer = PipeWriter::open(&path)?;
            let mut bytes = [0; 10];
            // It is open, and nothing is written: nobody is told of an end.
            let waited = timeout(Duration::from_millis(5), || reader.read(&mut bytes));
            assert_eq!(waited.unwrap_err().kind(), ErrorKind::TimedOut);
            writer.write_all(text.as_bytes())?;
            let count = reader.read(&mut bytes)?;
            assert_eq!(&bytes[..count], text.as_bytes());
            drop(writer);
            assert_eq!(reader.read(&mut bytes)?, 0);
        }
        Ok(cede::running_loop()?.callbacks_run())
    });
    let callbacks = callbacks.unwrap();
    assert!(callbacks < 50, "{callbacks}");
}

#[test]
fn opening_without_a_reader_can_be_given_up() {
    let fifo = Fifo::new("given-up");
    let path = fifo.0.clone();
    run(move || -> io::Result<()> {
        let opened = timeout(Duration::from_millis(20), || PipeWriter::open(&path));
        assert_eq!(opened.unwrap_err().kind(), ErrorKind::TimedOut);
        Ok(())
    })
    .unwrap();
}

/// The system says of both, as of a pipe without a reader, that nobody is there; who waits for a reader of these waits
/// for ever.
#[test]
fn what_is_no_pipe_is_not_waited_for_where_nobody_is_at_the_other_end() {
    let fifo = Fifo::new("no-pipe");
    let socket = fifo.0.with_file_name("socket");
    run(move || -> io::Result<()> {
        let _listener = std::os::unix::net::UnixListener::bind(&socket)?;
        type Opens = fn(&std::path::Path) -> io::Result<()>;
        let opens: [(&str, Opens); 2] = [
            ("PipeWriter::open", |path| PipeWriter::open(path).map(drop)),
            ("PipeReader::open", |path| PipeReader::open(path).map(drop)),
        ];
        for (call, open) in opens {
            let error = timeout(Duration::from_secs(1), || open(&socket)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            let expected = format!(
                "{call}: {} is a socket, which cannot be opened: connect to it (cede::net::UnixStream)",
                socket.display()
            );
            assert_eq!(error.to_string(), expected);
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn pipes_of_std_are_taken_in_and_given_back_blocking() {
    run(|| -> io::Result<()> {
        let (reader, writer) = io::pipe()?;
        let is_blocking = |fd: &OwnedFd| !rustix::fs::fcntl_getfl(fd).unwrap().contains(OFlags::NONBLOCK);
        let (mut reader, mut writer) = (PipeReader::from_fd(reader)?, PipeWriter::from_fd(writer)?);
        let reading = spawn(move || {
            let mut bytes = [0; 5];
            reader.read_exact(&mut bytes).map(|()| (bytes, reader))
        });
        yield_now().await_()?;
        writer.write_all(b"hello")?;
        let (bytes, reader) = reading.await_()??;
        assert_eq!(&bytes, b"hello");
        let (reader, writer) = (reader.into_fd()?, writer.into_fd()?);
        assert!(is_blocking(&reader) && is_blocking(&writer));
        File::from(writer).write_all(b"again")?;
        File::from(reader).read_exact(&mut [0; 5])
    })
    .unwrap();
}

#[test]
fn one_program_writes_into_another() {
    run(|| -> io::Result<()> {
        let mut first = Command::new("printf").arg("b\\na\\n").stdout(Stdio::piped()).spawn()?;
        let between = first.stdout.take().unwrap().into_fd()?;
        let sorted = Command::new("sort").stdin(Stdio::from(between)).stdout(Stdio::piped()).spawn()?;
        assert_eq!(sorted.wait_with_output()?.stdout, b"a\nb\n");
        assert!(first.wait()?.success());
        // And into a pipe of ours, from a pipe of ours.
        let ((theirs, mut ours), (mut back, written)) = (pipe()?, pipe()?);
        // The command has the ends open for itself until it is dropped.
        let mut cat = Command::new("cat")
            .stdin(Stdio::from(theirs.into_fd()?))
            .stdout(Stdio::from(written.into_fd()?))
            .spawn()?;
        ours.write_all(b"there and back")?;
        drop(ours);
        let mut text = String::new();
        let read = timeout(Duration::from_secs(10), || back.read_to_string(&mut text));
        assert_eq!((read?, &*text), (14, "there and back"));
        assert!(cat.wait()?.success());
        Ok(())
    })
    .unwrap();
}

/// A terminal gives one line at a time, however many there are: the kernel tells of them once.
#[test]
fn a_terminal_is_read_and_written() {
    let callbacks = run(|| -> io::Result<u64> {
        let ours = rustix::pty::openpt(rustix::pty::OpenptFlags::RDWR | rustix::pty::OpenptFlags::NOCTTY)?;
        rustix::pty::grantpt(&ours)?;
        rustix::pty::unlockpt(&ours)?;
        let path = rustix::pty::ptsname(&ours, Vec::new())?.into_string().unwrap();
        let theirs = File::options().read(true).write(true).open(path)?;
        let (mut keyboard, mut screen) = (PipeWriter::from_fd(ours)?, PipeReader::from_fd(theirs)?);
        keyboard.write_all(b"one\ntwo\nthree\n")?;
        let mut all = Vec::new();
        while all.len() < 14 {
            let mut line = [0; 100];
            let count = timeout(Duration::from_secs(10), || screen.read(&mut line))?;
            assert!(line[..count].ends_with(b"\n"));
            all.extend_from_slice(&line[..count]);
        }
        assert_eq!(all, b"one\ntwo\nthree\n");
        Ok(cede::running_loop()?.callbacks_run())
    });
    let callbacks = callbacks.unwrap();
    assert!(callbacks < 20, "{callbacks}");
}

#[test]
fn what_is_no_pipe_is_refused_and_told_why() {
    let fifo = Fifo::new("refused");
    let path = fifo.0.clone();
    run(move || -> io::Result<()> {
        let text = |error: io::Error| {
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
            // Not the number.
            let text = error.to_string();
            let (before, after) = text.split_once("descriptor ").unwrap();
            format!("{before}{}", after.split_once(' ').unwrap().1)
        };
        let file = || File::open(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(
            text(PipeReader::from_fd(file()).unwrap_err()),
            "PipeReader::from_fd: is a regular file, which is always ready: read and write it on a thread (cede::fs, \
             cede::to_thread)"
        );
        assert_eq!(
            text(PipeReader::open("/").unwrap_err()),
            "PipeReader::open: is no pipe, socket or character device: only those can be waited for"
        );
        let (reader, writer) = io::pipe()?;
        assert_eq!(text(PipeReader::from_fd(writer).unwrap_err()), "PipeReader::from_fd: is not open for reading");
        assert_eq!(text(PipeWriter::from_fd(reader).unwrap_err()), "PipeWriter::from_fd: is not open for writing");
        let missing = path.with_file_name("missing");
        for error in [PipeReader::open(&missing).unwrap_err(), PipeWriter::open(&missing).unwrap_err()] {
            assert_eq!(error.kind(), ErrorKind::NotFound);
            assert!(error.to_string().contains("missing: No such file or directory"), "{error}");
        }
        Ok(())
    })
    .unwrap();
}

/// Of a kind that could be waited for, but the kernel tells nothing of it. A ring would not need to be told; but what is
/// refused by the one is refused by the other.
#[test]
fn a_device_that_is_always_ready_is_refused_by_each_backend() {
    for backend in [Backend::Readiness, Backend::IoUring] {
        let main = || -> io::Result<()> {
            let zero = || File::options().read(true).write(true).open("/dev/zero");
            let errors = [
                ("PipeReader::open", PipeReader::open("/dev/zero").map(drop)),
                ("PipeReader::from_fd", PipeReader::from_fd(zero()?).map(drop)),
                ("PipeWriter::open", PipeWriter::open("/dev/zero").map(drop)),
                ("PipeWriter::from_fd", PipeWriter::from_fd(zero()?).map(drop)),
            ];
            for (call, opened) in errors {
                let text = opened.expect_err(call).to_string();
                assert!(text.starts_with(&format!("{call}: descriptor ")), "{text}");
                assert!(text.contains("and some devices are always ready"), "{text}");
            }
            // A terminal is a device too.
            let ours =
                rustix::pty::openpt(rustix::pty::OpenptFlags::RDWR | rustix::pty::OpenptFlags::NOCTTY)?;
            PipeReader::from_fd(ours)?;
            Ok(())
        };
        Runner::new().backend(backend).run(cede::coroutine(main)).unwrap().unwrap();
    }
}

#[test]
fn outside_a_loop_they_say_so() {
    let error = pipe().unwrap_err();
    assert!(error.to_string().starts_with("pipe: no running event loop;"), "{error}");
    let (reader, _writer) = io::pipe().unwrap();
    let error = PipeReader::from_fd(reader).unwrap_err();
    assert!(error.to_string().starts_with("PipeReader::from_fd: no running event loop;"), "{error}");
}
