//! Trying again what the system tells nobody of: soon at first, then less and less often.

use std::io;
use std::time::Duration;

use crate::time::pause;

/// The first pause. Each further one is twice as long.
const FIRST: Duration = Duration::from_millis(1);

/// How long to wait before the next try.
pub(crate) struct Backoff {
    call: &'static str,
    pause: Duration,
    longest: Duration,
}

impl Backoff {
    /// For this call, with pauses no longer than this.
    pub(crate) fn new(call: &'static str, longest: Duration) -> Self {
        Backoff { call, pause: FIRST.min(longest), longest }
    }

    /// Cedes until it is time to try again.
    ///
    /// # Errors
    /// The cancellation, if the task is cancelled meanwhile. When nobody can cede here, as while a stack is unwound: or
    /// it would be tried for ever without a pause.
    #[track_caller]
    pub(crate) fn wait(&mut self) -> io::Result<()> {
        pause(self.pause, self.call)?;
        self.pause = self.longest.min(self.pause * 2);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coroutine::{Awaitable, coroutine};
    use crate::event_loop::{Runner, VirtualClock, running_loop};
    use crate::facade::create_task;

    #[test]
    fn each_pause_is_twice_the_one_before_up_to_the_longest() {
        let pauses = || -> io::Result<Vec<u128>> {
            let event_loop = running_loop().unwrap();
            let mut backoff = Backoff::new("trying", Duration::from_millis(10));
            let mut wait = || {
                let began = event_loop.time();
                backoff.wait().map(|()| (event_loop.time() - began).as_millis())
            };
            (0..6).map(|_| wait()).collect()
        };
        let pauses = Runner::new().clock(VirtualClock::new()).run(coroutine(pauses)).unwrap().unwrap();
        assert_eq!(pauses, [1, 2, 4, 8, 10, 10]);
    }

    #[test]
    fn where_nobody_can_cede_it_is_an_error_and_no_endless_loop() {
        struct TriesInItsDrop;
        impl Drop for TriesInItsDrop {
            fn drop(&mut self) {
                let error = Backoff::new("trying", FIRST).wait().unwrap_err();
                assert!(error.to_string().starts_with("trying: "), "{error}");
            }
        }
        let panics = || {
            let _tries = TriesInItsDrop;
            panic!("the stack is unwound");
        };
        let ended = move || create_task(coroutine(panics)).await_().unwrap_err();
        assert!(Runner::new().run(coroutine(ended)).unwrap().is_panic());
        assert!(Backoff::new("trying", FIRST).wait().is_err());
    }
}
