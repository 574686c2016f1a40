//! Versions of the crates this binary was built with, from the lock file.

/// The lock file at build time.
const LOCK: &str = include_str!("../../Cargo.lock");

/// The version of a crate; the highest one listed if there are several.
#[must_use]
pub fn of(name: &str) -> Option<String> {
    let mut found = None;
    let mut lines = LOCK.lines();
    while let Some(line) = lines.next() {
        if line.strip_prefix("name = ").is_some_and(|quoted| quoted.trim_matches('"') == name) {
            found = lines.next().and_then(|line| line.strip_prefix("version = "));
        }
    }
    found.map(|quoted| quoted.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_lock_file_names_the_versions() {
        assert!(super::of("corosensei").is_some_and(|v| v.starts_with("0.")));
        assert_eq!(super::of("no-such-crate"), None);
    }
}
