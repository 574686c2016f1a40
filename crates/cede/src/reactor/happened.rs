//! The words between a selector and the registry.

use std::time::Duration;

use slotmap::{Key, KeyData};

slotmap::new_key_type! {
    /// A registered descriptor: a place and a generation.
    pub(crate) struct SourceKey;
}

impl SourceKey {
    /// As the kernel keeps it for us.
    pub(super) fn token(self) -> u64 {
        self.data().as_ffi()
    }

    pub(super) fn of(token: u64) -> Self {
        KeyData::from_ffi(token).into()
    }
}

/// What the kernel says of a descriptor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Happened {
    pub(super) readable: bool,
    pub(super) writable: bool,
    /// Reading will not block any more, whatever is taken out: the end has come, or an error. Or it may stop and need not
    /// block: there is an urgent mark.
    pub(super) read_ended: bool,
    pub(super) write_ended: bool,
}

/// What of a descriptor is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interest {
    pub(super) read: bool,
    pub(super) write: bool,
    /// Told of each change once, or each time it is so.
    pub(super) edge: bool,
}

/// How long to sleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sleep {
    /// Not at all: only look.
    No,
    /// Until this time of the loop's clock, which is so far away.
    Until {
        at: u64,
        left: Duration,
    },
    Forever,
}
