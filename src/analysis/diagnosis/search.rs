//! The search for the set of causes with the shortest description of the cells.

use std::collections::HashSet;

use super::Cause;
use super::cells::{Candidate, Cells};
use super::fit::{Fit, SLOW_LEVEL, description_length, huber_loss};
use super::polish::{quantile, robust_mean};

const MAX_CAUSES: usize = 12;

/// The breadth of the search. In small clusters causes overlap, so the first step may be misleading; in large
/// ones it rarely is, but each step takes long.
#[derive(Debug, Clone, Copy)]
struct Effort {
    /// The number of fits that are extended in each round.
    width: usize,
    /// The number of causes that each fit is extended by, per base.
    keep: usize,
    /// Whether to try replacing one cause by another.
    swaps: bool,
}

impl Effort {
    fn for_cells(cells: &Cells) -> Self {
        match cells.len() {
            ..=400 => Self { width: 8, keep: 10, swaps: true },
            401..=5000 => Self { width: 4, keep: 5, swaps: true },
            _ => Self { width: 1, keep: 3, swaps: false },
        }
    }
}

/// The effect of adding one more cause to a fit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub candidate: Candidate,
    pub level: f64,
    /// The number of cells that it covers.
    pub cells: usize,
    /// The change of the description length in nats: less is better.
    pub change: f64,
}

/// Beam search: extends each of the best sets of causes by one more cause per round.
pub(super) fn search(cells: &Cells, candidates: &[Candidate], reach: f64) -> Option<Fit> {
    let effort = Effort::for_cells(cells);
    let mut best = Fit::new(cells, &[], reach)?;
    let mut beam = vec![best.clone()];
    let mut seen = HashSet::new();
    let mut idle = 0;
    for _ in 0..MAX_CAUSES {
        let mut next: Vec<Fit> = Vec::new();
        for fit in &beam {
            for step in promising(cells, candidates, fit, reach, effort) {
                if let Some(causes) = with(fit, step.candidate)
                    && seen.insert(key(&causes))
                {
                    next.extend(Fit::new(cells, &causes, reach));
                }
            }
        }
        next.sort_by(|one, other| one.score.total_cmp(&other.score));
        next.truncate(effort.width);
        match next.first() {
            Some(first) if first.score < best.score => {
                best = first.clone();
                idle = 0;
            }
            // two causes together may explain what neither does alone
            Some(_) if idle == 0 => idle += 1,
            _ => break,
        }
        beam = next;
    }
    Some(improve(cells, candidates, best, reach))
}

/// Removes, adds and swaps causes as long as that shortens the description.
pub(super) fn improve(cells: &Cells, candidates: &[Candidate], mut best: Fit, reach: f64) -> Fit {
    let effort = Effort::for_cells(cells);
    for _ in 0..MAX_CAUSES {
        let mut tried: Vec<Fit> = Vec::new();
        let mut add_to = |fit: &Fit| {
            for step in promising(cells, candidates, fit, reach, effort) {
                tried.extend(with(fit, step.candidate).and_then(|causes| Fit::new(cells, &causes, reach)));
            }
        };
        add_to(&best);
        let fewer: Vec<Fit> =
            (0..best.causes.len()).filter_map(|cause| without(cells, &best, cause, reach)).collect();
        if effort.swaps {
            fewer.iter().for_each(add_to);
        }
        tried.extend(fewer);
        match tried.into_iter().min_by(|one, other| one.score.total_cmp(&other.score)) {
            Some(better) if better.score < best.score - 1e-6 => best = better,
            _ => break,
        }
    }
    best
}

/// The fit without one of its causes.
pub(super) fn without(cells: &Cells, fit: &Fit, cause: usize, reach: f64) -> Option<Fit> {
    let mut causes = fit.causes.clone();
    causes.remove(cause);
    Fit::new(cells, &causes, reach)
}

fn with(fit: &Fit, candidate: Candidate) -> Option<Vec<Candidate>> {
    let known = fit.causes.iter().any(|other| other.cause == candidate.cause);
    (!known).then(|| fit.causes.iter().copied().chain([candidate]).collect())
}

fn key(causes: &[Candidate]) -> Vec<Cause> {
    let mut key: Vec<Cause> = causes.iter().map(|candidate| candidate.cause).collect();
    key.sort_unstable();
    key
}

/// The best causes to add, for each of two bases: while most cells are slow, the median of the unexplained
/// cells is not a healthy cell.
fn promising(cells: &Cells, candidates: &[Candidate], fit: &Fit, reach: f64, effort: Effort) -> Vec<Step> {
    let free = cells.values.iter().zip(&fit.owner).filter(|(_, owner)| owner.is_none());
    let mut free: Vec<f64> = free.map(|(value, _)| *value).collect();
    let upper = quantile(&mut free, 0.85);
    let mut all = Vec::new();
    // in large clusters, a second base within the noise of the first is not worth the time
    let bases =
        if effort.swaps || upper - fit.base > -SLOW_LEVEL { vec![fit.base, upper] } else { vec![fit.base] };
    for base in bases {
        let mut steps = steps(cells, candidates, fit, base, reach, SLOW_LEVEL);
        if steps.len() > effort.keep {
            steps.select_nth_unstable_by(effort.keep, |one, other| one.change.total_cmp(&other.change));
            steps.truncate(effort.keep);
        }
        all.extend(steps);
    }
    all
}

/// The candidates that would explain something if they were added to the fit, with a level of at most
/// `max_level`.
pub(super) fn steps(
    cells: &Cells,
    candidates: &[Candidate],
    fit: &Fit,
    base: f64,
    reach: f64,
    max_level: f64,
) -> Vec<Step> {
    let losses: Vec<f64> = cells
        .values
        .iter()
        .zip(&fit.below)
        .map(|(value, below)| huber_loss(value - base - below, reach))
        .collect();
    let total_loss: f64 = losses.iter().sum();
    let length_before = description_length(total_loss, cells.len());
    let (mut free, mut all) = (Vec::new(), Vec::new());
    let mut steps = Vec::new();
    for &candidate in candidates {
        free.clear();
        all.clear();
        cells.for_each_covered(candidate.cause, |cell| {
            all.push(cell);
            if fit.owner[cell].is_none() {
                free.push(cells.values[cell] - base);
            }
        });
        if free.is_empty() {
            free.extend(all.iter().map(|&cell| cells.values[cell] - base));
        }
        let level = robust_mean(&mut free, reach);
        if level > max_level {
            continue;
        }
        let gain: f64 = all
            .iter()
            .filter(|&&cell| fit.below[cell] > level)
            .map(|&cell| losses[cell] - huber_loss(cells.values[cell] - base - level, reach))
            .sum();
        if gain > 0.0 {
            let length = description_length((total_loss - gain).max(0.0), cells.len());
            let change = length - length_before + candidate.cost;
            steps.push(Step { candidate, level, cells: all.len(), change });
        }
    }
    steps
}
