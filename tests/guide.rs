//! The guide's page for those who come from asyncio has every name of it, says where each is or that it is absent, and
//! has no name that asyncio has not. (That the places exist, rustdoc checks.)
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

const PAGE: &str = include_str!("../crates/cede/src/guide/coming_from_asyncio.md");

/// The names of CPython 3.13's asyncio, as `asyncio_names.py` prints them.
const RECORDED: &str = include_str!("asyncio_names.txt");

/// A row of the page's tables about asyncio: its names, the place and the remark.
struct Row {
    names: Vec<&'static str>,
    place: &'static str,
    remark: &'static str,
}

fn rows() -> Vec<Row> {
    let about_asyncio = PAGE.split_once("# Beside asyncio").expect("the page has that heading").0;
    let cells = about_asyncio.lines().filter(|line| line.starts_with("| `")).map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let ["", names, place, remark, ""] = cells[..] else { panic!("a row has three cells: {line}") };
        (names, place, remark)
    });
    cells
        .map(|(names, place, remark)| {
            let names = names.split(", ").map(|name| {
                name.strip_prefix('`')
                    .and_then(|name| name.strip_suffix('`'))
                    .unwrap_or_else(|| panic!("{name} is no name"))
            });
            Row { names: names.collect(), place, remark }
        })
        .collect()
}

/// `Server.*` stands for `Server` and all it has.
fn stands_for(name: &str, recorded: &str) -> bool {
    match name.strip_suffix(".*") {
        None => name == recorded,
        Some(class) => {
            recorded.strip_prefix(class).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        }
    }
}

#[test]
fn every_name_of_asyncio_stands_on_the_page_once() {
    let rows = rows();
    let mut places: BTreeMap<&str, usize> = RECORDED.lines().map(|name| (name, 0)).collect();
    assert!(places.len() > 290, "{}", places.len());
    for name in rows.iter().flat_map(|row| &row.names) {
        let mut known = false;
        for (_, count) in places.iter_mut().filter(|(recorded, _)| stands_for(name, recorded)) {
            *count += 1;
            known = true;
        }
        assert!(known, "asyncio has no `{name}`");
    }
    let wrong: Vec<_> = places.into_iter().filter(|(_, count)| *count != 1).collect();
    assert!(wrong.is_empty(), "missing, or there several times: {wrong:?}");
}

#[test]
fn every_row_has_a_place_or_says_that_it_is_absent() {
    for Row { names, place, remark } in rows() {
        let has_place = place.contains("](crate::");
        assert!(has_place || remark.starts_with("absent"), "{names:?}: {place:?}, {remark:?}");
    }
}

#[test]
fn the_recorded_names_are_those_of_cpython() {
    let Some(mut python) = cede_tests::cpython() else {
        eprintln!(
            "no CPython 3.13 is found (CEDE_PYTHON names one): the recorded names are taken as they are"
        );
        return;
    };
    let script = cede_tests::data().join("asyncio_names.py");
    let printed = python.args(["-B", "-W", "ignore"]).arg(script).output().expect("python starts");
    assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
    assert_eq!(String::from_utf8_lossy(&printed.stdout), RECORDED);
}
