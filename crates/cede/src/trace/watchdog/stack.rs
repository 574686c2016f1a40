//! The stack of whoever has control, as text; or why there is none.

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod known {
    use std::sync::OnceLock;

    pub(crate) use crate::stack::sample::check;
    use crate::stack::sample::{Asked, Frame, frames, sample};
    use crate::task::backtrace::runs_a_body;

    /// The thread of a loop; none until it has run something.
    #[derive(Debug, Default)]
    pub(crate) struct Thread {
        asked: OnceLock<Asked>,
    }

    impl Thread {
        /// It is the calling one.
        pub(crate) fn is_this(&self) {
            self.asked.get_or_init(Asked::this_thread);
        }

        /// Its frames now, two lines each.
        pub(crate) fn stack(&self, signal: i32) -> String {
            let Some(asked) = self.asked.get() else { return String::new() };
            match sample(asked, signal) {
                Ok(Some(sample)) => text(&frames(&sample)),
                Ok(None) => {
                    format!("  its stack is not known: the thread does not answer to signal {signal}\n")
                }
                Err(error) => format!("  its stack is not known: {error}\n"),
            }
        }
    }

    /// Only the program's frames: without those that run a body or a callback, below.
    fn text(frames: &[Frame]) -> String {
        const OURS: [&str; 3] = ["cede::task::cell::", "cede::task::step::", "cede::event_loop::"];
        let below =
            |frame: &Frame| OURS.iter().any(|path| frame.function.trim_start_matches('<').starts_with(path));
        let frames = &frames[..frames.iter().position(below).unwrap_or(frames.len())];
        let end = frames.iter().rposition(|frame| !runs_a_body(&frame.function)).map_or(0, |last| last + 1);
        let here = std::env::current_dir().map(|folder| format!("{}/", folder.display())).unwrap_or_default();
        let mut text = String::new();
        for Frame { function, place } in &frames[..end] {
            let function = if function.is_empty() { "(no name)" } else { function };
            text.push_str(&format!("  {function}\n"));
            let place = place.as_deref().map(|place| place.strip_prefix(&here).unwrap_or(place));
            place.iter().for_each(|place| text.push_str(&format!("    {place}\n")));
        }
        text
    }
}

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64"))))]
mod known {
    use std::io;

    /// Any signal will do, for none is sent.
    pub(crate) fn check(_signal: i32) -> io::Result<()> {
        Ok(())
    }

    /// Here nobody knows how to read its stack.
    #[derive(Debug, Default)]
    pub(crate) struct Thread;

    impl Thread {
        pub(crate) fn is_this(&self) {}

        pub(crate) fn stack(&self, _signal: i32) -> String {
            "  its stack is not known: this system's cannot be read\n".to_owned()
        }
    }
}

pub(super) use known::{Thread, check};
