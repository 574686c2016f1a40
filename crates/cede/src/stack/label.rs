//! The label at the top of every stack: who runs on it. It is what the overflow report reads, so it must
//! make sense at every moment, without allocation, locks or pointers that may dangle.

use std::cell::Cell;
use std::panic::Location;

/// Room for a name, in bytes; longer ones are cut.
const NAME: usize = 64;

/// What kind of thing runs on a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Idle,
    Generator,
    Coroutine,
    Task,
}

/// Lives above a stack's first frame (`head.rs`).
///
/// Read by the signal handler of the very thread that runs on this stack, so plain cells do.
pub(crate) struct Label {
    kind: Cell<Kind>,
    /// 0: named. Else the number in `Task-N`, which costs one store where a name would cost a copy.
    number: Cell<u64>,
    len: Cell<u8>,
    name: [Cell<u8>; NAME],
    site: Cell<Option<&'static Location<'static>>>,
}

impl Label {
    pub(crate) const fn new() -> Self {
        Label {
            kind: Cell::new(Kind::Idle),
            number: Cell::new(0),
            len: Cell::new(0),
            name: [const { Cell::new(0) }; NAME],
            site: Cell::new(None),
        }
    }

    /// A task that bears only its number.
    #[inline]
    pub(crate) fn set_number(&self, number: u64, site: &'static Location<'static>) {
        self.number.set(number);
        self.kind.set(Kind::Task);
        self.site.set(Some(site));
    }

    pub(crate) fn set_name(&self, kind: Kind, name: &str, site: &'static Location<'static>) {
        self.len.set(0);
        let mut len = name.len().min(NAME);
        while !name.is_char_boundary(len) {
            len -= 1;
        }
        for (cell, byte) in self.name.iter().zip(name.as_bytes()) {
            cell.set(*byte);
        }
        self.len.set(len as u8);
        self.number.set(0);
        self.kind.set(kind);
        self.site.set(Some(site));
    }

    #[inline]
    pub(crate) fn set_idle(&self) {
        self.kind.set(Kind::Idle);
    }

    pub(crate) fn kind(&self) -> Kind {
        self.kind.get()
    }

    pub(crate) fn site(&self) -> Option<&'static Location<'static>> {
        self.site.get()
    }

    /// The name into `buffer`, without allocating.
    pub(crate) fn name<'b>(&self, buffer: &'b mut [u8; NAME]) -> &'b [u8] {
        let number = self.number.get();
        if number == 0 {
            let len = usize::from(self.len.get()).min(NAME);
            for (to, from) in buffer.iter_mut().zip(&self.name[..len]) {
                *to = from.get();
            }
            return &buffer[..len];
        }
        let mut at = NAME;
        let mut rest = number;
        while rest > 0 {
            at -= 1;
            buffer[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        at -= 5;
        buffer[at..at + 5].copy_from_slice(b"Task-");
        &buffer[at..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(label: &Label) -> String {
        String::from_utf8(label.name(&mut [0; NAME]).to_vec()).unwrap()
    }

    #[test]
    fn a_label_gives_back_its_name_or_number() {
        let label = Label::new();
        let here = Location::caller();
        label.set_name(Kind::Generator, "get_random_number", here);
        assert_eq!((label.kind(), text(&label).as_str()), (Kind::Generator, "get_random_number"));
        label.set_number(1_203, here);
        assert_eq!((label.kind(), text(&label).as_str()), (Kind::Task, "Task-1203"));
        label.set_number(u64::MAX, here);
        assert_eq!(text(&label), format!("Task-{}", u64::MAX));
    }

    #[test]
    fn a_long_name_is_cut_at_a_character() {
        let label = Label::new();
        label.set_name(Kind::Task, &"ä".repeat(100), Location::caller());
        assert_eq!(text(&label), "ä".repeat(32));
        label.set_name(Kind::Task, &format!("x{}", "ä".repeat(100)), Location::caller());
        assert_eq!(text(&label), format!("x{}", "ä".repeat(31)));
    }
}
