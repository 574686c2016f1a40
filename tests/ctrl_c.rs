//! A program for the tests of Ctrl-C: on the main thread no test runs. It presses Ctrl-C itself.
#![forbid(unsafe_code)]

use std::thread;
use std::time::Duration;

use cede::Awaitable;

fn main() {
    thread::spawn(|| {
        thread::sleep(Duration::from_millis(20));
        signal_hook::low_level::raise(libc::SIGINT).expect("there is such a signal");
    });
    match std::env::args().nth(1).as_deref() {
        Some("main") => whole_program().expect("it is interrupted before it can fail"),
        _ => eprintln!("{:?}", cede::run(cede::coroutine(|| nap().await_()).fallible())),
    }
}

fn nap() -> cede::Sleep {
    cede::sleep(Duration::from_secs(60))
}

#[cede::main]
fn whole_program() -> cede::Result<()> {
    cede::try_finally(
        || Ok(nap().await_()?),
        || {
            cede::sleep(Duration::from_millis(1)).await_()?;
            eprintln!("cleaned up");
            Ok(())
        },
    )
}
