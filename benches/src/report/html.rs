//! The report for a browser: one page without anything from outside, bar charts with ranges.

use super::number;
use crate::machine::Machine;
use crate::runner::{CEDE, Results, Row, Table};
use std::fmt::Write as _;

/// The whole report as a page.
#[must_use]
pub fn render(results: &Results, machine: &Machine) -> String {
    let mut out = String::from("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.push_str("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.push_str("<title>cede and its peers, measured</title>\n<style>\n");
    out.push_str(include_str!("page.css"));
    out.push_str("</style>\n</head>\n<body>\n<main>\n<h1>cede and its peers, measured</h1>\n");
    _ = writeln!(out, "<p class=\"machine\">{}</p>", escape(&machine.to_string()));
    let effort = if results.quick { "Quick run" } else { "Full run" };
    let minutes = results.took.as_secs_f64() / 60.0;
    _ = writeln!(
        out,
        "<p>{effort}, {minutes:.0} minutes. A bar is the median of the rounds, the line across it goes from the \
         best round to the worst. <b>×</b> is how much better cede is: the median over the rounds of the ratio \
         within a round, above 1 where cede is better. The best stands first; shorter is better but for requests a \
         second, where longer is. Rounds are interleaved and \
         each runs in a process of its own.</p>"
    );
    overview(&mut out, &results.tables);
    for table in &results.tables {
        chart(&mut out, table);
    }
    if !results.missing.is_empty() {
        out.push_str("<section>\n<h2>Not on this machine</h2>\n<ul>\n");
        for missing in &results.missing {
            let (system, package) = (escape(missing.system), escape(&missing.package));
            _ = writeln!(out, "<li>{system}: install {package}</li>");
        }
        out.push_str("</ul>\n</section>\n");
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

/// One line a workload: cede, and the best of the others.
fn overview(out: &mut String, tables: &[Table]) {
    if tables.len() < 2 {
        return;
    }
    out.push_str("<section>\n<h2>Overview</h2>\n<div class=\"scroll\"><table>\n<tr><th>id<th>workload");
    out.push_str(
        "<th class=\"n\">cede<th>unit<th>best of the others<th class=\"n\">there<th class=\"n\">×</tr>\n",
    );
    for table in tables {
        let id = escape(&table.workload.id);
        let cede = table.rows.iter().find(|row| row.system == CEDE).and_then(|row| row.summary);
        let cede = cede.map_or_else(|| "–".to_owned(), |s| number(s.median));
        let best = table.rows.iter().find(|row| row.system != CEDE && row.summary.is_some());
        let (name, value, ratio) = best.map_or_else(Default::default, |row| {
            let value = row.summary.map(|s| number(s.median)).unwrap_or_default();
            (row.system.clone(), value, row.ratio_to_cede.map(number).unwrap_or_default())
        });
        _ = writeln!(
            out,
            "<tr><td><a href=\"#{id}\">{id}</a><td>{}<td class=\"n\">{cede}<td>{}<td>{}<td class=\"n\">{value}\
             <td class=\"n\">{ratio}</tr>",
            escape(&table.workload.title),
            escape(table.workload.unit),
            escape(&name),
        );
    }
    out.push_str("</table></div>\n</section>\n");
}

/// Where a value stands in a chart, in percent of its width.
struct Axis {
    low: f64,
    high: f64,
    logarithmic: bool,
}

impl Axis {
    /// Logarithmic where the medians are more than 30 × apart: else the best bars would be too short to see.
    fn of(rows: &[Row]) -> Self {
        let summaries: Vec<_> = rows.iter().filter_map(|row| row.summary).collect();
        let high = summaries.iter().map(|s| s.max).fold(0.0, f64::max);
        let low = summaries.iter().map(|s| s.min).filter(|v| *v > 0.0).fold(f64::INFINITY, f64::min);
        let widest = summaries.iter().map(|s| s.median).fold(0.0, f64::max);
        if low.is_finite() && widest > 30.0 * low {
            // A little room, so that the best bar has a length.
            let low = 10f64.powf((low.log10() - 0.3).floor());
            return Self { low, high: high * 1.05, logarithmic: true };
        }
        Self { low: 0.0, high: if high > 0.0 { high * 1.02 } else { 1.0 }, logarithmic: false }
    }

    fn place(&self, value: f64) -> f64 {
        let part = if self.logarithmic {
            (value.max(self.low) / self.low).ln() / (self.high / self.low).ln()
        } else {
            value / self.high
        };
        (part * 100.0).clamp(0.0, 100.0)
    }

    fn ticks(&self) -> Vec<f64> {
        if self.logarithmic {
            let mut ticks = Vec::new();
            let mut tick = self.low;
            while tick <= self.high * 1.000_1 {
                ticks.push(tick);
                tick *= 10.0;
            }
            return ticks;
        }
        let step = 10f64.powf((self.high / 2.0).log10().floor());
        let step =
            [5.0, 2.0, 1.0].map(|f| f * step).into_iter().find(|s| self.high / s >= 3.0).unwrap_or(step);
        let mut ticks = vec![0.0];
        while ticks.last().is_some_and(|last| last + step <= self.high) {
            ticks.push(ticks[ticks.len() - 1] + step);
        }
        ticks
    }
}

fn chart(out: &mut String, table: &Table) {
    let workload = &table.workload;
    let axis = Axis::of(&table.rows);
    _ = writeln!(
        out,
        "<section id=\"{0}\">\n<h2><span class=\"id\">{0}</span> {1}</h2>\n<p class=\"unit\">{2}, {4} is better{3}</p>",
        escape(&workload.id),
        escape(&workload.title),
        escape(workload.unit),
        if axis.logarithmic { "; <b>logarithmic scale</b>" } else { "" },
        workload.metric.better().word(),
    );
    out.push_str("<div class=\"chart\" role=\"table\">\n");
    for row in &table.rows {
        bar(out, row, &axis);
    }
    out.push_str("<div class=\"row axis\"><div></div><div class=\"track\">");
    for tick in axis.ticks() {
        let text = number(tick).trim_end_matches(".00").trim_end_matches(".0").to_owned();
        _ = write!(out, "<i style=\"left:{:.2}%\"><span>{text}</span></i>", axis.place(tick));
    }
    out.push_str("</div></div>\n</div>\n</section>\n");
}

fn bar(out: &mut String, row: &Row, axis: &Axis) {
    let class = if row.system == CEDE { "row cede" } else { "row" };
    let (system, version) = (escape(&row.system), escape(&row.version));
    _ = write!(
        out,
        "<div class=\"{class}\" role=\"row\"><div class=\"name\" role=\"cell\">{system} <small>{version}</small></div>"
    );
    let Some(s) = row.summary else {
        let error = escape(row.error.as_deref().unwrap_or("no number"));
        _ = writeln!(out, "<div class=\"failed\" role=\"cell\">did not finish: {error}</div></div>");
        return;
    };
    let (left, right) = (axis.place(s.min), axis.place(s.max));
    let ratio = row
        .ratio_to_cede
        .filter(|_| row.system != CEDE)
        .map_or(String::new(), |r| format!("{} ×", number(r)));
    _ = writeln!(
        out,
        "<div class=\"track\" role=\"cell\" title=\"{} to {} in {} rounds\"><div class=\"bar\" style=\"width:{:.2}%\">\
         </div><div class=\"range\" style=\"left:{left:.2}%;width:{:.2}%\"></div></div>\
         <div class=\"value\" role=\"cell\">{}</div><div class=\"ratio\" role=\"cell\">{ratio}</div></div>",
        number(s.min),
        number(s.max),
        s.rounds,
        axis.place(s.median),
        (right - left).max(0.0),
        number(s.median),
    );
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
