//! The guide and the README: every listing of a demo is that demo's source, every console shows what the
//! command prints, and every other listing is compiled (`lib.rs`).
//!
//! With `CEDE_BLESS=1` the consoles are written anew, to be read before they are committed.
#![forbid(unsafe_code)]

use std::fs;
use std::path::{Path, PathBuf};

use cede_tests::{cede, data};

fn pages() -> Vec<PathBuf> {
    let root = data().join("..");
    let guide = fs::read_dir(root.join("docs/guide")).expect("the guide");
    let mut pages: Vec<_> = guide
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.push(root.join("README.md"));
    pages.sort();
    pages
}

fn read(page: &Path) -> String {
    fs::read_to_string(page).unwrap_or_else(|error| panic!("{}: {error}", page.display()))
}

/// The fenced blocks of a page: what stands behind the fence, and the text.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let mut blocks = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once("\n```") {
        let (info, after) = after.split_once('\n').expect("a line");
        let (text, after) = after.split_once("```\n").expect("a closed fence");
        blocks.push((info, text));
        rest = after;
        // The next fence may stand right behind.
        if let Some(stripped) = rest.strip_prefix("```") {
            let (info, after) = stripped.split_once('\n').expect("a line");
            let (text, after) = after.split_once("```\n").expect("a closed fence");
            blocks.push((info, text));
            rest = after;
        }
    }
    blocks
}

fn printed(arguments: &[&str]) -> String {
    let output = cede(arguments);
    String::from_utf8(output.stdout).expect("cede writes UTF-8")
}

#[test]
fn every_console_shows_what_the_command_prints() {
    let mut checked = 0;
    for page in pages() {
        let mut text = read(&page);
        for (info, block) in blocks(&text.clone()) {
            if info != "console" {
                continue;
            }
            let (command, shown) = block.split_once('\n').expect("a command, then what it prints");
            let command = command.strip_prefix("$ cede ").unwrap_or_else(|| panic!("{command}"));
            let prints = printed(&command.split(' ').collect::<Vec<_>>());
            if std::env::var_os("CEDE_BLESS").is_some() {
                text = text.replace(block, &format!("$ cede {command}\n{prints}"));
                fs::write(&page, &text).expect("the page can be written");
            } else {
                assert!(shown == prints, "{}: $ cede {command}\n{prints}", page.display());
            }
            checked += 1;
        }
    }
    assert!(checked >= 10, "{checked} consoles");
}

#[test]
fn every_listing_of_a_demo_is_its_source() {
    let mut checked = 0;
    for page in pages() {
        for (info, block) in blocks(&read(&page)) {
            let Some((_, demo)) = info.split_once("demo=") else { continue };
            let source = match demo {
                "explore" => printed(&["explore", "--source"]),
                _ => printed(&["demo", demo, "--source"]),
            };
            for part in block.split("// …\n") {
                assert!(source.contains(part), "{}: not in {demo}:\n{part}", page.display());
            }
            checked += 1;
        }
    }
    assert!(checked >= 6, "{checked} listings");
}

#[test]
fn the_readmes_own_program_is_an_example_that_runs() {
    let readme = read(&data().join("../README.md"));
    let example = read(&data().join("../crates/cede/examples/picture.rs"));
    let (_, program) = example.split_once("\n\n").expect("a sentence, then the program");
    assert!(blocks(&readme).iter().any(|(info, block)| *info == "rust,ignore" && *block == program));
    let lines = program.lines().filter(|line| !line.is_empty()).count();
    assert!(lines <= 15 + 3, "{lines}");
}

#[test]
fn every_link_of_the_guide_leads_somewhere() {
    for page in pages() {
        let text = read(&page);
        for link in text.split("](").skip(1) {
            let target = link.split([')', '#']).next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") {
                let folder = page.parent().expect("a page lies in a folder");
                assert!(folder.join(target).exists(), "{}: {target}", page.display());
            }
        }
    }
}
