//! Compares a trace with the recorded one, and says where they part.

use std::fmt;

use serde_json::Value;

/// How many events are shown before the first one that differs.
const BEFORE: usize = 5;

/// Where a trace leaves the recorded one.
#[derive(Debug, PartialEq)]
pub(super) struct Difference {
    /// The number of the first event that differs.
    at: usize,
    /// The events before it, equal on both sides.
    before: Vec<Value>,
    /// The event itself on either side; none where the trace has ended.
    recorded: Option<Value>,
    ours: Option<Value>,
}

impl Difference {
    /// The first event in which two traces differ, as JSON: `1` is not `1.0`, nor `true`.
    pub(super) fn find(recorded: &[Value], ours: &[Value]) -> Option<Self> {
        let longest = recorded.len().max(ours.len());
        let at = (0..longest).find(|&at| recorded.get(at) != ours.get(at))?;
        Some(Self {
            at,
            before: ours[at.saturating_sub(BEFORE)..at].to_vec(),
            recorded: recorded.get(at).cloned(),
            ours: ours.get(at).cloned(),
        })
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "event {} differs", self.at)?;
        for event in &self.before {
            writeln!(f, "            {event}")?;
        }
        for (side, event) in [("recorded", &self.recorded), ("cede", &self.ours)] {
            match event {
                Some(event) => writeln!(f, "  {side:>8}: {event}")?,
                None => writeln!(f, "  {side:>8}: (the trace has ended)")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn events(numbers: &[i64]) -> Vec<Value> {
        numbers.iter().map(|n| json!([n, "T0", "start"])).collect()
    }

    #[test]
    fn equal_traces_have_no_difference() {
        assert_eq!(Difference::find(&events(&[1, 2]), &events(&[1, 2])), None);
    }

    #[test]
    fn the_first_difference_is_shown_on_both_sides_with_five_events_before_it() {
        let (recorded, ours) = (events(&[1, 2, 3, 4, 5, 6, 7, 8]), events(&[1, 2, 3, 4, 5, 6, 0, 0]));
        let difference = Difference::find(&recorded, &ours).expect("the seventh event differs");
        assert_eq!((difference.at, difference.before.len()), (6, 5));
        let text = difference.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "event 6 differs");
        assert_eq!(lines[1], r#"            [2,"T0","start"]"#);
        assert_eq!(lines[6], r#"  recorded: [7,"T0","start"]"#);
        assert_eq!(lines[7], r#"      cede: [0,"T0","start"]"#);
    }

    #[test]
    fn a_trace_that_ends_early_differs() {
        let text = Difference::find(&events(&[1, 2]), &events(&[1])).expect("one is shorter").to_string();
        assert!(text.contains("cede: (the trace has ended)"), "{text}");
    }

    #[test]
    fn numbers_of_another_kind_differ() {
        assert!(Difference::find(&[json!(1)], &[json!(1.0)]).is_some());
        assert!(Difference::find(&[json!(1)], &[json!(true)]).is_some());
    }
}
