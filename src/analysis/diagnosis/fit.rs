//! How well a set of causes explains the cells.

use super::cells::{Candidate, Cells};
use super::polish::centre;
use crate::analysis::statistics::spread;

/// Noise as it is usual (the standard deviation of log rates), and how many cells that knowledge is worth. It
/// matters in small clusters only.
const USUAL_NOISE: f64 = 0.1;
const USUAL_WEIGHT: f64 = 6.0;

/// From here on a node counts as slow: a fifth below what is expected.
pub(super) const SLOW: f64 = -0.223;

/// And so much slower than others would make its pairs, lest the small differences between healthy nodes show
/// up as faults within faults.
const LITTLE_MORE: f64 = -0.16;

/// A set of causes fitted to the cells.
///
/// A cell has the base, or, where causes cover it, the base and the level of the worst of them: what is slow
/// in two places is as slow as the narrower one, not slower.
#[derive(Debug, Clone)]
pub(super) struct Fit {
    pub causes: Vec<Candidate>,
    /// By cause: how much slower it makes its cells (logarithm of the part that is left).
    pub levels: Vec<f64>,
    /// The logarithm of the rate of healthy cells.
    pub base: f64,
    /// By cell: what the causes make of it, below the base.
    pub below: Vec<f64>,
    /// By cell: which cause does.
    pub owner: Vec<Option<usize>>,
    /// The length of the description, in nats: less is better.
    pub score: f64,
}

/// Squared, but from the reach on only linear (Huber, 1964), so that one wild cell does not outweigh many.
pub(super) fn loss(residual: f64, reach: f64) -> f64 {
    let size = residual.abs();
    if size <= reach { size * size } else { reach * (2.0 * size - reach) }
}

/// The description length of what is left, the unknown size of the noise being integrated out.
pub(super) fn length(rest: f64, measured: usize) -> f64 {
    let known = USUAL_WEIGHT * USUAL_NOISE * USUAL_NOISE;
    0.5 * (USUAL_WEIGHT + measured as f64) * (known + rest).ln()
}

impl Fit {
    /// None if a cause is hidden behind others or makes nothing (much) slower, or if no cell is left as the base.
    pub fn new(cells: &Cells, causes: &[Candidate], reach: f64) -> Option<Self> {
        let (fit, next) = Self::raw(cells, causes, reach)?;
        // by cause: its cells, and what others would make of them together
        let mut own = vec![(0.0, 0.0); causes.len()];
        for (owner, next) in fit.owner.iter().zip(&next) {
            if let Some(cause) = *owner {
                own[cause].0 += 1.0;
                own[cause].1 += next.map_or(0.0, |next: usize| fit.levels[next]);
            }
        }
        let little = |(level, (count, others)): (&f64, &(f64, f64))| {
            *level > SLOW || level - others / count > LITTLE_MORE
        };
        if fit.levels.iter().zip(&own).any(little) {
            return None;
        }
        Some(fit)
    }

    /// The same of causes that need no check.
    pub fn of_known(cells: &Cells, causes: &[Candidate], reach: f64) -> Option<Self> {
        Self::raw(cells, causes, reach).map(|(fit, _)| fit)
    }

    /// And, by cell, what would be the worst cause if the worst were not there.
    fn raw(cells: &Cells, causes: &[Candidate], reach: f64) -> Option<(Self, Vec<Option<usize>>)> {
        let covered: Vec<Vec<usize>> = causes.iter().map(|candidate| cells.of(candidate.cause)).collect();
        let mut owner = vec![None; cells.values.len()];
        let mut levels: Vec<f64> = covered.iter().map(|own| level(cells, own.iter(), reach)).collect();
        let mut order: Vec<usize> = (0..causes.len()).collect();
        let mut next = vec![None; cells.values.len()];
        // the order follows from the levels, and they from who owns which cells: until nothing changes
        for round in 0..4 {
            let last = order.clone();
            order.sort_by(|&one, &other| levels[one].total_cmp(&levels[other]));
            if round > 0 && order == last {
                break;
            }
            owner.fill(None);
            next.fill(None);
            // the worst is written last
            for &cause in order.iter().rev() {
                for &place in &covered[cause] {
                    next[place] = owner[place].replace(cause);
                }
            }
            for (cause, own) in covered.iter().enumerate() {
                let own = own.iter().filter(|&&place| owner[place] == Some(cause));
                levels[cause] = level(cells, own, reach);
            }
            if levels.iter().any(|level| level.is_nan()) {
                return None;
            }
        }
        let free = (0..owner.len()).filter(|&place| owner[place].is_none());
        let mut free: Vec<f64> =
            free.map(|place| cells.values[place]).filter(|value| !value.is_nan()).collect();
        if free.is_empty() && !causes.is_empty() {
            return None;
        }
        let base = centre(&mut free, reach);
        for level in &mut levels {
            *level -= base;
        }
        let below: Vec<f64> = owner.iter().map(|owner| owner.map_or(0.0, |cause| levels[cause])).collect();
        let mut fit = Self { causes: causes.to_vec(), levels, base, below, owner, score: 0.0 };
        let costs: f64 = causes.iter().map(|candidate| candidate.cost).sum();
        fit.score = length(fit.unexplained(cells, &fit.below, reach), cells.measured) + costs;
        Some((fit, next))
    }

    /// The robust sum of squares that stays if each cell is so much below the base.
    fn unexplained(&self, cells: &Cells, below: &[f64], reach: f64) -> f64 {
        let measured = cells.values.iter().zip(below).filter(|(value, _)| !value.is_nan());
        measured.map(|(value, below)| loss(value - self.base - below, reach)).sum()
    }

    /// The score without one of the causes, all else being as it is.
    pub fn score_without(&self, cells: &Cells, cause: usize, reach: f64) -> f64 {
        let mut below = vec![0.0_f64; self.below.len()];
        let mut costs = 0.0;
        for (number, candidate) in self.causes.iter().enumerate().filter(|(number, _)| *number != cause) {
            cells.each(candidate.cause, |place| below[place] = below[place].min(self.levels[number]));
            costs += candidate.cost;
        }
        length(self.unexplained(cells, &below, reach), cells.measured) + costs
    }

    /// What the fit leaves unexplained, cell by cell; NaN where nothing was measured.
    pub fn residuals(&self, cells: &Cells) -> Vec<f64> {
        cells.values.iter().zip(&self.below).map(|(value, below)| value - self.base - below).collect()
    }

    /// The noise of one cell, from what is left.
    pub fn noise(&self, cells: &Cells) -> f64 {
        let left: Vec<f64> =
            self.residuals(cells).into_iter().filter(|residual| !residual.is_nan()).collect();
        let free = (left.len() as f64 - 1.0 - self.causes.len() as f64).max(0.0);
        let own = spread(&left).unwrap_or_default().powi(2) * left.len() as f64 / free.max(1.0);
        ((USUAL_WEIGHT * USUAL_NOISE * USUAL_NOISE + free * own) / (USUAL_WEIGHT + free)).sqrt()
    }
}

/// NaN where there are no cells.
fn level<'a>(cells: &Cells, own: impl Iterator<Item = &'a usize>, reach: f64) -> f64 {
    let mut values: Vec<f64> = own.map(|&place| cells.values[place]).collect();
    if values.is_empty() { f64::NAN } else { centre(&mut values, reach) }
}
