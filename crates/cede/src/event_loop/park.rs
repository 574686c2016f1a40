//! Where the loop sleeps when it has nothing to do. Readiness of sockets will arrive here too.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use polling::{Events, Poller};

use crate::threads::shared::inbox::Wake;

/// The key of events that only end the sleep; the poller's own is the one above.
#[cfg(any(target_os = "linux", target_os = "android"))]
const ONLY_WAKES: u64 = (usize::MAX - 1) as u64;

impl Wake for Arc<Poller> {
    fn wake(&self) {
        let _ = self.notify();
    }
}

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

    /// Every byte that comes out of this ends a sleep, or the next one. It is the one way in which a signal
    /// handler, which may do next to nothing, can end it. Goes with the last copy of the descriptor.
    ///
    /// Edge-triggered: a byte that nobody reads yet must not end all sleeps to come.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(crate) fn watch(&self, source: &UnixStream) -> io::Result<()> {
        use rustix::event::epoll;
        let data = epoll::EventData::new_u64(ONLY_WAKES);
        epoll::add(&*self.poller, source, data, epoll::EventFlags::IN | epoll::EventFlags::ET)?;
        Ok(())
    }

    /// As above, by a thread: other pollers cannot be asked without `unsafe`.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    pub(crate) fn watch(&self, source: &UnixStream) -> io::Result<()> {
        let (source, poller) = (source.try_clone()?, self.poller.clone());
        std::thread::Builder::new().name("cede-signals".to_owned()).spawn(move || {
            let _ = source.set_nonblocking(false);
            let mut byte = [0];
            while matches!(std::io::Read::read(&mut &source, &mut byte), Ok(1)) {
                poller.wake();
            }
        })?;
        Ok(())
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
