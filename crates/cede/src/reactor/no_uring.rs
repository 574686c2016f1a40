//! In the place of `uring/` where there is none: on other systems than Linux, and without the feature
//! `io-uring`. No value of these types exists, so nothing of this is in a program.

use std::convert::Infallible;
use std::io;
use std::os::fd::AsFd;

use super::happened::{Happened, Sleep};
use super::selector::Selector;
use super::source::{Source, Way};

pub(super) type OperationKey = Infallible;

pub(super) enum Ring {}

impl Ring {
    pub(super) fn new() -> io::Result<Self> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "io_uring: not in this build; it is on Linux, with the feature `io-uring`",
        ))
    }

    pub(super) fn sleep(&self, _: Sleep, _: &Selector, _: impl FnMut(u64, Happened)) -> io::Result<()> {
        match *self {}
    }

    pub(super) fn deliver(&self) -> usize {
        match *self {}
    }

    pub(super) fn abandon(&self, _: OperationKey) {
        match *self {}
    }

    pub(super) fn settle_all(&self) {
        match *self {}
    }
}

impl<S: AsFd> Source<S> {
    pub(super) fn poll(&self, ring: &Ring, _: Way, _: &'static str) -> io::Result<()> {
        match *ring {}
    }

    pub(super) fn receive_by(
        &self,
        ring: &Ring,
        _: &mut [u8],
        _: &'static str,
        _: impl FnMut(&S, &mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        match *ring {}
    }

    pub(super) fn send_by(
        &self,
        ring: &Ring,
        _: &[u8],
        _: &'static str,
        _: impl FnMut(&S, &[u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        match *ring {}
    }
}
