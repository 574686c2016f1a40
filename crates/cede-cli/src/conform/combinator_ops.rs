//! What each operation of the groups combo, timeout, wait_for and group does. The library's part is still to come.

use super::exception::Flow;
use super::interpreter::Run;
use super::program::{Op, When};

impl Run {
    pub(super) fn gather(&self, _who: &str, _return_exceptions: bool, _bodies: &[usize]) -> Flow {
        self.not_yet("gather")
    }

    pub(super) fn wait(&self, _who: &str, _when: When, _timeout: Option<u64>, _tasks: &[usize]) -> Flow {
        self.not_yet("wait")
    }

    pub(super) fn shield(&self, _who: &str, _task: usize) -> Flow {
        self.not_yet("shield")
    }

    pub(super) fn timeout(&self, _who: &str, _time: u64, _block: &[Op]) -> Flow {
        self.not_yet("timeout")
    }

    pub(super) fn wait_for(&self, _who: &str, _time: u64, _body: usize) -> Flow {
        self.not_yet("wait_for")
    }

    pub(super) fn group(&self, _who: &str, _bodies: &[usize], _block: &[Op]) -> Flow {
        self.not_yet("tg")
    }
}
