//! One process of a round: started, given a limit, read to its end.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// Runs a program to its end and gives its standard output.
///
/// # Errors
/// It does not start, does not finish within the limit (it is ended then), or fails: the line of its standard
/// error that says most.
pub(crate) fn capture(mut command: Command, limit: Duration) -> Result<String, String> {
    quiet(&mut command).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|e| format!("does not start: {e}"))?;
    let output = reader(child.stdout.take());
    let errors = reader(child.stderr.take());
    let Ok(output) = output.recv_timeout(limit) else {
        end(&mut child);
        return Err(format!("not finished within {} s", limit.as_secs()));
    };
    let status = child.wait().map_err(|e| e.to_string())?;
    if !status.success() {
        let errors = errors.recv().unwrap_or_default();
        return Err(reason(&errors).unwrap_or_else(|| format!("ended with {status}")));
    }
    Ok(output)
}

/// No input, standard error for the harness alone, and no backtrace, which would hide the reason there.
pub(crate) fn quiet(command: &mut Command) -> &mut Command {
    command.env("RUST_BACKTRACE", "0").stdin(Stdio::null()).stderr(Stdio::piped())
}

/// Reads a pipe to its end on a thread, so that the harness can wait with a limit.
pub(crate) fn reader(pipe: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            _ = pipe.read_to_end(&mut bytes);
        }
        _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

/// Ends a process and waits until it is gone.
pub(crate) fn end(child: &mut Child) {
    _ = child.kill();
    _ = child.wait();
}

/// The line of a standard error that says most: the one after Rust's "panicked at", Go's "fatal error", else
/// the last one.
pub(crate) fn reason(errors: &str) -> Option<String> {
    let mut lines = errors.lines();
    let told = lines.find(|l| l.contains("panicked at")).and_then(|_| lines.next());
    let told = told.or_else(|| errors.lines().find(|l| l.contains("fatal error")));
    let told = told.or_else(|| errors.lines().rfind(|l| !l.trim().is_empty()))?;
    let mut told = told.trim().trim_start_matches("Error: ").to_owned();
    if let Some((at, _)) = told.char_indices().nth(160) {
        told.truncate(at);
        told.push('…');
    }
    Some(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_process_gives_what_it_printed() {
        let output = capture(shell("echo ns 12.5; echo aside >&2"), Duration::from_secs(10));
        assert_eq!(output, Ok("ns 12.5\n".to_owned()));
    }

    #[test]
    fn a_process_that_fails_gives_its_reason() {
        let script = "echo \"thread 'main' panicked at x.rs:1:1:\" >&2; echo 'no stack' >&2; exit 101";
        assert_eq!(capture(shell(script), Duration::from_secs(10)), Err("no stack".to_owned()));
    }

    #[test]
    fn a_process_that_hangs_is_ended() {
        let output = capture(shell("exec sleep 60"), Duration::from_millis(50));
        assert_eq!(output, Err("not finished within 0 s".to_owned()));
    }
}
