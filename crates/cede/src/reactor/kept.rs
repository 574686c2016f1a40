//! What was read for a task that did not want it any more.
//!
//! A ring reads by itself. Where a task is cancelled after its bytes have come, the cancellation wins, as
//! everywhere; but the bytes are out of the socket then, and nobody can put them back. So they are kept here,
//! and the next read takes them. By readiness that cannot happen, and this stays empty.

use std::cell::{Cell, RefCell};
use std::io::{self, IoSliceMut};

/// Bytes in the order in which they came, and the error that came instead of more.
#[derive(Default)]
pub(crate) struct Kept {
    bytes: RefCell<Vec<u8>>,
    error: Cell<Option<i32>>,
}

impl Kept {
    #[cfg_attr(any(not(feature = "io-uring"), not(target_os = "linux"), cede_portable), allow(dead_code))]
    pub(super) fn keep(&self, bytes: &[u8]) {
        self.bytes.borrow_mut().extend_from_slice(bytes);
    }

    /// The system tells of an error of a connection once.
    #[cfg_attr(any(not(feature = "io-uring"), not(target_os = "linux"), cede_portable), allow(dead_code))]
    pub(super) fn keep_error(&self, errno: i32) {
        self.error.set(Some(errno));
    }

    /// A read of what is here, if something is.
    #[inline]
    pub(super) fn take(&self, into: &mut [u8]) -> Option<io::Result<usize>> {
        self.any().then(|| {
            let count = self.copy(into);
            match self.error.get() {
                Some(errno) if count == 0 && !into.is_empty() => {
                    self.error.set(None);
                    Err(io::Error::from_raw_os_error(errno))
                }
                _ => {
                    self.bytes.borrow_mut().drain(..count);
                    Ok(count)
                }
            }
        })
    }

    /// The same into several.
    #[inline]
    pub(crate) fn take_vectored(&self, into: &mut [IoSliceMut<'_>]) -> Option<io::Result<usize>> {
        if !self.any() {
            return None;
        }
        let first = into.iter_mut().find(|slice| !slice.is_empty());
        first.map_or(Some(Ok(0)), |slice| self.take(slice))
    }

    /// The same without taking it. An error is for who reads.
    #[inline]
    pub(crate) fn peek(&self, into: &mut [u8]) -> Option<usize> {
        (!self.bytes.borrow().is_empty()).then(|| self.copy(into))
    }

    /// An error if something is here, for a descriptor that goes elsewhere.
    pub(crate) fn none_left(&self, call: &str) -> io::Result<()> {
        match self.bytes.borrow().len() {
            0 => Ok(()),
            count => Err(io::Error::other(format!(
                "{call}: a read that was cancelled had taken {count} bytes already, which would be lost; read \
                 them first"
            ))),
        }
    }

    fn any(&self) -> bool {
        !self.bytes.borrow().is_empty() || self.error.get().is_some()
    }

    fn copy(&self, into: &mut [u8]) -> usize {
        let bytes = self.bytes.borrow();
        let count = bytes.len().min(into.len());
        into[..count].copy_from_slice(&bytes[..count]);
        count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_in_order_and_once_and_the_error_comes_last() {
        let kept = Kept::default();
        kept.keep(b"abcd");
        kept.keep(b"ef");
        kept.keep_error(libc::ECONNRESET);
        let mut bytes = [0; 3];
        assert_eq!((kept.peek(&mut bytes), &bytes), (Some(3), b"abc"));
        assert_eq!(
            kept.none_left("TcpStream::into_std").unwrap_err().to_string(),
            "TcpStream::into_std: a read that was cancelled had taken 6 bytes already, which would be lost; \
             read them first"
        );
        assert_eq!((kept.take(&mut bytes).unwrap().unwrap(), &bytes), (3, b"abc"));
        let (mut none, mut four) = ([], [0; 4]);
        let mut slices = [IoSliceMut::new(&mut none), IoSliceMut::new(&mut four)];
        assert_eq!(kept.take_vectored(&mut slices).unwrap().unwrap(), 3);
        assert_eq!(&four, b"def\0");
        kept.none_left("").unwrap();
        assert_eq!(kept.peek(&mut bytes), None);
        assert_eq!(kept.take(&mut bytes).unwrap().unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        assert!(kept.take(&mut bytes).is_none());
        assert!(kept.take_vectored(&mut []).is_none());
    }
}
