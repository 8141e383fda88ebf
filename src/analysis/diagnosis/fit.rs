//! The fit of a set of causes to the cells.

use super::cells::{Candidate, Cells};
use super::polish::robust_mean;
use crate::analysis::statistics::robust_deviation;

/// The usual noise, as a standard deviation of logarithms of rates, and its weight as a number of cells. It
/// matters in small clusters only.
const PRIOR_NOISE: f64 = 0.1;
const PRIOR_WEIGHT: f64 = 6.0;

/// A cause is slow below this level: 20% below the expected rate.
pub(super) const SLOW_LEVEL: f64 = -0.223;

/// A cause must make its cells slower than other causes do by at least this level. Otherwise the small
/// differences between healthy nodes would look like faults within faults.
const MIN_EXTRA_LEVEL: f64 = -0.16;

/// A set of causes fitted to the cells.
///
/// The expected value of a cell is the base, plus the level of the worst cause that covers it. Causes do not
/// add up: of two bottlenecks on a path, the narrower one limits the rate.
#[derive(Debug, Clone)]
pub(super) struct Fit {
    pub causes: Vec<Candidate>,
    /// By cause: the logarithm of the ratio to which it reduces the rate of its cells.
    pub levels: Vec<f64>,
    /// The logarithm of the rate of healthy cells.
    pub base: f64,
    /// By cell: the level of its owner, or 0.
    pub below: Vec<f64>,
    /// By cell: the worst cause that covers it.
    pub owner: Vec<Option<usize>>,
    /// The description length in nats: less is better.
    pub score: f64,
}

/// The loss of Huber (1964): quadratic up to `reach`, then linear, so that a single outlier does not
/// dominate.
pub(super) fn huber_loss(residual: f64, reach: f64) -> f64 {
    let size = residual.abs();
    if size <= reach { size * size } else { reach * (2.0 * size - reach) }
}

/// The description length of the residuals in nats, with the unknown variance of the noise integrated out.
pub(super) fn description_length(total_loss: f64, measured: usize) -> f64 {
    let prior = PRIOR_WEIGHT * PRIOR_NOISE * PRIOR_NOISE;
    0.5 * (PRIOR_WEIGHT + measured as f64) * (prior + total_loss).ln()
}

impl Fit {
    /// None if a cause owns no cells or makes them hardly slower than other causes do, or if no cell is left
    /// for the base.
    pub fn new(cells: &Cells, causes: &[Candidate], reach: f64) -> Option<Self> {
        let (fit, runners_up) = Self::compute(cells, causes, reach)?;
        // by cause: the number of cells that it owns, and the sum of their levels without it
        let mut own = vec![(0.0, 0.0); causes.len()];
        for (owner, runner_up) in fit.owner.iter().zip(&runners_up) {
            if let Some(cause) = *owner {
                own[cause].0 += 1.0;
                own[cause].1 += runner_up.map_or(0.0, |cause: usize| fit.levels[cause]);
            }
        }
        let is_negligible = |(level, (count, others)): (&f64, &(f64, f64))| {
            *level > SLOW_LEVEL || level - others / count > MIN_EXTRA_LEVEL
        };
        if fit.levels.iter().zip(&own).any(is_negligible) {
            return None;
        }
        Some(fit)
    }

    /// Like [`Fit::new`], but accepts causes that are hardly slow.
    pub fn new_unchecked(cells: &Cells, causes: &[Candidate], reach: f64) -> Option<Self> {
        Self::compute(cells, causes, reach).map(|(fit, _)| fit)
    }

    /// Returns the fit and, by cell, the second worst cause that covers it.
    fn compute(cells: &Cells, causes: &[Candidate], reach: f64) -> Option<(Self, Vec<Option<usize>>)> {
        let covered: Vec<Vec<usize>> =
            causes.iter().map(|candidate| cells.covered(candidate.cause)).collect();
        let mut owner = vec![None; cells.values.len()];
        let mut levels: Vec<f64> = covered.iter().map(|own| mean_level(cells, own.iter(), reach)).collect();
        let mut order: Vec<usize> = (0..causes.len()).collect();
        let mut runners_up = vec![None; cells.values.len()];
        // the order depends on the levels, which depend on the owners, which depend on the order: iterate
        // until it is stable
        for round in 0..4 {
            let last = order.clone();
            order.sort_by(|&one, &other| levels[one].total_cmp(&levels[other]));
            if round > 0 && order == last {
                break;
            }
            owner.fill(None);
            runners_up.fill(None);
            // the worst cause comes last and takes over its cells
            for &cause in order.iter().rev() {
                for &cell in &covered[cause] {
                    runners_up[cell] = owner[cell].replace(cause);
                }
            }
            for (cause, own) in covered.iter().enumerate() {
                let own = own.iter().filter(|&&cell| owner[cell] == Some(cause));
                levels[cause] = mean_level(cells, own, reach);
            }
            if levels.iter().any(|level| level.is_nan()) {
                return None;
            }
        }
        let free = (0..owner.len()).filter(|&cell| owner[cell].is_none());
        let mut free: Vec<f64> = free.map(|cell| cells.values[cell]).collect();
        if free.is_empty() && !causes.is_empty() {
            return None;
        }
        let base = robust_mean(&mut free, reach);
        for level in &mut levels {
            *level -= base;
        }
        let below: Vec<f64> = owner.iter().map(|owner| owner.map_or(0.0, |cause| levels[cause])).collect();
        let mut fit = Self { causes: causes.to_vec(), levels, base, below, owner, score: 0.0 };
        let costs: f64 = causes.iter().map(|candidate| candidate.cost).sum();
        fit.score = description_length(fit.total_loss(cells, &fit.below, reach), cells.len()) + costs;
        Some((fit, runners_up))
    }

    /// The sum of the losses if each cell is expected that much below the base.
    fn total_loss(&self, cells: &Cells, below: &[f64], reach: f64) -> f64 {
        cells
            .values
            .iter()
            .zip(below)
            .map(|(value, below)| huber_loss(value - self.base - below, reach))
            .sum()
    }

    /// The score without one of the causes, with the base and the other levels unchanged.
    pub fn score_without(&self, cells: &Cells, cause: usize, reach: f64) -> f64 {
        let mut below = vec![0.0_f64; self.below.len()];
        let mut costs = 0.0;
        for (other, candidate) in self.causes.iter().enumerate().filter(|(other, _)| *other != cause) {
            cells.for_each_covered(candidate.cause, |cell| below[cell] = below[cell].min(self.levels[other]));
            costs += candidate.cost;
        }
        description_length(self.total_loss(cells, &below, reach), cells.len()) + costs
    }

    /// The difference between measured and expected value by cell.
    pub fn residuals(&self, cells: &Cells) -> Vec<f64> {
        cells.values.iter().zip(&self.below).map(|(value, below)| value - self.base - below).collect()
    }

    /// The standard deviation of a single cell, from the residuals.
    pub fn noise(&self, cells: &Cells) -> f64 {
        let residuals = self.residuals(cells);
        let count = residuals.len() as f64;
        let freedom = (count - 1.0 - self.causes.len() as f64).max(0.0);
        let variance = robust_deviation(&residuals).unwrap_or_default().powi(2) * count / freedom.max(1.0);
        let prior = PRIOR_WEIGHT * PRIOR_NOISE * PRIOR_NOISE;
        ((prior + freedom * variance) / (PRIOR_WEIGHT + freedom)).sqrt()
    }
}

/// The robust mean of some cells; NaN if there are none.
fn mean_level<'a>(cells: &Cells, own: impl Iterator<Item = &'a usize>, reach: f64) -> f64 {
    let mut values: Vec<f64> = own.map(|&cell| cells.values[cell]).collect();
    if values.is_empty() { f64::NAN } else { robust_mean(&mut values, reach) }
}
