//! What a socket is asked and told without waiting.

/// Methods that std's socket has too, passed on to it: `options! { Type, |it| it.std_socket; method(argument: Type) -> Result; }`.
macro_rules! options {
    ($socket:ident, |$it:ident| $std:expr; $(
        $(#[$doc:meta])*
        $method:ident($($argument:ident: $type:ty),*) -> $result:ty;
    )+) => {
        impl $socket {
            $(
                $(#[$doc])*
                ///
                /// # Errors
                /// Of the system.
                pub fn $method(&self, $($argument: $type),*) -> std::io::Result<$result> {
                    let $it = self;
                    $std.$method($($argument),*)
                }
            )+
        }
    };
}

pub(crate) use options;
