//! `BLPOP` and its like: clients that wait until somebody pushes to one of their lists. They cede; nobody else waits.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read};
use std::rc::Rc;
use std::time::Duration;

use cede::net::TcpStream;
use cede::{Awaitable, Failure, Promise};

use super::commands::Refused;
use super::lists::{End, is_list, pop, shift};
use super::protocol::{LONGEST, Replies};
use super::store::{Bytes, Store};

/// What a client waits for: an element of the first of these lists that has one.
pub(crate) struct Wanted {
    pub(crate) keys: Vec<Bytes>,
    pub(crate) end: End,
    /// Where it goes, if not only to the client.
    pub(crate) to: Option<(Bytes, End)>,
    /// For ever, if there is none.
    pub(crate) limit: Option<Duration>,
}

/// The list, and what was taken from it.
type Given = (Bytes, Bytes);
type Taken = Result<Option<Given>, Refused>;

impl Wanted {
    /// Takes it, if there is something.
    pub(crate) fn take(&self, store: &Store) -> Taken {
        self.keys.iter().find_map(|key| self.take_from(key, store).transpose()).transpose()
    }

    /// As `take`, for one who has waited: a key that is no list now is none of its business.
    fn take_at_last(&self, store: &Store) -> Taken {
        let list = self.keys.iter().find(|key| is_list(key, store));
        list.map_or(Ok(None), |key| self.take_from(key, store))
    }

    fn take_from(&self, key: &Bytes, store: &Store) -> Taken {
        let taken = match &self.to {
            Some((to, end)) => shift((key, self.end), (to, *end), store)?,
            None => pop(self.end, key, 1, store)?.pop(),
        };
        Ok(taken.map(|value| (key.clone(), value)))
    }

    /// What the client is told.
    pub(crate) fn reply(&self, given: Option<Given>, replies: &mut Replies) {
        match (given, &self.to) {
            (Some((key, value)), None) => replies.bulks(&[key, value]),
            (Some((_, value)), Some(_)) => replies.bulk(&value),
            (None, None) => replies.null_array(),
            (None, Some(_)) => replies.null(),
        }
    }
}

/// Those who wait, the first first.
#[derive(Default)]
pub(crate) struct Blocked {
    waiting: RefCell<VecDeque<(Rc<Wanted>, Promise<Taken>)>>,
}

impl Blocked {
    /// Gives what has come to those who wait for it. What is moved to another list may be what another waits for.
    pub(crate) fn serve(&self, store: &Store) {
        while self.serve_once(store) {}
    }

    /// Whether something was moved.
    fn serve_once(&self, store: &Store) -> bool {
        let mut moved = false;
        self.waiting.borrow_mut().retain(|(wanted, promise)| {
            if promise.done() {
                return false; // it has given up
            }
            match wanted.take_at_last(store) {
                Ok(None) => true,
                taken => {
                    moved |= wanted.to.is_some();
                    promise.set_result(taken).is_err()
                }
            }
        });
        moved
    }

    /// Waits until it is given something: cedes. Nothing when the time is over; an error when the client has gone. What
    /// it sends meanwhile comes to `more`.
    pub(crate) fn wait(
        &self,
        wanted: &Rc<Wanted>,
        store: &Store,
        stream: &Rc<TcpStream>,
        more: &mut Vec<u8>,
    ) -> io::Result<Taken> {
        let promise = Promise::new();
        self.waiting.borrow_mut().push_back((wanted.clone(), promise.clone()));
        self.serve(store); // what has come since it looked, while it was told something else
        let (client, given_up) = (stream.clone(), promise.clone());
        let watch = cede::create_task(cede::coroutine(move || {
            // Only who reads sees that it goes.
            let mut more = Vec::new();
            match (&*client).take(LONGEST as u64).read_to_end(&mut more) {
                Err(error) if error.is_cancelled() => {}
                _ => drop(given_up.cancel()), // it has gone, or sends without end: what it were given would be lost
            }
            more
        }));
        let waited = cede::wait([&promise]).timeout(wanted.limit).await_();
        watch.cancel();
        cede::wait([&watch]).await_()?;
        more.extend(watch.result().unwrap_or_default()); // it may have been cancelled before it began
        if promise.cancelled() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        // From here on it is given nothing, if it was not.
        let taken = if promise.cancel() { Ok(None) } else { promise.result()? };
        waited?;
        Ok(taken)
    }
}
