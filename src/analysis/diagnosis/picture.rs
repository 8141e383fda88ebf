//! The fitted matrix, and the faults as they are told.

use super::cells::{Candidate, Cells};
use super::fit::{Fit, SLOW};
use super::polish::effects;
use super::search::{Step, improve, search, steps, without};
use super::{Cause, Fault, Grid};

/// So many standard deviations of the noise count in full.
const REACH: f64 = 3.0;
/// The reach as long as the noise is not known.
const FIRST_REACH: f64 = 0.36;
/// Nodes that differ by less than this are as they are, and not faulty.
const MOST_EFFECT: f64 = 0.2;
/// What may turn out to be a fault when it is measured again: so little speaks against it, in nats.
const THIN: f64 = 8.0;
/// As many of these are kept.
const MOST_THIN: usize = 10;
/// Parts that differ by less (as logarithms) are the same.
const ALIKE: f64 = 0.2;
/// So many pairs of a fault are put in such an order that they share few ends.
const SPREAD: usize = 6;

/// A fit, and what it was fitted to.
#[derive(Debug)]
pub(super) struct Picture {
    pub cells: Cells,
    pub fit: Fit,
    /// The standard deviation of the logarithm of a single rate.
    pub noise: f64,
    /// What healthy nodes differ by when they send, and when they receive.
    pub effects: (Vec<f64>, Vec<f64>),
    candidates: Vec<Candidate>,
    reach: f64,
}

impl Picture {
    /// None where nothing was measured.
    pub fn of(grid: &Grid) -> Option<Self> {
        let cells = Cells::new(grid);
        if cells.measured == 0 {
            return None;
        }
        let candidates = cells.candidates();
        let fit = search(&cells, &candidates, FIRST_REACH)?;
        let mut picture = Self::with(cells, candidates, &fit.causes)?;
        picture.fit = improve(&picture.cells, &picture.candidates, picture.fit, picture.reach);
        picture.noise = picture.fit.noise(&picture.cells);
        Some(picture)
    }

    /// The picture in which the causes are known already.
    pub fn of_causes(grid: &Grid, causes: &[Cause]) -> Option<Self> {
        let cells = Cells::new(grid);
        let causes: Vec<Candidate> = causes.iter().map(|&cause| Candidate { cause, cost: 0.0 }).collect();
        Self::with(cells, Vec::new(), &causes)
    }

    /// What remains of small differences between nodes after the causes is taken off the cells.
    fn with(mut cells: Cells, candidates: Vec<Candidate>, causes: &[Candidate]) -> Option<Self> {
        let fit =
            Fit::of_known(&cells, causes, FIRST_REACH).or_else(|| Fit::new(&cells, &[], FIRST_REACH))?;
        let noise = fit.noise(&cells);
        let effects = effects(&fit.residuals(&cells), cells.nodes, noise, MOST_EFFECT);
        for place in 0..cells.values.len() {
            let (sender, receiver) = cells.pair(place);
            cells.values[place] -= effects.0[sender] + effects.1[receiver];
        }
        let reach = REACH * noise;
        let fit = Fit::of_known(&cells, causes, reach).or_else(|| Fit::new(&cells, &[], reach))?;
        let noise = fit.noise(&cells);
        Some(Self { cells, fit, noise, effects, candidates, reach })
    }

    /// What a rate is compared with a healthy one of the pair, as a logarithm.
    pub fn below(&self, (sender, receiver): (usize, usize), rate: f64) -> Option<f64> {
        let effects = self.effects.0.get(sender)? + self.effects.1.get(receiver)?;
        Some(rate.ln() - self.fit.base - effects).filter(|below| below.is_finite())
    }

    /// What the causes, given with their levels, make of each cell.
    pub fn expected(&self, causes: impl Iterator<Item = (Cause, f64)>) -> Vec<f64> {
        let mut expected = vec![0.0; self.cells.values.len()];
        for (cause, level) in causes {
            self.cells.each(cause, |place| expected[place] = level.min(expected[place]));
        }
        expected
    }

    /// The causes of the fit.
    pub fn clear(&self) -> Vec<Fault> {
        let all = self.fit.causes.iter().enumerate().map(|(number, candidate)| {
            let fewer = without(&self.cells, &self.fit, number, self.reach);
            // what is left may be no fit of its own: then as it stands
            let fewer = fewer
                .map_or_else(|| self.fit.score_without(&self.cells, number, self.reach), |fit| fit.score);
            let significance = fewer - self.fit.score;
            let own = |place: usize| self.fit.owner[place] == Some(number);
            self.fault(candidate.cause, self.fit.levels[number], significance, own)
        });
        both_ways(all.collect())
    }

    /// What may be a fault too, most likely first.
    pub fn thin(&self) -> Vec<Fault> {
        let slow = |step: &Step| SLOW + self.noise / (step.cells as f64).sqrt();
        let mut steps =
            steps(&self.cells, &self.candidates, &self.fit, self.fit.base, self.reach, SLOW + self.noise);
        steps.retain(|step| step.change < THIN && step.level < slow(step));
        steps.sort_by(|one, other| one.change.total_cmp(&other.change));
        let mut taken = vec![false; self.cells.values.len()];
        let mut faults = Vec::new();
        for step in steps {
            let cause = step.candidate.cause;
            let cells = self.cells.of(cause);
            let known = self.fit.causes.iter().any(|candidate| candidate.cause == cause);
            if known || cells.iter().any(|&place| taken[place]) {
                continue;
            }
            for &place in &cells {
                taken[place] = true;
            }
            let own = |place: usize| self.fit.below[place] > step.level;
            // what the search left out is not significant, whatever the figure says
            faults.push(self.fault(cause, step.level, (-step.change).min(0.0), own));
            if faults.len() == MOST_THIN {
                break;
            }
        }
        faults
    }

    fn fault(&self, cause: Cause, level: f64, significance: f64, own: impl Fn(usize) -> bool) -> Fault {
        let cells = self.cells.of(cause);
        let below = |place: usize| self.cells.values[place] - self.fit.base;
        let slow = cells.iter().filter(|&&place| below(place) < SLOW.max(level / 2.0)).count();
        let mut own: Vec<(f64, (usize, usize))> = cells
            .iter()
            .filter(|&&place| own(place))
            .map(|&place| (below(place), self.cells.pair(place)))
            .collect();
        own.sort_by(|one, other| one.0.total_cmp(&other.0));
        // pairs that no other cause covers tell most
        let mut covers = vec![0_usize; self.cells.values.len()];
        for candidate in &self.fit.causes {
            self.cells.each(candidate.cause, |place| covers[place] += 1);
        }
        let mut left: Vec<(usize, usize)> = own.into_iter().map(|(_, pair)| pair).collect();
        let mut evidence: Vec<(usize, usize)> = Vec::new();
        while evidence.len() < SPREAD && !left.is_empty() {
            let shared = |pair: (usize, usize)| -> usize {
                let ends = evidence.iter();
                ends.map(|other| usize::from(other.0 == pair.0) + usize::from(other.1 == pair.1)).sum()
            };
            let worth =
                |&next: &usize| (covers[self.cells.place(left[next].0, left[next].1)], shared(left[next]));
            let next = (0..left.len()).min_by_key(worth).unwrap_or(0);
            evidence.push(left.remove(next));
        }
        evidence.extend(left);
        Fault { cause, part: level.exp().min(1.0), slow, of: cells.len(), evidence, significance }
    }
}

/// A node that is about as slow in one direction as in the other is one fault: nodes differ a little in what
/// they send and receive, and that alone makes no two faults of it.
fn both_ways(mut faults: Vec<Fault>) -> Vec<Fault> {
    let mut merged = Vec::new();
    while let Some(fault) = faults.pop() {
        let other = match fault.cause {
            Cause::Sender(node) => Some((node, Cause::Receiver(node))),
            Cause::Receiver(node) => Some((node, Cause::Sender(node))),
            _ => None,
        };
        let like = |one: f64, other: f64| (one.ln() - other.ln()).abs() < ALIKE;
        let place = other.and_then(|(_, cause)| {
            faults.iter().position(|other| other.cause == cause && like(other.part, fault.part))
        });
        match (other, place) {
            (Some((node, _)), Some(place)) => {
                let half = faults.remove(place);
                let mut evidence = fault.evidence.clone();
                for (number, pair) in half.evidence.into_iter().enumerate() {
                    evidence.insert((2 * number + 1).min(evidence.len()), pair);
                }
                merged.push(Fault {
                    cause: Cause::Node(node),
                    part: (fault.part * half.part).sqrt(),
                    slow: fault.slow + half.slow,
                    of: fault.of + half.of,
                    evidence,
                    significance: fault.significance.min(half.significance),
                });
            }
            _ => merged.push(fault),
        }
    }
    merged
}
