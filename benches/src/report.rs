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
    use super::number;

    #[test]
    fn numbers_keep_three_digits_that_mean_something() {
        let texts = [0.345, 1.9, 24.54, 187.3, 8_363.0, 1_234_567.0].map(number);
        assert_eq!(texts, ["0.34", "1.90", "24.5", "187", "8,363", "1,234,567"]);
    }
}
