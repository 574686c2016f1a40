//! What both kinds of datagram sockets have.

macro_rules! datagrams {
    ($socket:ident, $address:ty, $name:literal) => {
        impl $socket {
            /// Takes a socket of std's into the running loop, and makes it non-blocking.
            ///
            /// # Errors
            /// When no loop runs here.
            pub fn from_std(socket: net::$socket) -> io::Result<Self> {
                Self::of(socket, concat!($name, "::from_std"))
            }

            fn of(socket: net::$socket, call: &'static str) -> io::Result<Self> {
                socket.set_nonblocking(true)?;
                Ok($socket { source: Source::new(socket, call)? })
            }

            /// Takes it out of the loop, and makes it blocking again if no [clone](crate::net#clones) of it is left there.
            ///
            /// # Errors
            /// Of the system.
            pub fn into_std(self) -> io::Result<net::$socket> {
                self.source.into_blocking()
            }

            /// A second end of the same socket ([clones](crate::net#clones)), which another task may receive from: each
            /// datagram comes to one of them. Does not cede.
            ///
            /// # Errors
            /// When the system gives no descriptor. When no loop runs here.
            pub fn try_clone(&self) -> io::Result<Self> {
                let source = self.source.try_clone(concat!($name, "::try_clone"), net::$socket::try_clone)?;
                Ok($socket { source })
            }

            /// Receives one datagram, and says from whom; what does not fit is lost. Cedes until one comes.
            ///
            /// # Errors
            /// Of the system: that nobody listens where one was sent to, say. The cancellation, if the task
            /// is cancelled meanwhile; then no datagram is lost.
            pub fn recv_from(&self, bytes: &mut [u8]) -> io::Result<(usize, $address)> {
                self.source.when(Way::Read, concat!($name, "::recv_from"), |socket| socket.recv_from(bytes))
            }

            /// Receives one datagram; what does not fit is lost. Cedes until one comes.
            ///
            /// # Errors
            /// As [`recv_from`](Self::recv_from).
            pub fn recv(&self, bytes: &mut [u8]) -> io::Result<usize> {
                self.source.when(Way::Read, concat!($name, "::recv"), |socket| socket.recv(bytes))
            }

            /// Sends one datagram to whom it is connected. Cedes while there is no room.
            ///
            /// # Errors
            /// Of the system: not connected, too long, nobody there.
            pub fn send(&self, bytes: &[u8]) -> io::Result<usize> {
                self.source.when(Way::Write, concat!($name, "::send"), |socket| socket.send(bytes))
            }
        }

        options! { $socket, |socket| socket.source.io();
            /// The address of this side.
            local_addr() -> $address;
            /// The address it is connected to. An error when it is not.
            peer_addr() -> $address;
            /// The error that is pending on the socket (`SO_ERROR`), taken from it.
            take_error() -> Option<io::Error>;
        }

        descriptor!($socket);
    };
}

pub(crate) use datagrams;
