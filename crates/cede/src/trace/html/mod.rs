//! The page that plays a log: source beside lanes, a scrubber, the queue and the callback lists at each
//! moment. One file, nothing from the network.
//!
//! | file | its one idea |
//! |---|---|
//! | `mod.rs` | a page, and what stands on it |
//! | `frames.rs` | the log as frames, for the player |
//! | `page.html`, `page.css`, `player.js` | the player |

mod frames;

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use super::log::Log;

/// A page that plays logs.
///
/// ```
/// use cede::trace::{Page, Recorder};
/// let recorder = Recorder::new();
/// cede::Runner::new().observer(recorder.clone()).run(cede::coroutine(|| ()))?;
/// let html = Page::new("nothing much").log("once", &recorder.log()).to_html();
/// assert!(html.starts_with("<!doctype html>"));
/// # Ok::<(), cede::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Page {
    title: String,
    plays: Vec<(String, Log)>,
    sources: BTreeMap<String, String>,
}

/// More frames than this a page would be slow with.
const MOST_FRAMES: usize = 5_000;

impl Log {
    /// A page that plays this log; see [`Page`].
    pub fn html(&self, title: &str) -> String {
        Page::new(title).log(title, self).to_html()
    }
}

impl Page {
    /// An empty page of this title.
    pub fn new(title: &str) -> Self {
        Page { title: title.to_owned(), plays: Vec::new(), sources: BTreeMap::new() }
    }

    /// With this log on it, under a name; several stand side by side.
    pub fn log(mut self, name: &str, log: &Log) -> Self {
        self.plays.push((name.to_owned(), log.clone()));
        self
    }

    /// With the text of this file, as the log's places name it. Other files are read where they lie, if they
    /// do; without its text a place is a line number.
    pub fn source(mut self, file: &str, text: &str) -> Self {
        self.sources.insert(file.to_owned(), text.to_owned());
        self
    }

    /// The page.
    pub fn to_html(&self) -> String {
        let plays: Vec<Value> = self
            .plays
            .iter()
            .map(|(name, log)| {
                let mut play = frames::play(log, MOST_FRAMES);
                play["name"] = json!(name);
                play
            })
            .collect();
        let data = json!({ "plays": plays, "sources": self.texts() });
        // In a script element only this could end it early.
        let data = data.to_string().replace("</", "<\\/").replace("<!--", "<\\!--");
        include_str!("page.html")
            .replace("{{title}}", &escaped(&self.title))
            .replace("{{css}}", include_str!("page.css"))
            .replace("{{player}}", include_str!("player.js"))
            .replace("{{data}}", &data)
    }

    /// All files that the logs name, as far as they can be had.
    fn texts(&self) -> BTreeMap<String, String> {
        let mut texts = self.sources.clone();
        for (_, log) in &self.plays {
            for file in frames::files(log) {
                if !texts.contains_key(file)
                    && let Ok(text) = fs::read_to_string(file)
                {
                    texts.insert(file.to_owned(), text);
                }
            }
        }
        texts
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
