//! A child's standard streams.

use crate::pipe::{reading_end, writing_end};

reading_end! {
    /// The standard output of a child, to be read. Reading cedes while there is nothing.
    ChildStdout, "ChildStdout"
}

reading_end! {
    /// The standard error of a child, to be read. Reading cedes while there is nothing.
    ChildStderr, "ChildStderr"
}

writing_end! {
    /// The standard input of a child, to be written. Writing cedes while there is no room; dropping it closes it.
    ChildStdin, "ChildStdin"
}
