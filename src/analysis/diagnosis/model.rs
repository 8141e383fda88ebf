//! The fitted model of a matrix, and the faults that follow from it.

use super::cells::{Candidate, Cells};
use super::fit::{Fit, SLOW_LEVEL};
use super::polish::median_polish;
use super::search::{Step, improve, search, steps, without};
use super::{Cause, Fault, Grid};

/// The reach of robust statistics, in standard deviations of the noise: larger residuals count less.
const REACH: f64 = 3.0;
/// The reach before the noise is known.
const INITIAL_REACH: f64 = 0.36;
/// The largest natural difference between healthy nodes, as a logarithm.
const MAX_EFFECT: f64 = 0.2;
/// A cause is suspicious if it lengthens the description by less than this, in nats.
const MAX_SUSPICION_COST: f64 = 8.0;
/// The number of suspicions that are kept.
const MAX_SUSPICIONS: usize = 10;
/// Ratios whose logarithms differ by less than this are considered equal.
const SAME_RATIO: f64 = 0.2;
/// The number of pairs at the start of the evidence that are ordered to share few ends.
const DIVERSE_PAIRS: usize = 6;

/// A fit and the cells that it was fitted to.
#[derive(Debug)]
pub(super) struct FittedModel {
    pub cells: Cells,
    pub fit: Fit,
    /// The standard deviation of the logarithm of a single rate.
    pub noise: f64,
    /// The natural differences between healthy nodes as senders and as receivers, as logarithms.
    pub effects: (Vec<f64>, Vec<f64>),
    candidates: Vec<Candidate>,
    reach: f64,
}

impl FittedModel {
    /// Searches for the causes that explain the grid. None if nothing was measured.
    pub fn fit(grid: &Grid) -> Option<Self> {
        let cells = Cells::new(grid);
        if cells.len() == 0 {
            return None;
        }
        let candidates = cells.candidates();
        let fit = search(&cells, &candidates, INITIAL_REACH)?;
        let mut model = Self::with_causes(cells, candidates, &fit.causes)?;
        model.fit = improve(&model.cells, &model.candidates, model.fit, model.reach);
        model.noise = model.fit.noise(&model.cells);
        Some(model)
    }

    /// The model with these causes, or without causes if they do not fit.
    pub fn fit_causes(grid: &Grid, causes: &[Cause]) -> Option<Self> {
        let cells = Cells::new(grid);
        let causes: Vec<Candidate> = causes.iter().map(|&cause| Candidate { cause, cost: 0.0 }).collect();
        Self::with_causes(cells, Vec::new(), &causes)
    }

    /// Subtracts the natural differences between nodes from the cells, then fits the causes.
    fn with_causes(mut cells: Cells, candidates: Vec<Candidate>, causes: &[Candidate]) -> Option<Self> {
        let fit = Fit::new_unchecked(&cells, causes, INITIAL_REACH)
            .or_else(|| Fit::new(&cells, &[], INITIAL_REACH))?;
        let noise = fit.noise(&cells);
        let effects = median_polish(&cells, &fit.residuals(&cells), noise, MAX_EFFECT);
        for cell in 0..cells.values.len() {
            let (sender, receiver) = cells.pair(cell);
            cells.values[cell] -= effects.0[sender] + effects.1[receiver];
        }
        let reach = REACH * noise;
        let fit = Fit::new_unchecked(&cells, causes, reach).or_else(|| Fit::new(&cells, &[], reach))?;
        let noise = fit.noise(&cells);
        Some(Self { cells, fit, noise, effects, candidates, reach })
    }

    /// The logarithm of a rate relative to the healthy rate of the pair; none for an unknown node or a rate
    /// of 0.
    pub fn below(&self, (sender, receiver): (usize, usize), rate: f64) -> Option<f64> {
        let effects = self.effects.0.get(sender)? + self.effects.1.get(receiver)?;
        Some(rate.ln() - self.fit.base - effects).filter(|below| below.is_finite())
    }

    /// The expected level of each cell under these causes, given with their levels.
    pub fn expected_levels(&self, causes: impl Iterator<Item = (Cause, f64)>) -> Vec<f64> {
        let mut expected = vec![0.0; self.cells.values.len()];
        for (cause, level) in causes {
            self.cells.for_each_covered(cause, |cell| expected[cell] = level.min(expected[cell]));
        }
        expected
    }

    /// The causes of the fit as faults.
    pub fn faults(&self) -> Vec<Fault> {
        let faults = self.fit.causes.iter().enumerate().map(|(number, candidate)| {
            // if the other causes are no valid fit, the current one without this cause is scored
            let score_without = without(&self.cells, &self.fit, number, self.reach)
                .map_or_else(|| self.fit.score_without(&self.cells, number, self.reach), |fit| fit.score);
            let significance = score_without - self.fit.score;
            let is_own = |cell: usize| self.fit.owner[cell] == Some(number);
            self.fault(candidate.cause, self.fit.levels[number], significance, is_own)
        });
        merge_directions(faults.collect())
    }

    /// Causes outside the fit that a retest may confirm, the most likely first. Their significance is not
    /// positive.
    pub fn suspicions(&self) -> Vec<Fault> {
        let max_level = |step: &Step| SLOW_LEVEL + self.noise / (step.cells as f64).sqrt();
        let largest_level = SLOW_LEVEL + self.noise;
        let mut steps =
            steps(&self.cells, &self.candidates, &self.fit, self.fit.base, self.reach, largest_level);
        steps.retain(|step| step.change < MAX_SUSPICION_COST && step.level < max_level(step));
        steps.sort_by(|one, other| one.change.total_cmp(&other.change));
        let mut taken = vec![false; self.cells.values.len()];
        let mut faults = Vec::new();
        for step in steps {
            let cause = step.candidate.cause;
            let cells = self.cells.covered(cause);
            let is_known = self.fit.causes.iter().any(|candidate| candidate.cause == cause);
            if is_known || cells.iter().any(|&cell| taken[cell]) {
                continue;
            }
            for &cell in &cells {
                taken[cell] = true;
            }
            let is_own = |cell: usize| self.fit.below[cell] > step.level;
            // the search rejected it, so it is not significant even if this step alone would shorten the
            // description
            faults.push(self.fault(cause, step.level, (-step.change).min(0.0), is_own));
            if faults.len() == MAX_SUSPICIONS {
                break;
            }
        }
        faults
    }

    /// `is_own` selects the cells that show this cause and no worse one.
    fn fault(&self, cause: Cause, level: f64, significance: f64, is_own: impl Fn(usize) -> bool) -> Fault {
        let cells = self.cells.covered(cause);
        let below = |cell: usize| self.cells.values[cell] - self.fit.base;
        let slow_pairs = cells.iter().filter(|&&cell| below(cell) < SLOW_LEVEL.max(level / 2.0)).count();
        let mut own: Vec<(f64, (usize, usize))> = cells
            .iter()
            .filter(|&&cell| is_own(cell))
            .map(|&cell| (below(cell), self.cells.pair(cell)))
            .collect();
        own.sort_by(|one, other| one.0.total_cmp(&other.0));
        // pairs that no other cause covers are the best evidence
        let mut covers = vec![0_usize; self.cells.values.len()];
        for candidate in &self.fit.causes {
            self.cells.for_each_covered(candidate.cause, |cell| covers[cell] += 1);
        }
        let mut remaining: Vec<(usize, usize)> = own.into_iter().map(|(_, pair)| pair).collect();
        let mut evidence: Vec<(usize, usize)> = Vec::new();
        while evidence.len() < DIVERSE_PAIRS && !remaining.is_empty() {
            let shared_ends = |pair: (usize, usize)| -> usize {
                let ends = evidence.iter();
                ends.map(|other| usize::from(other.0 == pair.0) + usize::from(other.1 == pair.1)).sum()
            };
            let rank = |&next: &usize| {
                let (sender, receiver) = remaining[next];
                let others = self.cells.index(sender, receiver).map_or(0, |cell| covers[cell]);
                (others, shared_ends((sender, receiver)))
            };
            let next = (0..remaining.len()).min_by_key(rank).unwrap_or(0);
            evidence.push(remaining.remove(next));
        }
        evidence.extend(remaining);
        let ratio = level.exp().min(1.0);
        Fault { cause, ratio, slow_pairs, measured_pairs: cells.len(), evidence, significance }
    }
}

/// Merges a slow sender and a slow receiver into one slow node if the ratios are about the same: healthy
/// nodes differ a little in what they send and receive, too.
fn merge_directions(mut faults: Vec<Fault>) -> Vec<Fault> {
    let mut merged = Vec::new();
    while let Some(fault) = faults.pop() {
        let reverse = match fault.cause {
            Cause::Sender(node) => Some((node, Cause::Receiver(node))),
            Cause::Receiver(node) => Some((node, Cause::Sender(node))),
            _ => None,
        };
        let are_similar = |one: f64, other: f64| (one.ln() - other.ln()).abs() < SAME_RATIO;
        let position = reverse.and_then(|(_, cause)| {
            faults.iter().position(|other| other.cause == cause && are_similar(other.ratio, fault.ratio))
        });
        match (reverse, position) {
            (Some((node, _)), Some(position)) => {
                let half = faults.remove(position);
                let mut evidence = fault.evidence.clone();
                for (number, pair) in half.evidence.into_iter().enumerate() {
                    evidence.insert((2 * number + 1).min(evidence.len()), pair);
                }
                merged.push(Fault {
                    cause: Cause::Node(node),
                    ratio: (fault.ratio * half.ratio).sqrt(),
                    slow_pairs: fault.slow_pairs + half.slow_pairs,
                    measured_pairs: fault.measured_pairs + half.measured_pairs,
                    evidence,
                    significance: fault.significance.min(half.significance),
                });
            }
            _ => merged.push(fault),
        }
    }
    merged
}
