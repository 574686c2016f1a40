//! Every demo prints what its Python original prints under CPython 3.13.0 (`demos/NAME.txt`), and exits 0.
#![forbid(unsafe_code)]

use cede_tests::{binary, cede, data};
use std::fs;
use std::process::{Command, Output};
use std::sync::OnceLock;

/// What CPython prints.
fn expected(demo: &str) -> String {
    let file = data().join("demos").join(demo).with_extension("txt");
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// What `cede` prints; it must exit with 0.
fn printed(arguments: &[&str]) -> String {
    let output = cede(arguments);
    let reported = text(&output.stderr);
    assert!(output.status.success(), "cede {arguments:?}: {}\n{reported}", output.status);
    text(&output.stdout)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("cede writes UTF-8")
}

/// `text` without what no two runs share: the times of the two perf programs.
fn masked(text: &str) -> String {
    let mask = |line: &str| {
        let is_time =
            |text: &str| text.strip_suffix(" s").is_some_and(|number| number.parse::<f64>().is_ok());
        match line.split_once("time elapsed: ") {
            Some((before, time)) if is_time(time) => format!("{before}time elapsed: … s\n"),
            _ => format!("{line}\n"),
        }
    };
    text.lines().map(mask).collect()
}

/// Asserts that `arguments` print what CPython prints for `demo`.
///
/// A few programs print tenths of real seconds. Those may be tried again: others may have had the machine.
fn assert_prints(demo: &str, arguments: &[&str], tries: u32) {
    let expected = masked(&expected(demo));
    for _ in 1..tries {
        if masked(&printed(arguments)) == expected {
            return;
        }
    }
    assert_eq!(masked(&printed(arguments)), expected, "{arguments:?}");
}

macro_rules! prints_what_cpython_prints {
    ($($test:ident: $demo:literal,)*) => {
        /// Every demo, in the order of the article.
        const DEMOS: &[&str] = &[$($demo),*];
    $(
        #[test]
        fn $test() {
            assert_prints($demo, &["demo", $demo], if $demo == "network" { 5 } else { 1 });
        }
    )*
    };
}

prints_what_cpython_prints! {
    generator: "generator",
    coroutine_object: "coroutine-object",
    never_awaited: "never-awaited",
    task_creation: "task-creation",
    plant_a_tree: "plant-a-tree",
    await_coroutine: "await-coroutine",
    await_task: "await-task",
    future_cedes: "future-cedes",
    timers_best_effort: "timers-best-effort",
    factorial: "factorial",
    percolate: "percolate",
    rock: "rock",
    async_sleep: "async-sleep",
    debug_mode: "debug-mode",
    task_lifetime: "task-lifetime",
    triple: "triple",
    network: "network",
    perf_coroutine: "perf-coroutine",
    perf_task: "perf-task",
}

#[test]
fn the_greedy_demos_print_the_same_in_real_time() {
    for demo in ["timers-best-effort", "debug-mode", "async-sleep"] {
        assert_prints(demo, &["demo", demo, "--real-time"], 5);
    }
}

#[test]
fn the_future_nobody_sets_is_reported_as_a_deadlock_on_standard_error() {
    let reported = text(&cede(["demo", "future-cedes"]).stderr);
    assert!(reported.starts_with("deadlock: "), "{reported}");
    assert!(reported.contains("(main, created at crates/cede-cli/src/demos/future_cedes.rs"), "{reported}");
}

#[test]
fn the_source_shown_is_the_file() {
    for demo in DEMOS {
        let module = demo.replace('-', "_");
        let file = data().join("../crates/cede-cli/src/demos").join(module).with_extension("rs");
        assert_eq!(printed(&["demo", demo, "--source"]), fs::read_to_string(file).unwrap(), "{demo}");
    }
}

#[test]
fn the_list_names_every_demo_once_in_the_order_of_the_article() {
    let list = printed(&["demo"]);
    let names: Vec<_> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, DEMOS);
    assert!(list.lines().all(|line| line.chars().count() <= 80), "{list}");
}

#[test]
fn an_unknown_demo_is_refused_with_the_names_near_it() {
    let Output { status, stdout, stderr } = cede(["demo", "tripel"]);
    let reported = text(&stderr);
    assert_eq!(status.code(), Some(2));
    assert!(stdout.is_empty());
    assert!(reported.contains("'tripel'"), "{reported}");
    assert!(reported.contains("similar") && reported.contains("'triple'"), "{reported}");
}

/// What `cede` alone prints.
fn tour() -> &'static str {
    static TOUR: OnceLock<String> = OnceLock::new();
    TOUR.get_or_init(|| printed(&[]))
}

#[test]
fn the_tour_holds_every_listing_and_what_it_prints() {
    let tour = unhurried(&masked(tour()));
    for demo in DEMOS {
        let source = printed(&["demo", demo, "--source"]);
        let listing = source.lines().skip_while(|line| line.is_empty() || line.starts_with("//!"));
        assert!(tour.contains(&indented(listing, "  ")), "the listing of {demo}");
        let output = indented(masked(&expected(demo)).lines(), "    ");
        assert!(tour.contains(&unhurried(&output)), "what {demo} prints");
    }
}

/// `tour` without the tenths of seconds that `network` took: its own test looks at them.
fn unhurried(tour: &str) -> String {
    let hide = |line: &str| {
        if line.starts_with("    about 0.") { "    about …\n".into() } else { format!("{line}\n") }
    };
    tour.lines().map(hide).collect()
}

/// `lines` as the tour sets them: indented, blank ones left blank.
fn indented<'a>(lines: impl Iterator<Item = &'a str>, by: &str) -> String {
    lines.map(|line| format!("{by}{line}").trim_end().to_owned() + "\n").collect()
}

#[test]
fn the_tour_fits_80_columns_and_ends_with_both_timings() {
    let tour = tour();
    for line in tour.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let last_page: Vec<_> = tour.lines().rev().take(8).collect();
    for what in ["await coroutine", "await task"] {
        let row = last_page.iter().find(|line| line.trim().starts_with(what));
        assert!(row.is_some_and(|line| line.contains(" s")), "{what}: {last_page:#?}");
    }
}

#[test]
fn without_a_python_the_tour_says_so_in_a_line() {
    let mut command = Command::new(binary());
    let output = command.env("PATH", "").env_remove("CEDE_PYTHON").output().expect("cede runs");
    let tour = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(tour.matches("No python3 was found").count(), 1);
    assert!(!tour.contains("CPython 3"));
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    for arguments in [&[][..], &["demo"], &["demo", "factorial"], &["demo", "factorial", "--source"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe can be made");
        drop(reader);
        let output = Command::new(binary()).args(arguments).stdout(writer).output().expect("cede runs");
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{arguments:?}: {}",
            text(&output.stderr)
        );
    }
}

#[test]
fn nothing_is_coloured_unless_a_terminal_reads_it() {
    assert!(!tour().contains('\x1b'));
    assert!(!printed(&["demo"]).contains('\x1b'));
}

#[test]
fn explain_walks_with_control_through_triple() {
    let walk = "\
program
  event loop
    main's step
      main
        await of triple's task
      main
    main's step
  event loop
    triple's step
      triple
    triple's step
  event loop
    main's step
        await
      main
    main's step
  event loop
";
    assert_eq!(printed(&["demo", "triple", "--explain"]), format!("17\n\n{walk}"));
}

#[test]
fn a_demo_without_a_loop_has_no_walk_to_explain() {
    let output = cede(["demo", "rock", "--explain"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert!(text(&output.stderr).contains("no event loop"));
}
