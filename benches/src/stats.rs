//! The few statistics a row needs.

use crate::workloads::Better;

/// The middle value, or the mean of the two in the middle; `None` of nothing.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        len if len % 2 == 1 => Some(sorted[middle]),
        _ => Some(f64::midpoint(sorted[middle - 1], sorted[middle])),
    }
}

/// What a row shows of one system's rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// The middle of the rounds.
    pub median: f64,
    /// The best round.
    pub min: f64,
    /// The worst round.
    pub max: f64,
    /// How many rounds.
    pub rounds: usize,
}

impl Summary {
    /// Sums up the rounds that finished; `None` if there is none.
    #[must_use]
    pub fn of(rounds: &[Option<f64>]) -> Option<Self> {
        let values: Vec<f64> = rounds.iter().flatten().copied().collect();
        let median = median(&values)?;
        let min = values.iter().copied().fold(f64::INFINITY, f64::min);
        let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        Some(Self { median, min, max, rounds: values.len() })
    }
}

/// How much better cede is: the median over the rounds of `peer / cede`, or of `cede / peer` where more is
/// better, pairing only numbers of the same round, since the machine's speed drifts between rounds.
#[must_use]
pub fn ratio_to_cede(peer: &[Option<f64>], cede: &[Option<f64>], better: Better) -> Option<f64> {
    let pairs = peer.iter().zip(cede).filter_map(|(peer, cede)| Some(((*peer)?, (*cede)?)));
    let ratios: Vec<f64> = pairs
        .map(|(peer, cede)| match better {
            Better::Lower => (peer, cede),
            Better::Higher => (cede, peer),
        })
        .filter(|(_, by)| *by > 0.0)
        .map(|(ratio, by)| ratio / by)
        .collect();
    median(&ratios)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_is_between_the_two_in_the_middle() {
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }

    #[test]
    fn the_ratio_pairs_numbers_of_one_round() {
        // The second round was twice as slow for both: the ratio does not move.
        let peer = [Some(40.0), Some(80.0), None];
        let cede = [Some(10.0), Some(20.0), Some(1.0)];
        assert_eq!(ratio_to_cede(&peer, &cede, Better::Lower), Some(4.0));
    }

    #[test]
    fn the_ratio_says_how_much_better_cede_is_either_way() {
        let (peer, cede) = ([Some(100.0)], [Some(150.0)]);
        assert_eq!(ratio_to_cede(&peer, &cede, Better::Higher), Some(1.5));
        assert_eq!(ratio_to_cede(&cede, &peer, Better::Lower), Some(1.5));
    }

    #[test]
    fn a_failed_round_is_left_out_of_the_summary() {
        let summary = Summary::of(&[Some(2.0), None, Some(6.0)]);
        assert_eq!(summary, Some(Summary { median: 4.0, min: 2.0, max: 6.0, rounds: 2 }));
    }
}
