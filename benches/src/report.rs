//! What a run shows: text for a terminal, JSON for programs, a page for a browser.

pub mod html;
pub mod json;
pub mod text;

/// A number with as many digits as mean something, thousands parted by commas.
#[must_use]
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return "–".to_owned();
    }
    let digits = match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), None), |(w, r)| (w, Some(r)));
    let mut out = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) && digit.is_ascii_digit() {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(rest) = rest {
        out.push('.');
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{html, json, number, text};
    use crate::machine::Machine;
    use crate::peers::Missing;
    use crate::runner::{CEDE, Results, Row, Table};
    use crate::stats::Summary;
    use crate::workloads;
    use std::time::Duration;

    #[test]
    fn numbers_keep_three_digits_that_mean_something() {
        let texts = [0.345, 1.9, 24.54, 187.3, 8_363.0, 1_234_567.0].map(number);
        assert_eq!(texts, ["0.34", "1.90", "24.5", "187", "8,363", "1,234,567"]);
    }

    /// Two servers and one that could not serve.
    fn echoes() -> Results {
        let row = |system: &str, version: &str, values: [f64; 3], ratio| Row {
            system: system.to_owned(),
            version: version.to_owned(),
            summary: Summary::of(&values.map(Some)),
            ratio_to_cede: Some(ratio),
            error: None,
        };
        let failed = Row {
            system: "may".to_owned(),
            version: "0.3".to_owned(),
            summary: None,
            ratio_to_cede: None,
            error: Some("connection 3, request 17: byte 5 is wrong".to_owned()),
        };
        let rows = vec![
            row(CEDE, "0.1.0", [140_000.0, 150_000.0, 160_000.0], 1.0),
            row("tokio (current-thread)", "1.54", [110_000.0, 120_000.0, 130_000.0], 1.25),
            failed,
        ];
        let mut selected = workloads::selected(&["W9-50".to_owned()], true);
        let missing = vec![Missing { system: "uvloop", package: "uvloop (PyPI)".to_owned() }];
        let tables = vec![Table { workload: selected.remove(0), rows }];
        Results { quick: true, tables, missing, took: Duration::from_secs(90) }
    }

    #[test]
    fn a_table_says_what_is_better_and_who_failed() {
        let shown = text::table(&echoes().tables[0]);
        let expected = "
W9-50  TCP echo, 50 connections, 64 bytes there and back (requests/s, higher is better)
  cede 0.1.0                      150,000      140,000 … 160,000      1.00 ×
  tokio (current-thread) 1.54     120,000      110,000 … 130,000      1.25 ×
  may 0.3                      connection 3, request 17: byte 5 is wrong
";
        assert_eq!(shown, expected);
    }

    #[test]
    fn the_json_says_it_too() {
        let rendered = json::render(&echoes(), &Machine::here());
        let workload = &rendered["workloads"][0];
        assert_eq!(workload["id"], "W9-50");
        assert_eq!(workload["unit"], "requests/s");
        assert_eq!(workload["better"], "higher");
        assert_eq!(workload["rows"][1]["median"], 120_000.0);
        assert_eq!(workload["rows"][1]["ratio_to_cede"], 1.25);
        assert_eq!(workload["rows"][2]["error"], "connection 3, request 17: byte 5 is wrong");
        assert_eq!(rendered["missing"][0]["package"], "uvloop (PyPI)");
    }

    #[test]
    fn the_page_says_it_too() {
        let page = html::render(&echoes(), &Machine::here());
        assert!(page.contains("<p class=\"unit\">requests/s, higher is better</p>"), "{page}");
        assert!(page.contains("did not finish: connection 3, request 17: byte 5 is wrong"), "{page}");
        assert!(page.contains("uvloop: install uvloop (PyPI)"), "{page}");
    }
}
