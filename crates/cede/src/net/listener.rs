//! What both kinds of listeners have.

macro_rules! listener {
    ($listener:ident, $stream:ident, $incoming:ident, $address:ty) => {
        impl $listener {
            /// Takes a listener of std's into the running loop, and makes it non-blocking.
            ///
            /// # Errors
            /// When no loop runs here.
            pub fn from_std(listener: net::$listener) -> io::Result<Self> {
                Self::of(listener, concat!(stringify!($listener), "::from_std"))
            }

            fn of(listener: net::$listener, call: &'static str) -> io::Result<Self> {
                listener.set_nonblocking(true)?;
                Ok($listener { acceptor: Acceptor::new(Source::new(listener, call)?) })
            }

            /// Takes it out of the loop, and makes it blocking again if no [clone](crate::net#clones) of it is left there.
            ///
            /// # Errors
            /// Of the system.
            pub fn into_std(self) -> io::Result<net::$listener> {
                self.acceptor.source.into_blocking()
            }

            /// A second listener at the same address ([clones](crate::net#clones)): each connection is accepted by one of
            /// them. Does not cede.
            ///
            /// # Errors
            /// When the system gives no descriptor. When no loop runs here.
            pub fn try_clone(&self) -> io::Result<Self> {
                let call = concat!(stringify!($listener), "::try_clone");
                let source = self.acceptor.source.try_clone(call, net::$listener::try_clone)?;
                Ok($listener { acceptor: Acceptor::new(source) })
            }

            /// The connections as they come, for ever: each `next` is an [`accept`](Self::accept).
            pub fn incoming(&self) -> $incoming<'_> {
                $incoming { listener: self }
            }
        }

        options! { $listener, |listener| listener.acceptor.source.io();
            /// The address it listens at.
            local_addr() -> $address;
            /// The error that is pending on the socket (`SO_ERROR`), taken from it.
            take_error() -> Option<io::Error>;
        }

        /// The connections as they come, for ever.
        impl<'a> IntoIterator for &'a $listener {
            type Item = io::Result<$stream>;
            type IntoIter = $incoming<'a>;

            fn into_iter(self) -> $incoming<'a> {
                self.incoming()
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
