//! What both kinds of listeners have.

macro_rules! listener {
    ($listener:ident, $stream:ident, $incoming:ident, $address:ty) => {
        impl $listener {
            /// Takes a listener of std's into the running loop, and makes it non-blocking.
            ///
            /// # Errors
            /// When no loop runs here.
            pub fn from_std(listener: net::$listener) -> io::Result<Self> {
                listener.set_nonblocking(true)?;
                let source = Source::new(listener, concat!(stringify!($listener), "::from_std"))?;
                Ok($listener { acceptor: Acceptor::new(source) })
            }

            /// Takes it out of the loop, and makes it blocking again.
            ///
            /// # Errors
            /// Of the system.
            pub fn into_std(self) -> io::Result<net::$listener> {
                let listener = self.acceptor.source.into_inner();
                listener.set_nonblocking(false)?;
                Ok(listener)
            }

            /// The address it listens at.
            ///
            /// # Errors
            /// Of the system.
            pub fn local_addr(&self) -> io::Result<$address> {
                self.acceptor.source.io().local_addr()
            }

            /// The error that is pending on the socket (`SO_ERROR`), taken from it.
            ///
            /// # Errors
            /// Of the system.
            pub fn take_error(&self) -> io::Result<Option<io::Error>> {
                self.acceptor.source.io().take_error()
            }

            /// The connections as they come, for ever: each `next` is an [`accept`](Self::accept).
            pub fn incoming(&self) -> $incoming<'_> {
                $incoming { listener: self }
            }
        }

        /// Connections as they come; from `incoming`.
        #[derive(Debug)]
        pub struct $incoming<'a> {
            listener: &'a $listener,
        }

        impl Iterator for $incoming<'_> {
            type Item = io::Result<$stream>;

            fn next(&mut self) -> Option<io::Result<$stream>> {
                Some(self.listener.accept().map(|(stream, _)| stream))
            }
        }

        impl AsFd for $listener {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                self.acceptor.source.io().as_fd()
            }
        }

        impl std::os::fd::AsRawFd for $listener {
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                std::os::fd::AsRawFd::as_raw_fd(self.acceptor.source.io())
            }
        }

        impl std::fmt::Debug for $listener {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.acceptor.source.io().fmt(f)
            }
        }
    };
}

pub(crate) use listener;
