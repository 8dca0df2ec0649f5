//! What was measured, and what it comes to: medians, ratios and their spread.

/// One measured run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sample {
    /// Wall clock, all commands of the run together.
    pub(crate) seconds: f64,
    /// The most memory that was resident, in bytes; of several commands, the largest.
    pub(crate) peak_memory: u64,
}

/// The same work done by refsync and by something else, in pairs that ran one right after the other.
#[derive(Debug, Clone)]
pub(crate) struct Comparison {
    /// What was done.
    pub(crate) work: String,
    /// By what else.
    pub(crate) against: &'static str,
    /// What the ratio should not exceed.
    pub(crate) limit: Option<f64>,
    /// Refsync's runs.
    pub(crate) ours: Vec<Sample>,
    /// The other's runs, in the same order.
    pub(crate) theirs: Vec<Sample>,
}

/// How one side of a comparison relates to the other.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Ratio {
    /// The median of ours divided by the median of theirs.
    pub(crate) of_medians: f64,
    /// The smallest ratio within a pair.
    pub(crate) least: f64,
    /// The largest ratio within a pair.
    pub(crate) most: f64,
}

impl Comparison {
    /// The ratio of medians with its spread.
    pub(crate) fn ratio(&self) -> Ratio {
        let pairs = self
            .ours
            .iter()
            .zip(&self.theirs)
            .map(|(ours, theirs)| ours.seconds / theirs.seconds);
        Ratio {
            of_medians: median(&self.ours) / median(&self.theirs),
            least: pairs.clone().fold(f64::INFINITY, f64::min),
            most: pairs.fold(0.0, f64::max),
        }
    }

    /// The most memory that refsync held in any of the runs, in bytes.
    pub(crate) fn peak_memory(&self) -> u64 {
        self.ours
            .iter()
            .map(|sample| sample.peak_memory)
            .max()
            .unwrap_or(0)
    }
}

/// The median time in seconds.
///
/// # Panics
///
/// Without a sample there is none.
pub(crate) fn median(samples: &[Sample]) -> f64 {
    let mut seconds: Vec<f64> = samples.iter().map(|sample| sample.seconds).collect();
    seconds.sort_by(f64::total_cmp);
    let middle = seconds.len() / 2;
    if seconds.len() % 2 == 1 {
        seconds[middle]
    } else {
        f64::midpoint(seconds[middle - 1], seconds[middle])
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn samples(seconds: &[f64]) -> Vec<Sample> {
        seconds
            .iter()
            .map(|&seconds| Sample {
                seconds,
                peak_memory: 10 << 20,
            })
            .collect()
    }

    pub(crate) fn comparison(ours: &[f64], theirs: &[f64]) -> Comparison {
        Comparison {
            work: "one new commit".into(),
            against: "the script",
            limit: Some(0.5),
            ours: samples(ours),
            theirs: samples(theirs),
        }
    }

    #[test]
    fn one_outlier_does_not_move_the_median() {
        assert_eq!(median(&samples(&[3.0, 1.0, 2.0, 900.0, 2.0])), 2.0);
    }

    #[test]
    fn an_even_number_of_samples_has_its_median_in_the_middle() {
        assert_eq!(median(&samples(&[4.0, 1.0, 2.0, 9.0])), 3.0);
    }

    #[test]
    fn the_spread_comes_from_pairs_that_ran_together() {
        // The machine was four times slower during the last pair: both sides were.
        let ratio = comparison(&[1.0, 1.0, 6.0], &[2.0, 4.0, 8.0]).ratio();
        assert_eq!(
            ratio,
            Ratio {
                of_medians: 0.25,
                least: 0.25,
                most: 0.75
            }
        );
    }

    #[test]
    fn the_largest_memory_of_all_runs_counts() {
        let mut comparison = comparison(&[1.0, 1.0], &[1.0, 1.0]);
        comparison.ours[1].peak_memory = 11 << 20;
        assert_eq!(comparison.peak_memory(), 11 << 20);
    }
}
