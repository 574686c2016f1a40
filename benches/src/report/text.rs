//! Tables for a terminal.

use super::number;
use crate::machine::Machine;
use crate::runner::{Results, Row, Table};
use std::fmt::Write as _;

/// The whole report as text.
#[must_use]
pub fn render(results: &Results, machine: &Machine) -> String {
    let mut out = format!("{machine}\n");
    for table in &results.tables {
        one(&mut out, table);
    }
    if !results.missing.is_empty() {
        out.push_str("\nnot on this machine:\n");
        for missing in &results.missing {
            _ = writeln!(out, "  {}: install {}", missing.system, missing.package);
        }
    }
    _ = writeln!(out, "\n{:.0} s", results.took.as_secs_f64());
    out
}

fn one(out: &mut String, table: &Table) {
    let workload = &table.workload;
    _ = writeln!(out, "\n{}  {} ({}, lower is better)", workload.id, workload.title, workload.unit);
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
}

fn name(row: &Row) -> String {
    format!("{} {}", row.system, row.version).trim_end().to_owned()
}
