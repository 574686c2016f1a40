//! The tests of the conformance rows say which of CPython's tests they follow, and CPython has those.
#![forbid(unsafe_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::process::Stdio;

/// The rows, but for 5, which no test can follow (docs/design.md, "Clauses … without a Rust counterpart").
const ROWS: &str = "1 2 3 4 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 \
    21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40";

/// Every name of CPython's tests that stood in a comment when a CPython was last asked; see `cpython_tests.py`.
const RECORDED: &str = include_str!("cpython_tests.txt");

/// A test of a row.
struct RowTest {
    row: u32,
    /// Its comment, of which CPython's names are words.
    comment: String,
}

/// The tests in the files `FOLDER/row_NN_….rs`.
fn row_tests() -> Vec<RowTest> {
    let mut found = Vec::new();
    for folder in fs::read_dir(cede_tests::data()).expect("the tests' folder").flatten() {
        for file in fs::read_dir(folder.path()).into_iter().flatten().flatten() {
            let name = file.file_name().to_string_lossy().into_owned();
            let Some(row) = name.strip_prefix("row_").and_then(|rest| rest.get(..2)?.parse().ok()) else {
                continue;
            };
            let text = fs::read_to_string(file.path()).expect("a source file");
            let lines: Vec<&str> = text.lines().collect();
            for (at, _) in lines.iter().enumerate().filter(|(_, line)| **line == "#[test]") {
                let above = lines[..at].iter().rev().take_while(|line| line.starts_with("///"));
                found.push(RowTest { row, comment: above.copied().collect() });
            }
        }
    }
    found
}

/// CPython's names in a comment: `test_cancel`, `TestTaskGroup`, `GatherTests`.
fn cpython_names(comment: &str) -> impl Iterator<Item = &str> {
    let words = comment.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.filter(|word| {
        let class = word.starts_with(|c: char| c.is_uppercase())
            && (word.ends_with("Tests") || word.starts_with("Test") || word.ends_with("TestCase"));
        word.starts_with("test_") || class && word.len() > "Tests".len()
    })
}

#[test]
fn every_row_has_tests_and_three_hundred_of_them_name_the_one_of_cpython_they_follow() {
    let mut rows: BTreeMap<u32, usize> = BTreeMap::new();
    let mut following = 0;
    for test in row_tests() {
        *rows.entry(test.row).or_default() += 1;
        following += usize::from(cpython_names(&test.comment).next().is_some());
    }
    let expected: BTreeSet<u32> = ROWS.split(' ').map(|row| row.parse().expect("a number")).collect();
    let missing: Vec<_> = expected.iter().filter(|row| !rows.contains_key(row)).collect();
    assert!(missing.is_empty(), "rows without tests: {missing:?}");
    println!("{} tests of rows, {following} follow tests of CPython: {rows:?}", rows.values().sum::<usize>());
    assert!(following >= 300, "{following}");
}

#[test]
fn the_tests_they_name_are_there() {
    let tests = row_tests();
    let named: BTreeSet<&str> = tests.iter().flat_map(|test| cpython_names(&test.comment)).collect();
    let recorded: BTreeSet<&str> = RECORDED.lines().collect();
    let unknown: Vec<_> = named.difference(&recorded).collect();
    assert!(unknown.is_empty(), "not among those recorded in cpython_tests.txt: {unknown:?}");

    let Some(mut python) = cede_tests::cpython() else {
        eprintln!(
            "no CPython 3.13 is found (CEDE_PYTHON names one): the recorded names are taken as they are"
        );
        return;
    };
    let script = cede_tests::data().join("cpython_tests.py");
    let python = python.arg("-B").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut asked = python.spawn().expect("python starts");
    asked.stdin.take().expect("a pipe").write_all(RECORDED.as_bytes()).expect("it reads");
    let answer = asked.wait_with_output().expect("it ends");
    assert!(answer.status.success(), "CPython has no {}", String::from_utf8_lossy(&answer.stdout));
}

#[test]
fn cpythons_names_are_told_from_other_words() {
    let names: Vec<_> =
        cpython_names("/// test_tasks: GatherTests.test_one, and TestFoo; Tests, a_test_of").collect();
    assert_eq!(names, ["test_tasks", "GatherTests", "test_one", "TestFoo"]);
}
