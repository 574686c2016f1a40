//! Tables for a terminal.

use super::number;
use crate::runner::{Results, Row, Table};
use std::fmt::Write as _;

/// What stands below the tables: the systems that are not here, and how long the run took.
#[must_use]
pub fn closing(results: &Results) -> String {
    let mut out = String::new();
    if !results.missing.is_empty() {
        out.push_str("\nnot on this machine:\n");
        for missing in &results.missing {
            _ = writeln!(out, "  {}: install {}", missing.system, missing.package);
        }
    }
    _ = writeln!(out, "\n{:.0} s", results.took.as_secs_f64());
    out
}

/// One workload's table.
#[must_use]
pub fn table(table: &Table) -> String {
    let mut out = String::new();
    let workload = &table.workload;
    let better = workload.metric.better().word();
    _ = writeln!(out, "\n{}  {} ({}, {better} is better)", workload.id, workload.title, workload.unit);
    let width = table.rows.iter().map(|row| name(row).chars().count()).max().unwrap_or(0);
    for row in &table.rows {
        let name = name(row);
        match (&row.summary, &row.error) {
            (Some(s), _) => {
                let ratio = row.ratio_to_cede.map_or(String::new(), |r| format!("  {:>8} ×", number(r)));
                let range = format!("{} … {}", number(s.min), number(s.max));
                _ = writeln!(out, "  {name:<width$}  {:>10}  {range:>21}{ratio}", number(s.median));
            }
            (None, error) => {
                _ = writeln!(out, "  {name:<width$}  {}", error.as_deref().unwrap_or("no number"));
            }
        }
    }
    out
}

fn name(row: &Row) -> String {
    format!("{} {}", row.system, row.version).trim_end().to_owned()
}
