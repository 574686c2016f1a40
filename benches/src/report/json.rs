//! The report for programs.
//!
//! ```json
//! {"machine": {"cpu": "…", …}, "quick": false, "seconds": 1834,
//!  "workloads": [{"id": "W3", "title": "…", "unit": "ns/task", "better": "lower",
//!    "rows": [{"system": "cede", "version": "0.1.0", "median": 14.1, "min": 13.8, "max": 15.2,
//!              "rounds": 7, "ratio_to_cede": 1.0, "error": null}]}],
//!  "missing": [{"system": "Go", "package": "golang-go (Debian)"}]}
//! ```

use crate::machine::Machine;
use crate::runner::{Results, Row};
use serde_json::{Value, json};

/// The whole report as JSON.
#[must_use]
pub fn render(results: &Results, machine: &Machine) -> Value {
    let Machine { cpu, cores, memory_gib, os, kernel, load, time } = machine;
    let workloads: Vec<Value> = results
        .tables
        .iter()
        .map(|table| {
            let w = &table.workload;
            let rows: Vec<Value> = table.rows.iter().map(row).collect();
            let better = w.metric.better().word();
            json!({"id": w.id, "title": w.title, "unit": w.unit, "better": better, "rows": rows})
        })
        .collect();
    let missing: Vec<Value> =
        results.missing.iter().map(|m| json!({"system": m.system, "package": m.package})).collect();
    json!({
        "machine": {"cpu": cpu, "cores": cores, "memory_gib": memory_gib, "os": os, "kernel": kernel,
                    "load": load, "time_utc": time},
        "quick": results.quick,
        "seconds": results.took.as_secs(),
        "workloads": workloads,
        "missing": missing,
    })
}

fn row(row: &Row) -> Value {
    json!({
        "system": row.system,
        "version": row.version,
        "median": row.summary.map(|s| s.median),
        "min": row.summary.map(|s| s.min),
        "max": row.summary.map(|s| s.max),
        "rounds": row.summary.map_or(0, |s| s.rounds),
        "ratio_to_cede": row.ratio_to_cede,
        "error": row.error,
    })
}
