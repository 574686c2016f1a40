//! House rules that no compiler checks: where `unsafe` may stand, which module may use which, how long a file
//! may be, and that nothing in the project names a place on somebody's machine.
#![forbid(unsafe_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of `unsafe` in the library: stack switching and memory; one function in which a lifetime is
/// forgotten; bytes that are lent to the kernel; what tells of a fork and is made anew after it; what a signal's handler
/// does; and, on other systems than Linux, the registering of descriptors.
const UNSAFE_ROOMS: &[&str] = &[
    "stack/",
    "generator/",
    "task/cell.rs",
    "task/blocks.rs",
    "task/output.rs",
    "task/scope.rs",
    "schedule/ready.rs",
    "reactor/uring/",
    "reactor/portable.rs",
    "this_process/",
    "signals/action.rs",
];

/// What outside the library may hold `unsafe`, and why it must.
const UNSAFE_ELSEWHERE: &[&str] = &[
    "benches/benches/readiness.rs",  // polling's registration
    "benches/src/peers.rs",          // lets in the next one
    "benches/src/peers/may_peer.rs", // a peer whose functions are unsafe
    "tests/examples/planted_bug.rs", // bugs for the sanitizers to find
    "tests/ui/pass/awaits.rs",       // that the macro leaves it alone
    "tests/ui/pass/methods.rs",      // likewise
];

/// The top-level modules of the library, lowest layer first. A module uses its own layer and those below.
const LAYERS: &[(&str, &[&str])] = &[
    (
        "L0 stacks, generators, errors",
        &["name", "this_process", "stack", "generator", "error", "report", "outcome"],
    ),
    (
        "L1 coroutine objects, promises, tasks",
        &[
            "blame",
            "callback",
            "completion",
            "target",
            "schedule",
            "observe",
            "context",
            "coroutine",
            "task",
            "promise",
            "waiter",
            "foreign",
        ],
    ),
    ("L2 the loop and what it owns", &["event_loop", "async_generator", "reactor", "signals", "threads"]),
    ("L3 of the running loop", &["backoff", "facade", "time"]),
    ("L3 coordination", &["sync", "combinators", "contextlib", "compat"]),
    ("L3 on top of that", &["channel", "net", "pipe", "trace", "explore"]),
    ("L3 on top of sockets", &["fs", "loops", "process", "stdio", "streams", "tls"]),
    ("L4 for the macros", &["__private"]),
    ("L4 the guides, which name everything", &["guide"]),
];

/// Modules whose files know each other both ways: a task, what it waits for, and the queue that both are in,
/// are one knot; so are the loop and the sources of work that it owns. Nothing else may be.
const KNOTS: &[&[&str]] = &[
    &[
        "blame",
        "callback",
        "completion",
        "target",
        "schedule",
        "observe",
        "context",
        "coroutine",
        "task",
        "foreign",
        "waiter",
    ],
    &["event_loop", "async_generator", "reactor", "signals", "threads"],
];

/// One idea a file.
const LONGEST: usize = 450;

fn root() -> PathBuf {
    cede_tests::data().join("..").canonicalize().expect("the tests lie in the project")
}

/// All files of the project, as paths from its root.
fn files() -> Vec<String> {
    fn walk(folder: &Path, root: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if entry.is_dir() {
                if !["target", ".git", "proptest-regressions"].contains(&name.as_str()) {
                    walk(&entry, root, found);
                }
            } else if let Ok(path) = entry.strip_prefix(root) {
                found.push(path.to_string_lossy().into_owned());
            }
        }
    }
    let root = root();
    let mut found = Vec::new();
    walk(&root, &root, &mut found);
    found.sort();
    assert!(found.len() > 100, "{}", root.display());
    found
}

fn rust_files() -> impl Iterator<Item = (String, String)> {
    files().into_iter().filter(|path| path.ends_with(".rs")).map(|path| {
        let text = read(&path);
        (path, text)
    })
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A line without its comment and without what stands in quotes.
fn code(line: &str) -> String {
    let mut code = String::new();
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\\' if quoted => drop(chars.next()),
            '"' => quoted = !quoted,
            '/' if !quoted && chars.peek() == Some(&'/') => break,
            _ if quoted => {}
            char => code.push(char),
        }
    }
    code
}

/// Whether the word stands in it by itself.
fn has_word(code: &str, word: &str) -> bool {
    code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|other| other == word)
}

#[track_caller]
fn assert_none(what: &str, found: &[String]) {
    assert!(found.is_empty(), "{what}:\n  {}", found.join("\n  "));
}

#[test]
fn unsafe_code_stands_in_its_rooms_only() {
    let allowed = |path: &str| {
        path.strip_prefix("crates/cede/src/")
            .is_some_and(|path| UNSAFE_ROOMS.iter().any(|room| path.starts_with(room)))
            || UNSAFE_ELSEWHERE.contains(&path)
            || path == "tests/tidy.rs"
            || path.starts_with("crates/cede-macros/") // it reads the word in others' code
    };
    let elsewhere: Vec<_> = rust_files()
        .filter(|(path, _)| !allowed(path))
        .filter(|(_, text)| text.lines().any(|line| has_word(&code(line), "unsafe")))
        .map(|(path, _)| path)
        .collect();
    assert_none("unsafe outside its rooms", &elsewhere);
}

#[test]
fn every_unsafe_block_says_why_it_is_right() {
    let mut unsaid = Vec::new();
    for (path, text) in rust_files().filter(|(path, _)| path != "tests/tidy.rs" && !path.contains("/ui/")) {
        let lines: Vec<_> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let code = code(line);
            if !["unsafe {", "unsafe impl"].iter().any(|block| code.contains(block)) {
                continue;
            }
            // The comment stands right above the statement, which may have begun a few lines before.
            let above = lines[..number].iter().rev().take_while(|line| !line.trim().is_empty()).take(6);
            if !above.into_iter().any(|line| line.contains("// SAFETY: ")) {
                unsaid.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert_none("unsafe without a SAFETY comment", &unsaid);
}

#[test]
fn every_crate_but_the_library_forbids_unsafe_code() {
    let mut roots: Vec<String> = files()
        .into_iter()
        .filter(|path| ["/src/lib.rs", "/src/main.rs"].iter().any(|root| path.ends_with(root)))
        .chain(["tests/lib.rs".to_owned(), "tests/overflow.rs".to_owned()])
        .collect();
    let manifest = read("tests/Cargo.toml");
    let mut in_test = false;
    for line in manifest.lines() {
        match line.split_once(" = ") {
            _ if line.starts_with('[') => in_test = line == "[[test]]",
            Some(("path", path)) if in_test => roots.push(format!("tests/{}", path.trim_matches('"'))),
            _ => {}
        }
    }
    assert!(roots.len() > 10, "{roots:?}");
    // The library itself denies it, and so do the benchmarks, for the sake of one peer.
    let denies = |path: &str| path == "crates/cede/src/lib.rs" || path.starts_with("benches/src/");
    let lax: Vec<_> = roots
        .into_iter()
        .filter(|path| {
            let text = read(path);
            let wanted = if denies(path) { "#![deny(unsafe_code)]" } else { "#![forbid(unsafe_code)]" };
            !text.contains(wanted) && !text.contains("#![forbid(unsafe_code)]")
        })
        .collect();
    assert_none("without forbid(unsafe_code)", &lax);
}

#[test]
fn no_file_of_the_library_is_too_long_to_hold_one_idea() {
    let long: Vec<_> = rust_files()
        .filter(|(path, _)| path.starts_with("crates/cede/src/"))
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(path, lines)| format!("{path}: {lines} lines"))
        .collect();
    assert_none("past 450 lines", &long);
}

#[test]
fn nothing_names_a_place_on_somebodys_machine() {
    let places = [["/wo", "rk"], ["/ro", "ot"], ["/tm", "p"], ["/ho", "me"]].map(|halves| halves.concat());
    let mut named = Vec::new();
    for path in files() {
        let Ok(text) = fs::read_to_string(root().join(&path)) else { continue };
        for (number, line) in text.lines().enumerate() {
            if places.iter().any(|place| names(line, place)) {
                named.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert_none("machine paths", &named);
}

/// Whether the line names this folder or something in it: `/a` and `/a/b`, but not `x/a` nor `/ab`.
fn names(line: &str, place: &str) -> bool {
    let ends = |c: char| c.is_alphanumeric() || "_-.".contains(c);
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + place.len()..].chars().next();
        !before.is_some_and(|c| ends(c) || "}$)~".contains(c)) && !after.is_some_and(ends)
    })
}

#[test]
fn no_test_is_put_off() {
    // An example of the documentation is a test too.
    let marks = [["#[ign", "ore"], ["/// ```ign", "ore"], ["//! ```ign", "ore"]].map(|parts| parts.concat());
    let ignored: Vec<_> = rust_files()
        .filter(|(_, text)| text.lines().any(|line| marks.iter().any(|mark| line.trim().starts_with(mark))))
        .map(|(path, _)| path)
        .collect();
    assert_none("ignored tests", &ignored);
}

#[test]
fn the_tests_that_the_documents_name_are_there() {
    let mut named = 0;
    let mut missing = Vec::new();
    for path in files().into_iter().filter(|path| path.ends_with(".md")) {
        for quoted in read(&path).split('`').skip(1).step_by(2) {
            // `rows/row_01_done::a_new_promise_is_pending`
            let Some((file, test)) =
                quoted.split_once("::").filter(|_| quoted.contains('/') && !quoted.contains(' '))
            else {
                continue;
            };
            named += 1;
            let text = fs::read_to_string(root().join(format!("tests/{file}.rs"))).unwrap_or_default();
            if !text.contains(&format!("\n#[test]\nfn {test}() {{")) {
                missing.push(format!("{path}: {quoted}"));
            }
        }
    }
    assert!(named > 30, "{named}");
    assert_none("tests that are not there", &missing);
}

// ---- who uses whom

/// A source file of the library, by its path from `src`.
type File = String;

/// The top-level module of a file.
fn module_of(file: &str) -> &str {
    file.split(['/', '.']).next().unwrap_or(file)
}

/// The library's files, without their tests: those at a file's end, and those that are files of their own.
fn library() -> BTreeMap<File, String> {
    let inside = |(path, text): (String, String)| {
        let file = path.strip_prefix("crates/cede/src/")?.to_owned();
        Some((file, text))
    };
    let mut library: BTreeMap<_, _> =
        rust_files().filter_map(inside).filter(|(file, _)| file != "lib.rs").collect();
    let mut of_tests = Vec::new();
    for (file, text) in &mut library {
        let folder = file.strip_suffix("mod.rs").unwrap_or_default();
        for test in text.split("#[cfg(test)]\nmod ").skip(1) {
            if let Some((name, _)) = test.split_once([';', ' ']) {
                of_tests.push(format!("{folder}{name}.rs"));
            }
        }
        if let Some(at) = text.find("#[cfg(test)]\nmod tests {") {
            text.truncate(at);
        }
    }
    library.retain(|file, _| !of_tests.contains(file));
    library
}

/// What each file uses of other modules: `crate::a::b…` in its code, tests left out. A path leads to the file
/// that bears its name, else to the module's face, which uses all files of its own.
fn uses() -> BTreeMap<File, BTreeSet<File>> {
    let library = library();
    let modules: BTreeSet<&str> = library.keys().map(|file| module_of(file)).collect();
    let mut uses: BTreeMap<File, BTreeSet<File>> = BTreeMap::new();
    for (file, text) in &library {
        let used = uses.entry(file.clone()).or_default();
        if let Some(folder) = file.strip_suffix("/mod.rs") {
            used.extend(
                library
                    .keys()
                    .filter(|other| {
                        other.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')) && *other != file
                    })
                    .cloned(),
            );
        }
        for line in text.lines().map(code) {
            if line.contains("crate::{__") {
                continue; // the library's own macros
            }
            assert!(
                !line.contains("crate::{"),
                "{file}: one `use` a module, so that this test can read it: {line}"
            );
            for path in line.split("crate::").skip(1) {
                let path =
                    path.split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':').next().unwrap_or("");
                let path: Vec<_> = path.split("::").filter(|part| !part.is_empty()).collect();
                if path.first().is_some_and(|module| modules.contains(module) && *module != module_of(file)) {
                    used.insert(file_at(&path, &library));
                }
            }
        }
    }
    uses
}

/// The file that a path leads to: the deepest there is.
fn file_at(path: &[&str], library: &BTreeMap<File, String>) -> File {
    (1..=path.len())
        .rev()
        .flat_map(|depth| {
            let stem = path[..depth].join("/");
            [format!("{stem}.rs"), format!("{stem}/mod.rs")]
        })
        .find(|file| library.contains_key(file))
        .unwrap_or_else(|| panic!("crate::{} is no file", path.join("::")))
}

fn layer_of(module: &str) -> usize {
    LAYERS
        .iter()
        .position(|(_, modules)| modules.contains(&module))
        .unwrap_or_else(|| panic!("module `{module}` has no layer: give it one in LAYERS"))
}

#[test]
fn modules_use_their_own_layer_and_those_below() {
    let mut upward = Vec::new();
    for (file, used) in uses() {
        for other in used {
            let (from, to) = (layer_of(module_of(&file)), layer_of(module_of(&other)));
            if to > from {
                upward.push(format!("{file} ({}) uses {other} ({})", LAYERS[from].0, LAYERS[to].0));
            }
        }
    }
    assert_none("uses that point up", &upward);
}

#[test]
fn files_of_different_modules_do_not_use_each_other_in_a_circle() {
    let mut circles = Vec::new();
    for circle in circles_of(&uses()) {
        let modules: BTreeSet<&str> = circle.iter().map(|file| module_of(file)).collect();
        let known = KNOTS.iter().any(|knot| modules.iter().all(|module| knot.contains(module)));
        if modules.len() > 1 && !known {
            circles.push(circle.join(" ⇄ "));
        }
    }
    assert_none("circles", &circles);
}

/// The sets of files each of which reaches all others of its set.
fn circles_of(uses: &BTreeMap<File, BTreeSet<File>>) -> Vec<Vec<&str>> {
    let reach: BTreeMap<&str, BTreeSet<&str>> = uses
        .keys()
        .map(|file| {
            let mut reached = BTreeSet::new();
            let mut open = vec![file.as_str()];
            while let Some(file) = open.pop() {
                for other in uses.get(file).into_iter().flatten() {
                    if reached.insert(other.as_str()) {
                        open.push(other);
                    }
                }
            }
            (file.as_str(), reached)
        })
        .collect();
    let mut circles = BTreeSet::new();
    for (file, reached) in &reach {
        if reached.contains(file) {
            let circle: Vec<&str> =
                reached.iter().copied().filter(|other| reach[other].contains(file)).collect();
            circles.insert(circle);
        }
    }
    circles.into_iter().collect()
}

// ---- the tests of these tests

#[test]
fn a_word_in_a_comment_or_in_quotes_is_no_code() {
    assert_eq!(code(r#"let a = "unsafe \" // x"; // unsafe"#).trim_end(), "let a = ;");
    assert!(has_word("let b = unsafe { c };", "unsafe"));
    assert!(!has_word("#![deny(unsafe_code)]", "unsafe"));
}

#[test]
fn a_machine_path_is_told_from_others() {
    let place = ["/wo", "rk"].concat();
    for (line, named) in
        [("see X/shared", true), ("X", true), ("src/worker.rs", false), ("Xload", false), ("aX/b", false)]
    {
        assert_eq!(names(&line.replace('X', &place), &place), named, "{line}");
    }
}

#[test]
fn a_circle_is_found() {
    let uses = |edges: &[(&str, &str)]| {
        let mut uses: BTreeMap<File, BTreeSet<File>> = BTreeMap::new();
        for (from, to) in edges {
            uses.entry((*from).into()).or_default().insert((*to).into());
            uses.entry((*to).into()).or_default();
        }
        uses
    };
    let circle =
        uses(&[("a.rs", "b/mod.rs"), ("b/mod.rs", "b/c.rs"), ("b/c.rs", "a.rs"), ("b/c.rs", "d.rs")]);
    assert_eq!(circles_of(&circle), [vec!["a.rs", "b/c.rs", "b/mod.rs"]]);
    let line = uses(&[("a.rs", "b/mod.rs"), ("b/mod.rs", "b/c.rs"), ("a.rs", "b/c.rs")]);
    assert!(circles_of(&line).is_empty());
}
