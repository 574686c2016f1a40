//! Where the loop sleeps when it has nothing to do. Readiness of sockets will arrive here too.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use polling::{Events, Poller};

pub(crate) struct Park {
    poller: Arc<Poller>,
}

impl Park {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Park { poller: Arc::new(Poller::new()?) })
    }

    pub(crate) fn poller(&self) -> Arc<Poller> {
        self.poller.clone()
    }

    /// Sleeps in the kernel until somebody notifies the poller, or the time is over. May come back early.
    pub(crate) fn sleep(&self, timeout: Option<Duration>) {
        let mut events = Events::new();
        match self.poller.wait(&mut events, timeout) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // Nothing is registered that could be wrong, so the poller itself is gone; sleeping without it
            // is the least harm.
            Err(error) => {
                eprintln!("cede: the loop cannot wait for events: {error}");
                std::thread::sleep(timeout.unwrap_or(Duration::from_millis(10)));
            }
        }
    }
}
