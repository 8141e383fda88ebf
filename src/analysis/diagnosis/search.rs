//! The search for the causes that explain the cells in the fewest words.

use std::collections::HashSet;

use super::Cause;
use super::cells::{Candidate, Cells};
use super::fit::{Fit, SLOW, length, loss};
use super::polish::{centre, quantile};

/// As many causes are looked for at most.
const MOST_CAUSES: usize = 12;

/// How broad the search is. In small clusters causes overlap much, and the first step may mislead; large ones
/// have no such doubts, but take long.
#[derive(Debug, Clone, Copy)]
struct Effort {
    width: usize,
    keep: usize,
    swaps: bool,
}

impl Effort {
    fn of(cells: &Cells) -> Self {
        match cells.measured {
            ..=400 => Self { width: 8, keep: 10, swaps: true },
            401..=5000 => Self { width: 4, keep: 5, swaps: true },
            _ => Self { width: 1, keep: 3, swaps: false },
        }
    }
}

/// How a fit would gain by one more cause.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub candidate: Candidate,
    pub level: f64,
    /// How many it covers.
    pub cells: usize,
    /// The change of the description length: less is better.
    pub change: f64,
}

/// Beam search: from the best sets of causes so far, each is tried with one more.
pub(super) fn search(cells: &Cells, candidates: &[Candidate], reach: f64) -> Option<Fit> {
    let effort = Effort::of(cells);
    let mut best = Fit::new(cells, &[], reach)?;
    let mut beam = vec![best.clone()];
    let mut seen = HashSet::new();
    let mut idle = 0;
    for _ in 0..MOST_CAUSES {
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
            // two may explain what neither does alone
            Some(_) if idle == 0 => idle += 1,
            _ => break,
        }
        beam = next;
    }
    Some(improve(cells, candidates, best, reach))
}

/// Drops, adds and swaps causes as long as that makes the description shorter.
pub(super) fn improve(cells: &Cells, candidates: &[Candidate], mut best: Fit, reach: f64) -> Fit {
    let effort = Effort::of(cells);
    for _ in 0..MOST_CAUSES {
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

/// The fit with one cause less.
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

/// The best next causes, under either of two bases: while most cells are slow, the middle of what is not yet
/// explained is no healthy cell.
fn promising(cells: &Cells, candidates: &[Candidate], fit: &Fit, reach: f64, effort: Effort) -> Vec<Step> {
    let free =
        cells.values.iter().zip(&fit.owner).filter(|(value, owner)| !value.is_nan() && owner.is_none());
    let mut free: Vec<f64> = free.map(|(value, _)| *value).collect();
    let upper = quantile(&mut free, 0.85);
    let mut all = Vec::new();
    // in large clusters, there is no second base to try where the two differ by no more than noise
    let bases = if effort.swaps || upper - fit.base > -SLOW { vec![fit.base, upper] } else { vec![fit.base] };
    for base in bases {
        let mut steps = steps(cells, candidates, fit, base, reach, SLOW);
        if steps.len() > effort.keep {
            steps.select_nth_unstable_by(effort.keep, |one, other| one.change.total_cmp(&other.change));
            steps.truncate(effort.keep);
        }
        all.extend(steps);
    }
    all
}

/// What each candidate would change if it joined the fit.
pub(super) fn steps(
    cells: &Cells,
    candidates: &[Candidate],
    fit: &Fit,
    base: f64,
    reach: f64,
    slow: f64,
) -> Vec<Step> {
    let losses: Vec<f64> = cells
        .values
        .iter()
        .zip(&fit.below)
        .map(|(value, below)| if value.is_nan() { 0.0 } else { loss(value - base - below, reach) })
        .collect();
    let rest: f64 = losses.iter().sum();
    let before = length(rest, cells.measured);
    let (mut free, mut all) = (Vec::new(), Vec::new());
    let mut steps = Vec::new();
    for &candidate in candidates {
        free.clear();
        all.clear();
        cells.each(candidate.cause, |place| {
            all.push(place);
            if fit.owner[place].is_none() {
                free.push(cells.values[place] - base);
            }
        });
        if free.is_empty() {
            free.extend(all.iter().map(|&place| cells.values[place] - base));
        }
        let level = centre(&mut free, reach);
        if level > slow {
            continue;
        }
        let gain: f64 = all
            .iter()
            .filter(|&&place| fit.below[place] > level)
            .map(|&place| losses[place] - loss(cells.values[place] - base - level, reach))
            .sum();
        if gain > 0.0 {
            let change = length((rest - gain).max(0.0), cells.measured) - before + candidate.cost;
            steps.push(Step { candidate, level, cells: all.len(), change });
        }
    }
    steps
}
