//! Pictures of a demo: it is run once with a recorder, its output caught, and what is asked for is made of
//! the log.

use crate::demos::{Demo, World};
use crate::stage::Stage;
use anyhow::{Result, anyhow};
use cede::trace::{Capture, Event, Log, Page, Recorder};
use std::fmt::Write as _;

/// More lines than this nobody reads.
const LONGEST: usize = 1_000;

/// A demo that has been run, and what was seen.
pub struct Seen {
    pub demo: &'static Demo,
    pub log: Log,
}

/// Why there is no picture of this demo, if there is none.
pub fn refusal(demo: &Demo) -> Option<String> {
    let name = demo.name;
    match demo.world {
        World::ByHand => {
            Some(format!("'{name}' has no event loop to explain: the program drives its coroutine itself"))
        }
        _ if name.starts_with("perf-") => {
            Some(format!("'{name}' is run for its speed: ten thousand runs of it make no picture"))
        }
        _ => None,
    }
}

/// Whether the demo needs the real clock: it waits for another thread.
pub fn needs_real_time(demo: &Demo) -> bool {
    demo.name == "network"
}

/// Runs the demo and keeps what is seen. Its output is in the log and nowhere else.
pub fn see(demo: &'static Demo, real_time: bool) -> Result<Seen> {
    let stage =
        if real_time || needs_real_time(demo) { Stage::in_real_time() } else { Stage::in_virtual_time() };
    let output = Capture::start()?;
    let recorder = Recorder::new().with_output(output.reader());
    let ran = demo.run(&stage.recorded_by(recorder.clone()));
    let log = recorder.log();
    drop(output);
    ran.map_err(|error| anyhow!("{}: {error}", demo.name))?;
    Ok(Seen { demo, log })
}

impl Seen {
    /// All that the program printed.
    pub fn output(&self) -> String {
        let printed = |event: &Event| match event {
            Event::Printed { text } => Some(text.clone()),
            _ => None,
        };
        self.log.records().iter().filter_map(|record| printed(&record.event)).collect()
    }

    /// Who had control, place by place.
    pub fn walk(&self) -> String {
        let places: Vec<_> = self.log.walk().iter().map(ToString::to_string).collect();
        shortened(&places, "places")
    }

    /// The same in plain words.
    pub fn words(&self) -> String {
        let story = self.log.narration();
        shortened(&story.lines().map(ToOwned::to_owned).collect::<Vec<_>>(), "lines")
    }

    /// The page with this demo on it, and its source.
    pub fn on_page(&self, page: Page) -> Page {
        page.log(self.demo.name, &self.log).source(&self.demo.file(), self.demo.source)
    }

    /// The lanes, under the demo's name.
    pub fn timeline(&self, width: usize) -> String {
        format!("{}: {}\n\n{}", self.demo.name, self.demo.title(), self.log.timeline(width))
    }
}

fn shortened(lines: &[String], what: &str) -> String {
    let mut text = String::new();
    for line in lines.iter().take(LONGEST) {
        let _ = writeln!(text, "{line}");
    }
    if lines.len() > LONGEST {
        let _ = writeln!(text, "… and {} {what} more", lines.len() - LONGEST);
    }
    text
}
