//! Pictures of the article's programs, against the texts in `golden/`. With `CEDE_BLESS=1` the texts are
//! written anew, to be read before they are committed.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use cede_tests::{cede, data};
use serde_json::Value;

const DEMOS: [&str; 4] = ["await-coroutine", "await-task", "triple", "async-sleep"];

fn printed(arguments: &[&str]) -> String {
    let output = cede(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cede writes UTF-8")
}

/// A file that `cede demo NAME OPTION FILE` writes.
fn written(demo: &str, option: &str) -> String {
    // Tests run side by side, and several look at the same demo.
    static FILES: AtomicU32 = AtomicU32::new(0);
    let number = FILES.fetch_add(1, Relaxed);
    let file = std::env::temp_dir().join(format!("cede-{}-{number}-{demo}{option}", std::process::id()));
    let path = file.to_str().expect("a temporary file's name is UTF-8");
    assert_eq!(printed(&["demo", demo, option, path]), "", "its output is in the picture");
    let text = fs::read_to_string(&file).expect("the file was written");
    fs::remove_file(&file).expect("it can be removed");
    text
}

#[track_caller]
fn assert_golden(name: &str, text: &str) {
    let file: PathBuf = data().join("seeing/golden").join(name);
    if std::env::var_os("CEDE_BLESS").is_some() {
        fs::write(&file, text).expect("golden texts can be written");
    }
    let golden = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    assert!(golden == text, "{name} is not as it was:\n{text}");
}

/// What the page is told to play.
fn played(page: &str) -> Value {
    let (_, data) = page.split_once(r#"<script type="application/json" id="data">"#).expect("the data");
    let (data, _) = data.split_once("</script>").expect("its end");
    serde_json::from_str(data).expect("the data is JSON")
}

/// The sentences of the frames, in order.
fn sentences(play: &Value) -> Vec<String> {
    let frames = play["frames"].as_array().expect("frames");
    frames.iter().map(|frame| frame["text"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn every_picture_is_as_it_was() {
    for demo in DEMOS {
        let words = printed(&["demo", demo, "--explain=words"]);
        assert_golden(&format!("{demo}.words.txt"), &words);
        assert_golden(&format!("{demo}.timeline.txt"), &printed(&["demo", demo, "--timeline"]));
        let page = played(&written(demo, "--html"));
        assert_golden(&format!("{demo}.page.txt"), &(sentences(&page["plays"][0]).join("\n") + "\n"));
    }
    for demo in DEMOS {
        // One event a line.
        let file = written(demo, "--trace").replace("},{", "},\n{");
        assert_golden(&format!("{demo}.perfetto.json"), &middle_counted(&file));
    }
}

/// Without the middle of a file that is longer than anybody reads: async-sleep looks at the clock 300 times.
fn middle_counted(text: &str) -> String {
    const ENDS: usize = 150;
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() <= 4 * ENDS {
        return text.to_owned();
    }
    let (first, rest) = lines.split_at(ENDS);
    let (middle, last) = rest.split_at(rest.len() - ENDS);
    format!("{}\n… {} lines\n{}", first.join("\n"), middle.len(), last.join("\n"))
}

/// Who was given control, step by step, as the event log has it.
fn logged(demo: &str) -> Vec<String> {
    let log = printed(&["demo", demo, "--log"]);
    let steps = log.lines().filter_map(|line| line.split_once("step begins: "));
    steps.map(|(_, task)| task.to_owned()).collect()
}

/// The same, as sentences tell it.
fn told<'a>(sentences: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let given =
        |sentence: &'a str| sentence.trim().strip_prefix("The loop gives control to ")?.split_once(':');
    sentences.into_iter().filter_map(given).map(|(task, _)| task.to_owned()).collect()
}

/// The same, as lanes show it: before the columns that are left out because they are alike, and after them.
fn drawn(timeline: &str) -> [Vec<String>; 2] {
    let mut parts = [Vec::new(), Vec::new()];
    let mut part = 0;
    let mut before = None;
    for block in timeline.split("\n\n").filter(|block| block.starts_with("turn")) {
        let lanes: Vec<&str> = block.lines().skip(1).filter(|line| !line.starts_with("prints")).collect();
        let labels: Vec<&str> = lanes.iter().map(|line| label(line)).collect();
        let start = labels.iter().map(|label| label.chars().count()).max().expect("a lane") + 2;
        let length = lanes.iter().map(|line| line.chars().count()).max().expect("a lane");
        for column in start..length {
            let at = |line: &str| line.chars().nth(column).unwrap_or(' ');
            if lanes.iter().any(|line| at(line) == '⋯') {
                part = 1;
            }
            let now = lanes.iter().position(|line| "█▓".contains(at(line)));
            if now != before {
                parts[part].extend(now.map(|lane| labels[lane].to_owned()));
                before = now;
            }
        }
    }
    parts.map(|lanes| lanes.into_iter().filter(|lane| lane.ends_with(')')).collect())
}

/// What stands before a lane: no label has two spaces in it.
fn label(line: &str) -> &str {
    let indent = line.len() - line.trim_start().len();
    line[indent..].find("  ").map_or(line, |end| &line[..indent + end])
}

/// The same, as the tracks of the file for Perfetto have it: a stretch of control begins where none was on the
/// track.
fn on_tracks(file: &str) -> Vec<String> {
    let file: Value = serde_json::from_str(file).expect("JSON");
    let mut names = std::collections::BTreeMap::new();
    let mut depth = std::collections::BTreeMap::new();
    let mut steps = Vec::new();
    for event in file["traceEvents"].as_array().expect("events") {
        let track = event["tid"].as_u64();
        let depth = depth.entry(track).or_insert(0);
        match event["ph"].as_str() {
            Some("M") if event["name"] == "thread_name" => {
                names.insert(track, event["args"]["name"].as_str().expect("a name").to_owned());
            }
            Some("B") => {
                if *depth == 0 && track != Some(0) {
                    steps.push(names[&track].clone());
                }
                *depth += 1;
            }
            Some("E") => *depth -= 1,
            _ => {}
        }
    }
    steps
}

#[test]
fn all_pictures_have_the_order_of_the_event_log() {
    for demo in DEMOS {
        let order = logged(demo);
        assert!(order.len() >= 3, "{demo}: {order:?}");
        assert_eq!(on_tracks(&written(demo, "--trace")), order, "{demo}");
        // The others leave out turns that are like the one before; what they show is the beginning and the end.
        let page = sentences(&played(&written(demo, "--html"))["plays"][0]);
        let words = printed(&["demo", demo, "--explain=words"]);
        let [first, last] = drawn(&printed(&["demo", demo, "--timeline"]));
        let first_and_last = |lines: &[&str]| {
            let left_out = lines.iter().position(|line| line.trim().starts_with('…')).unwrap_or(lines.len());
            [told(lines[..left_out].to_vec()), told(lines[left_out..].to_vec())]
        };
        let words = first_and_last(&words.lines().collect::<Vec<_>>());
        let page = first_and_last(&page.iter().map(String::as_str).collect::<Vec<_>>());
        for (picture, [first, last]) in [("lanes", [first, last]), ("words", words), ("page", page)] {
            assert!(order.starts_with(&first), "{demo}, {picture}: {first:?} of {order:?}");
            assert!(order.ends_with(&last), "{demo}, {picture}: {last:?} of {order:?}");
            let whole = demo != "async-sleep";
            assert_eq!(first.len() + last.len() == order.len(), whole, "{demo}, {picture}");
            assert!(
                first.len() >= 3 && (whole || !last.is_empty()),
                "{demo}, {picture}: {first:?}, {last:?}"
            );
        }
    }
}

#[test]
fn the_page_tells_what_the_narration_tells_in_the_same_order() {
    for demo in &DEMOS[..3] {
        let words = printed(&["demo", demo, "--explain=words"]);
        let story = words.split_once("\n\n").expect("output, then the story").1;
        let told: Vec<&str> = story
            .lines()
            .map(|line| line.trim().rsplit_once("  [").map_or(line.trim(), |(text, _place)| text))
            .collect();
        let page = played(&written(demo, "--html"));
        assert_eq!(sentences(&page["plays"][0]), told, "{demo}");
    }
}

#[test]
fn the_file_for_perfetto_has_a_track_a_task_and_arrows_that_arrive() {
    let file: Value = serde_json::from_str(&written("await-task", "--trace")).expect("JSON");
    let events = file["traceEvents"].as_array().expect("events");
    let of = |phase: &str| -> Vec<&Value> { events.iter().filter(|event| event["ph"] == phase).collect() };
    let names: Vec<_> = of("M").iter().filter_map(|event| event["args"]["name"].as_str()).collect();
    assert_eq!(names.len(), 1 + 7, "the loop and seven tasks: {names:?}");
    // Every stretch of control ends on its own track, and every arrow's end has its beginning.
    let mut depth = std::collections::BTreeMap::new();
    for event in events {
        let depth = depth.entry(event["tid"].as_u64()).or_insert(0);
        match event["ph"].as_str() {
            Some("B") => *depth += 1,
            Some("E") => *depth -= 1,
            _ => {}
        }
        assert!(*depth >= 0, "{event}");
    }
    assert!(depth.values().all(|depth| *depth == 0), "{depth:?}");
    let id = |event: &&Value| event["id"].as_u64();
    let (begun, arrived): (Vec<_>, Vec<_>) =
        (of("s").iter().map(id).collect(), of("f").iter().map(id).collect());
    assert_eq!(begun, arrived, "each wake leads to a step");
    let times: Vec<_> = events.iter().filter_map(|event| event["ts"].as_u64()).collect();
    assert!(times.is_sorted());
}

#[test]
fn two_programs_can_be_seen_side_by_side() {
    let both = printed(&["demo", "await-coroutine", "--timeline", "--beside", "await-task"]);
    let (one, other) = both.split_once("\n\n\n").expect("two timelines");
    assert!(one.starts_with("await-coroutine: ") && other.starts_with("await-task: "));
    // Control never leaves main's lane for the loop while it awaits coroutines; it does for each task.
    let row = |text: &str, name: &str| text.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(row(one, "main").contains("██▓▓██▓▓██▓▓██▓▓██▓▓██"), "{one}");
    assert_eq!(row(other, "main").matches('█').count(), 2 * 6, "{other}");
    assert_eq!(row(one, "prints").split_whitespace().collect::<String>(), "prints111112");
    assert_eq!(row(other, "prints").split_whitespace().collect::<String>(), "prints122222");
}

#[test]
fn a_demo_that_makes_no_picture_says_why_in_a_line() {
    for (demo, why) in [("rock", "no event loop"), ("perf-task", "run for its speed")] {
        for option in ["--timeline", "--explain"] {
            let output = cede(["demo", demo, option]);
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{said}");
            assert!(output.stdout.is_empty() && said.lines().count() == 1 && said.contains(why), "{said}");
        }
    }
}

#[test]
fn every_other_demo_can_be_explained() {
    let list = printed(&["demo"]);
    let names = list.lines().filter_map(|line| line.split_whitespace().next());
    for demo in
        names.filter(|name| cede(["demo", name, "--source"]).stdout.windows(6).any(|at| at == b"&Stage"))
    {
        if !demo.starts_with("perf-") && demo != "network" {
            let words = printed(&["demo", demo, "--explain=words"]);
            assert!(words.contains("gives control to the event loop"), "{demo}: {words}");
        }
    }
}
