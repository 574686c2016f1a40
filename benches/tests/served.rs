//! The harness as a whole: a server's process, the load's process, and what is made of both.

#![forbid(unsafe_code)]

use serde_json::Value;
use std::process::Command;

const HARNESS: &str = env!("CARGO_BIN_EXE_cede-benches");

/// Runs the harness with these arguments and gives its JSON.
fn measured(name: &str, args: &[&str]) -> Value {
    let file = std::env::temp_dir().join(format!("cede-benches-test-{}-{name}.json", std::process::id()));
    let output = Command::new(HARNESS).args(args).args(["--quick", "--json"]).arg(&file).output();
    let output = output.expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(&file).expect("it has written its numbers");
    _ = std::fs::remove_file(&file);
    serde_json::from_str(&text).expect("it is JSON")
}

#[test]
fn a_thousand_connections_get_every_byte_back_from_cede_and_from_epoll_by_hand() {
    let results = measured("echo", &["W9-1000", "--system", "epoll by hand"]);
    let workloads = results["workloads"].as_array().expect("a list");
    let ids: Vec<&str> = workloads.iter().filter_map(|w| w["id"].as_str()).collect();
    assert_eq!(ids, ["W9-1000", "W9-1000-cpu"]);
    for workload in workloads {
        let rows = workload["rows"].as_array().expect("a list");
        let mut systems: Vec<&str> = rows.iter().filter_map(|row| row["system"].as_str()).collect();
        systems.sort_unstable();
        assert_eq!(systems, ["cede", "epoll by hand"], "{workload}");
        for row in rows {
            assert_eq!((&row["error"], &row["rounds"]), (&Value::Null, &Value::from(3)), "{row}");
            assert!(row["median"].as_f64().is_some_and(|median| median > 0.0), "{row}");
        }
    }
}

#[test]
fn a_driver_that_is_missing_is_named_with_its_package() {
    let output = Command::new(HARNESS)
        .args(["http-50", "--quick", "--system", "nobody"])
        .env("PATH", "")
        .output()
        .expect("it starts");
    let shown = String::from_utf8_lossy(&output.stdout);
    let rows: Vec<&str> = shown.lines().filter(|line| line.trim_start().starts_with("cede ")).collect();
    // One in each of the two tables.
    assert_eq!(rows.len(), 2, "{shown}");
    assert!(rows.iter().all(|row| row.ends_with("  needs wrk: install wrk (Debian)")), "{shown}");
}
