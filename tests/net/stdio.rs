//! Standard input and output on the loop. A test runs itself again as a program with pipes for both, and speaks
//! with it.

use std::any::type_name;
use std::env;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::process::exit;
use std::time::Duration;

use cede::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use cede::stdio::{stdin, stdout};
use cede::{Awaitable, Failure, sleep, timeout, yield_now};

use crate::help::{run, spawn};

/// Set in the child, to the test it is to run.
const CHILD: &str = "CEDE_TESTS_STDIO_CHILD";

/// Stands before the first line of the program; the harness has its own to say before that.
const BEGINS: &str = "it begins";

/// The other side of a program's pipes.
struct Spoken {
    child: Child,
    stdin: ChildStdin,
    lines: Lines,
}

type Lines = io::Lines<BufReader<ChildStdout>>;

/// The next line that it prints.
fn hear(lines: &mut Lines) -> io::Result<String> {
    lines.next().unwrap_or_else(|| Err(io::ErrorKind::UnexpectedEof.into()))
}

impl Spoken {
    fn say(&mut self, line: &str) -> io::Result<()> {
        self.stdin.write_all(line.as_bytes())
    }

    fn hear(&mut self) -> io::Result<String> {
        hear(&mut self.lines)
    }
}

/// Runs `program` on a loop in a process of its own, where the very test that calls this is run again, and `talk` on
/// one here. The program must end well.
#[track_caller]
fn with_program<P>(program: P, talk: impl FnOnce(Spoken) -> io::Result<Child> + 'static)
where
    P: FnOnce() -> io::Result<()> + 'static,
{
    with_program_that_reads(program, Stdio::piped, |mut child, lines| {
        let stdin = child.stdin.take().expect("a pipe");
        talk(Spoken { child, stdin, lines })
    });
}

/// The same, of a program whose standard input is this.
#[track_caller]
fn with_program_that_reads<P, I: Into<Stdio>>(
    program: P,
    input: impl FnOnce() -> I + 'static,
    talk: impl FnOnce(Child, Lines) -> io::Result<Child> + 'static,
) where
    P: FnOnce() -> io::Result<()> + 'static,
{
    let test = type_name::<P>().split("::{{closure}}").next().unwrap_or_default();
    let test = test.split_once("::").map_or(test, |(_binary, test)| test);
    if env::var(CHILD).as_deref() == Ok(test) {
        println!("\n{BEGINS}");
        run(program).unwrap();
        exit(0);
    }
    run(move || -> io::Result<()> {
        let mut child = Command::new(env::current_exe()?)
            .args(["--exact", test, "--nocapture", "--test-threads=1"])
            .env(CHILD, test)
            .stdin(input())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        // A program that says nothing fails the test, and does not hold it up.
        timeout(Duration::from_secs(60), || {
            let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
            while hear(&mut lines)? != BEGINS {}
            assert!(talk(child, lines)?.wait()?.success());
            Ok(())
        })
    })
    .unwrap();
}

fn a_few_turns() -> io::Result<()> {
    for _ in 0..3 {
        yield_now().await_()?;
    }
    Ok(())
}

#[test]
fn lines_are_read_as_they_come_and_the_end_is_seen() {
    let program = || {
        let reading = spawn(|| -> io::Result<()> {
            for line in BufReader::new(stdin()).lines() {
                println!("you said {}", line?);
            }
            println!("that was all");
            // The end stays the end.
            assert_eq!(stdin().read(&mut [0; 8])?, 0);
            Ok(())
        });
        a_few_turns()?;
        println!("others run");
        reading.await_()?
    };
    with_program(program, |mut it| {
        assert_eq!(it.hear()?, "others run");
        it.say("one\n")?;
        assert_eq!(it.hear()?, "you said one");
        it.say("two\nth")?;
        assert_eq!(it.hear()?, "you said two");
        it.say("ree")?;
        drop(it.stdin);
        let rest: Vec<String> = it.lines.collect::<io::Result<_>>()?;
        assert_eq!(rest, ["you said three", "that was all"]);
        Ok(it.child)
    });
}

/// What the thread of the first read gets after all is there for the next, in as many pieces as that wants.
#[test]
fn a_read_that_is_cancelled_or_whose_time_is_over_loses_nothing() {
    let program = || {
        let reading = spawn(|| stdin().read(&mut [0; 8]));
        a_few_turns()?;
        reading.cancel();
        assert!(reading.await_()?.unwrap_err().is_cancelled());
        let late = timeout(Duration::from_millis(1), || stdin().read(&mut [0; 8])).unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::TimedOut);
        println!("nobody reads");
        let mut few = [0; 2];
        stdin().read_exact(&mut few)?;
        assert_eq!(&few, b"ke");
        let mut line = String::new();
        BufReader::new(stdin()).read_line(&mut line)?;
        print!("{line}");
        Ok(())
    };
    with_program(program, |mut it| {
        assert_eq!(it.hear()?, "nobody reads");
        it.say("kept\n")?;
        assert_eq!(it.hear()?, "pt");
        Ok(it.child)
    });
}

/// A read that nobody waits for any more. Its thread has begun, as a rule; else the read is withdrawn, and loses nothing
/// either.
fn cancelled_read() -> io::Result<()> {
    let reading = spawn(|| stdin().read(&mut [0; 8]));
    sleep(Duration::from_millis(20)).await_()?;
    reading.cancel();
    assert!(reading.await_()?.unwrap_err().is_cancelled());
    println!("nobody reads");
    stdout().flush()
}

/// Ctrl-D on a terminal ends one read, and no more.
#[test]
fn an_end_that_comes_for_a_cancelled_read_is_the_next_ones() {
    let program = || {
        cancelled_read()?;
        let mut bytes = [0; 8];
        assert_eq!(stdin().read(&mut [])?, 0); // takes nothing
        assert_eq!(stdin().read(&mut bytes)?, 0);
        let count = stdin().read(&mut bytes)?;
        assert_eq!(&bytes[..count], b"later\n");
        Ok(())
    };
    let (mut ours, theirs) = terminal().unwrap();
    with_program_that_reads(
        program,
        || theirs,
        move |child, mut lines| {
            assert_eq!(hear(&mut lines)?, "nobody reads");
            ours.write_all(b"\x04later\n")?;
            Ok(child)
        },
    );
}

/// The two ends of a terminal.
fn terminal() -> io::Result<(File, File)> {
    let ours = rustix::pty::openpt(rustix::pty::OpenptFlags::RDWR | rustix::pty::OpenptFlags::NOCTTY)?;
    rustix::pty::grantpt(&ours)?;
    rustix::pty::unlockpt(&ours)?;
    let path = rustix::pty::ptsname(&ours, Vec::new())?.into_string().expect("a path");
    let theirs = File::options().read(true).write(true).custom_flags(libc::O_NOCTTY).open(path)?;
    Ok((ours.into(), theirs))
}

/// The other side goes without having read: a socket says so once.
#[test]
fn an_error_that_comes_for_a_cancelled_read_is_the_next_ones() {
    let program = || {
        cancelled_read()?;
        let error = stdin().read(&mut [0; 8]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        assert_eq!(stdin().read(&mut [0; 8])?, 0);
        Ok(())
    };
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    theirs.write_all(b"unread").unwrap();
    with_program_that_reads(
        program,
        || OwnedFd::from(theirs),
        move |child, mut lines| {
            assert_eq!(hear(&mut lines)?, "nobody reads");
            drop(ours);
            Ok(child)
        },
    );
}

/// Its thread blocks for as long as the other side holds the pipe.
#[test]
fn a_program_ends_while_a_read_is_under_way() {
    let program = || {
        let _reading = spawn(|| stdin().read(&mut [0; 8]));
        a_few_turns()
    };
    with_program(program, |mut it| {
        let _held = it.stdin;
        assert!(it.child.wait()?.success());
        Ok(it.child)
    });
}

#[test]
fn what_is_written_here_and_by_println_comes_in_the_order_of_the_calls() {
    let program = || {
        for turn in 0..3 {
            println!("println {turn}");
            writeln!(stdout(), "write {turn}")?;
            stdout().flush()?;
            print!("print, ");
            io::stdout().flush()?;
            stdout().write_all(b"and the rest\n")?;
        }
        // More than one piece.
        stdout().write_all(&[b'x'; 200_000])
    };
    with_program(program, |mut it| {
        for turn in 0..3 {
            assert_eq!(it.hear()?, format!("println {turn}"));
            assert_eq!(it.hear()?, format!("write {turn}"));
            assert_eq!(it.hear()?, "print, and the rest");
        }
        assert_eq!(it.hear()?, "x".repeat(200_000));
        Ok(it.child)
    });
}
