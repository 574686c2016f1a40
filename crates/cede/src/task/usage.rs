//! How much stack tasks use, by the name of their coroutine.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use crate::stack;

/// How much of their stacks the tasks of one coroutine have used at most; see
/// [`LoopHandle::stack_usage`](crate::LoopHandle::stack_usage).
///
/// ```
/// # use cede::StackUsage;
/// # fn show(usage: &StackUsage) {
/// println!("{usage}"); // "serve: 12 KiB of 64 KiB at most, in 1,203 tasks"
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StackUsage {
    /// The coroutine's name.
    pub coroutine: String,
    /// Tasks of it that have ended while it was measured.
    pub tasks: u64,
    /// The most bytes that one of them has used, in whole pages, with some hundreds of bytes of the
    /// library's own.
    pub deepest: usize,
    /// Bytes there were on that one's stack.
    pub size: usize,
}

impl fmt::Display for StackUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StackUsage { coroutine, tasks, deepest, size } = self;
        let (used, of) = (deepest >> 10, size >> 10);
        write!(f, "{coroutine}: {used} KiB of {of} KiB at most, in {tasks} tasks")
    }
}

/// A loop's high-water marks, while they are wanted.
#[derive(Default)]
pub(crate) struct StackUsages {
    marks: RefCell<Option<BTreeMap<String, StackUsage>>>,
}

impl StackUsages {
    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.marks.borrow().is_some()
    }

    /// Begins anew, or ends.
    pub(crate) fn switch(&self, on: bool) {
        *self.marks.borrow_mut() = on.then(BTreeMap::new);
    }

    pub(crate) fn marks(&self) -> Vec<StackUsage> {
        self.marks.borrow().iter().flat_map(BTreeMap::values).cloned().collect()
    }

    /// Runs a task's body, here, where nothing else of the worker's stack is in use.
    #[cold]
    pub(super) fn measured<R>(&self, coroutine: &str, body: impl FnOnce() -> R) -> R {
        stack::begin_usage();
        let result = body();
        if let Some((deepest, size)) = stack::end_usage() {
            self.note(coroutine, deepest, size);
        }
        result
    }

    fn note(&self, coroutine: &str, deepest: usize, size: usize) {
        let mut marks = self.marks.borrow_mut();
        let Some(marks) = marks.as_mut() else { return }; // switched off meanwhile
        let mark = marks.entry(coroutine.to_owned()).or_insert_with_key(|name| StackUsage {
            coroutine: name.clone(),
            tasks: 0,
            deepest: 0,
            size,
        });
        mark.tasks += 1;
        if deepest >= mark.deepest {
            (mark.deepest, mark.size) = (deepest, size);
        }
    }
}
