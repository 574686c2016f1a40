//! `MULTI` and `EXEC`: commands that are kept, and then run one after another. Nobody comes between, for no command
//! cedes.

use super::store::Watch;

/// What a client has kept for later, if it does.
#[derive(Default)]
pub(crate) struct Transaction {
    kept: Option<Vec<Command>>,
    /// A command was refused already, so none of them will run.
    broken: bool,
    /// Nor will they if one of these keys is changed before.
    watched: Vec<Watch>,
}

/// A command's words.
pub(crate) type Command = Vec<Vec<u8>>;

impl Transaction {
    pub(crate) fn is_open(&self) -> bool {
        self.kept.is_some()
    }

    /// Whether it was not open already.
    pub(crate) fn open(&mut self) -> bool {
        let new = !self.is_open();
        if new {
            self.kept = Some(Vec::new());
        }
        new
    }

    pub(crate) fn keep(&mut self, words: &[&[u8]]) {
        if let Some(kept) = &mut self.kept {
            kept.push(words.iter().map(|word| word.to_vec()).collect());
        }
    }

    pub(crate) fn watch(&mut self, key: Watch) {
        self.watched.push(key);
    }

    pub(crate) fn watched(&self) -> &[Watch] {
        &self.watched
    }

    pub(crate) fn breaks(&mut self) {
        self.broken = true;
    }

    /// Ends it, watching too: what is to be run, or nothing if it is broken.
    pub(crate) fn end(&mut self) -> Option<Vec<Command>> {
        let Transaction { kept, broken, .. } = std::mem::take(self);
        kept.filter(|_| !broken)
    }
}
