//! Row 32: other programs. CPython: test_subprocess.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::Command as Blocking;
use std::time::{Duration, Instant};

use cede::process::{Child, Command, Stdio};
use cede::{Awaitable, Failure, timeout, yield_now};

use crate::help::{run, spawn};

/// It waits until its standard input ends.
fn cat() -> io::Result<Child> {
    Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// Whether there is a process of this number: a zombie is one.
fn exists(id: u32) -> bool {
    Blocking::new("sh").args(["-c", &format!("kill -0 {id} 2>/dev/null")]).status().unwrap().success()
}

/// test_shell, test_start_new_session
#[test]
fn a_program_ends_with_its_status_and_asked_again_says_the_same() {
    run(|| -> io::Result<()> {
        let mut child = shell("exit 7").spawn()?;
        assert_eq!((child.wait()?.code(), child.wait()?.code()), (Some(7), Some(7)));
        assert_eq!(child.try_wait()?.and_then(|status| status.code()), Some(7));
        assert!(Command::new("true").status()?.success());
        Ok(())
    })
    .unwrap();
}

/// test_communicate, test_stdin_stdout; the text is larger than a pipe.
#[test]
fn input_and_outputs_flow_at_the_same_time() {
    run(|| -> io::Result<()> {
        let much = vec![b'x'; 1 << 20];
        let child = shell("cat; echo done >&2")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let output = child.communicate(&much)?;
        assert!(output.status.success() && output.stdout == much && output.stderr == b"done\n");
        Ok(())
    })
    .unwrap();
}

/// test_stdin_broken_pipe, test_communicate_ignore_broken_pipe
#[test]
fn a_program_that_does_not_read_its_input_is_no_error() {
    run(|| -> io::Result<()> {
        let child = shell("exit 3").stdin(Stdio::piped()).spawn()?;
        assert_eq!(child.communicate(&[0; 1 << 20])?.status.code(), Some(3));
        let mut child = shell("exec <&-; sleep 0").stdin(Stdio::piped()).spawn()?;
        let mut stdin = child.stdin.take().unwrap();
        child.wait()?;
        assert_eq!(stdin.write_all(&[0; 1 << 20]).unwrap_err().kind(), ErrorKind::BrokenPipe);
        Ok(())
    })
    .unwrap();
}

/// test_kill, test_terminate, test_send_signal
#[test]
fn a_program_is_killed_or_told_to_end() {
    run(|| -> io::Result<()> {
        let mut child = cat()?;
        child.kill()?;
        assert_eq!(child.wait()?.signal(), Some(libc::SIGKILL));
        child.kill()?; // it has ended already
        let mut child = cat()?;
        child.signal(libc::SIGTERM)?;
        assert_eq!(child.wait()?.signal(), Some(libc::SIGTERM));
        assert_eq!(child.signal(libc::SIGTERM).unwrap_err().kind(), ErrorKind::NotFound);
        Ok(())
    })
    .unwrap();
}

#[test]
fn others_run_while_a_program_is_waited_for() {
    run(|| -> io::Result<()> {
        let mut child = cat()?;
        let mut stdin = child.stdin.take().unwrap();
        let waiting = spawn(move || child.wait());
        for _ in 0..3 {
            yield_now().await_()?;
        }
        assert!(!waiting.done());
        stdin.write_all(b"enough")?;
        drop(stdin);
        assert!(waiting.await_()??.success());
        Ok(())
    })
    .unwrap();
}

/// test_subprocess_send_signal_race, test_proc_exited: a signal meets a program whose end nobody has asked for.
#[test]
fn a_signal_that_comes_too_late_hits_nobody_and_the_status_is_still_there() {
    run(|| -> io::Result<()> {
        let mut child = shell("trap '' USR1; echo; exit 7").stdout(Stdio::piped()).spawn()?;
        let mut said = child.stdout.take().expect("it is a pipe");
        assert_eq!(said.read_to_end(&mut Vec::new())?, 1); // it has closed it, and ends
        let late = loop {
            match child.signal(libc::SIGUSR1) {
                Ok(()) => yield_now().await_()?, // it was in time, and ignored
                Err(error) => break error,
            }
        };
        let text = format!("Child::signal: the process {} has ended", child.id());
        assert_eq!((late.kind(), late.to_string()), (ErrorKind::NotFound, text));
        child.kill()?; // does nothing
        assert_eq!(child.wait()?.code(), Some(7));
        Ok(())
    })
    .unwrap();
}

/// test_cancel_process_wait; a time limit ends the wait and not the program.
#[test]
fn a_wait_that_is_cancelled_leaves_the_program_and_can_be_made_again() {
    run(|| -> io::Result<()> {
        let mut child = shell("cat; exit 5").stdin(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take().unwrap(); // `wait` would close it
        let late = timeout(Duration::from_millis(1), || child.wait()).unwrap_err();
        assert_eq!(late.kind(), ErrorKind::TimedOut);
        assert_eq!(child.try_wait()?, None);
        drop(stdin);
        assert_eq!(child.wait()?.code(), Some(5));
        Ok(())
    })
    .unwrap();
}

/// test_cancel_process_wait
#[test]
fn communicating_that_is_cancelled_lets_the_program_go() {
    run(|| -> io::Result<()> {
        let mut command = shell("cat >/dev/null; exec sleep 1000");
        let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let id = child.id();
        let talking = spawn(move || child.communicate(b"hello"));
        yield_now().await_()?;
        talking.cancel();
        assert!(talking.await_()?.unwrap_err().is_cancelled());
        gone(id);
        Ok(())
    })
    .unwrap();
}

/// Waits until there is no process of this number, not even a zombie.
#[track_caller]
fn gone(id: u32) {
    let began = Instant::now();
    while exists(id) {
        assert!(began.elapsed() < Duration::from_secs(20), "process {id} is still there");
        std::thread::yield_now();
    }
}

/// test_subprocess races: nobody waits, and yet nothing is left.
#[test]
fn children_that_are_dropped_leave_no_zombies() {
    let ids = run(|| -> io::Result<Vec<u32>> {
        let mut ids = Vec::new();
        for _ in 0..10 {
            ids.push(Command::new("true").spawn()?.id()); // may have ended, or not
        }
        let mut killed = Command::new("sleep");
        ids.push(killed.arg("1000").kill_on_drop(true).spawn()?.id());
        let mut child = cat()?;
        ids.push(child.id());
        child.stdin.take();
        drop(child); // runs on, to its end
        Ok(ids)
    })
    .unwrap();
    ids.into_iter().for_each(gone);
}

/// test_subprocess_exec
#[test]
fn a_program_that_is_not_there_is_an_error_that_names_it() {
    let error = run(|| Command::new("cede-no-such-program").spawn()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().starts_with("Command::spawn: 'cede-no-such-program': "), "{error}");
}

/// test_read_stdout_after_process_exit
#[test]
fn what_was_written_is_read_after_the_end() {
    run(|| -> io::Result<()> {
        let mut child = shell("echo last words").stdout(Stdio::piped()).spawn()?;
        child.wait()?;
        let mut text = String::new();
        child.stdout.take().unwrap().read_to_string(&mut text)?;
        assert_eq!(text, "last words\n");
        Ok(())
    })
    .unwrap();
}

#[test]
fn many_programs_at_once_are_all_waited_for() {
    run(|| -> io::Result<()> {
        let waiting: Vec<_> = (0..30).map(|n| spawn(move || shell(&format!("exit {n}")).status())).collect();
        for (n, waiting) in waiting.into_iter().enumerate() {
            assert_eq!(waiting.await_()??.code(), Some(n as i32));
        }
        Ok(())
    })
    .unwrap();
}

#[test]
fn outside_a_loop_nothing_is_left_running() {
    let error = Command::new("sleep").arg("1000").spawn().unwrap_err();
    assert!(error.to_string().contains("no running event loop"), "{error}");
}
