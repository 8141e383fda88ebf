//! Judges suspects by the retests of their pairs in isolation.

use std::collections::HashSet;

use super::model::FittedModel;
use super::{Cause, Fault, Grid};

/// What the retests say about a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RetestVerdict {
    /// Slow in isolation as well.
    Confirmed,
    /// Clearly slow in the run, but normal in isolation: slow only under concurrent load, or transient.
    NormalAlone,
    /// Never certain, and normal in isolation, or not slow enough to rule out chance.
    Dismissed,
    /// No successful retest of any of its pairs.
    NotRetested,
}

/// The odds in nats that a suspicion needs to be confirmed, both measurements taken together.
const MIN_ODDS: f64 = 1.0;

/// A cause is faulty below this level, both measurements taken together: 21% below the expected rate.
const FAULTY_LEVEL: f64 = -0.24;

/// A cause is healthy above this level: 10% below the expected rate.
const HEALTHY_LEVEL: f64 = -0.1;

/// Judges faults by the rates of retested pairs, given as ((sender, receiver), bits per second). A pair may
/// occur several times.
///
/// A fault in both directions that turns out to be slow in only one is replaced by that direction.
pub fn judge(
    grid: &Grid,
    mut faults: Vec<Fault>,
    retests: &[((usize, usize), f64)],
) -> Vec<(Fault, RetestVerdict)> {
    let significant = faults.iter().filter(|fault| fault.significance > 0.0);
    let causes: Vec<_> = significant.map(|fault| fault.cause).collect();
    let Some(model) = FittedModel::fit_causes(grid, &causes) else {
        return faults.into_iter().map(|fault| (fault, RetestVerdict::NotRetested)).collect();
    };
    let mut verdicts = vec![(RetestVerdict::NotRetested, 1.0); faults.len()];
    // a fault that is normal in isolation does not explain slow retests, which may change the other verdicts
    for _ in 0..3 {
        let last = verdicts.clone();
        for number in 0..faults.len() {
            let fault = &faults[number];
            let others = faults.iter().zip(&last).filter(|(other, (verdict, _))| {
                other.significance > 0.0
                    && other.cause != fault.cause
                    && *verdict != RetestVerdict::NormalAlone
            });
            let expected = model.expected_levels(others.map(|(other, _)| (other.cause, other.ratio.ln())));
            verdicts[number] = judge_fault(&model, &expected, fault, retests);
            if let Some(half) = narrow_to_direction(&model, &expected, fault, retests) {
                verdicts[number] = judge_fault(&model, &expected, &half, retests);
                faults[number] = half;
            }
        }
        if verdicts == last {
            break;
        }
    }
    let judged =
        faults.into_iter().zip(verdicts).map(|(fault, (verdict, ratio))| (Fault { ratio, ..fault }, verdict));
    let mut known = HashSet::new();
    // a direction may also have been a suspect of its own
    judged.filter(|(fault, _)| known.insert(fault.cause)).collect()
}

/// The retests of a fault, as logarithms relative to what the other faults explain.
struct RetestEvidence {
    /// The mean level of the fault in the run.
    level: f64,
    /// The mean level of the retests.
    mean: f64,
    /// The number of retests.
    count: f64,
    /// The standard error of the mean.
    error: f64,
}

impl RetestEvidence {
    /// `expected` is the level of each cell without the fault. None if no pair for which `counts` holds was
    /// retested.
    fn new(
        model: &FittedModel,
        expected: &[f64],
        fault: &Fault,
        retests: &[((usize, usize), f64)],
        counts: impl Fn((usize, usize)) -> bool,
    ) -> Option<Self> {
        let own = retests.iter().filter(|(pair, _)| fault.evidence.contains(pair) && counts(*pair));
        let values = own.filter_map(|&(pair, rate)| {
            let expected = expected.get(model.cells.index(pair.0, pair.1)?)?;
            Some((fault.ratio.ln() - expected, model.below(pair, rate)? - expected))
        });
        let mut values: Vec<(f64, f64)> = values.collect();
        // pairs that other faults make as slow are used only if there are no better ones
        let is_conclusive = |(level, _): &(f64, f64)| *level < fault.ratio.ln() / 2.0;
        if values.iter().any(is_conclusive) {
            values.retain(is_conclusive);
        }
        let count = values.len() as f64;
        (!values.is_empty()).then(|| Self {
            level: values.iter().map(|(level, _)| level).sum::<f64>() / count,
            mean: consensus(values.iter().map(|(_, below)| *below).collect(), model.noise),
            count,
            error: model.noise / count.sqrt(),
        })
    }
}

/// The mean, unless the values differ beyond chance. Then the median, or the larger of two: a single cell
/// that is slow for a reason of its own does not make a whole node slow.
fn consensus(mut values: Vec<f64>, noise: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.as_slice() {
        [first, .., last] if last - first > 3.5 * noise => values[values.len() / 2],
        _ => values.iter().sum::<f64>() / values.len().max(1) as f64,
    }
}

/// Returns the verdict and the ratio of the fault: from both measurements if they agree, else from the
/// retests.
fn judge_fault(
    model: &FittedModel,
    expected: &[f64],
    fault: &Fault,
    retests: &[((usize, usize), f64)],
) -> (RetestVerdict, f64) {
    let Some(evidence) = RetestEvidence::new(model, expected, fault, retests, |_| true) else {
        return (RetestVerdict::NotRetested, fault.ratio);
    };
    let RetestEvidence { level, mean, count, error } = evidence;
    let first_count = fault.evidence.len() as f64;
    let pooled = (level * first_count + mean * count) / (first_count + count);
    // slow means below half the level of the run; if that is a small one, slower than chance explains
    let limit = (pooled / 2.0).max(-(2.0 * error).max(0.25)).min(-1.3 * error);
    let is_slow = mean < limit && pooled < FAULTY_LEVEL;
    let gain = 0.5 * (mean / error).powi(2);
    let is_doubtful = fault.significance < 0.0 && fault.significance + gain < MIN_ODDS;
    match is_slow {
        true if !is_doubtful => {
            let tolerance = 3.0 * model.noise * (1.0 / count + 1.0 / first_count).sqrt();
            let do_agree = (mean - level).abs() < tolerance;
            let correction = if do_agree { pooled - level } else { mean - level };
            (RetestVerdict::Confirmed, (fault.ratio * correction.exp()).min(1.0))
        }
        false if fault.is_certain() => (RetestVerdict::NormalAlone, fault.ratio),
        _ => (RetestVerdict::Dismissed, fault.ratio),
    }
}

/// Of a fault in both directions, the direction that is slow in isolation as well; none if the other one is
/// not clearly healthy.
fn narrow_to_direction(
    model: &FittedModel,
    expected: &[f64],
    fault: &Fault,
    retests: &[((usize, usize), f64)],
) -> Option<Fault> {
    let directions = match fault.cause {
        Cause::Node(node) => [Cause::Sender(node), Cause::Receiver(node)],
        Cause::Pair(one, other) => {
            [Cause::Link { sender: one, receiver: other }, Cause::Link { sender: other, receiver: one }]
        }
        _ => return None,
    };
    let covered = directions.map(|direction| model.cells.covered(direction));
    let covers = |direction: usize, (sender, receiver)| {
        model.cells.index(sender, receiver).is_some_and(|cell| covered[direction].contains(&cell))
    };
    let evidence_of = |direction: usize| {
        RetestEvidence::new(model, expected, fault, retests, |pair| covers(direction, pair))
    };
    let (one, other) = (evidence_of(0)?, evidence_of(1)?);
    let (slow, fast, direction) = if one.mean < other.mean { (one, other, 0) } else { (other, one, 1) };
    let error = slow.error.hypot(fast.error);
    if fast.mean < HEALTHY_LEVEL || fast.mean - slow.mean < 2.5 * error || slow.mean > FAULTY_LEVEL {
        return None;
    }
    let evidence: Vec<_> = fault.evidence.iter().copied().filter(|&pair| covers(direction, pair)).collect();
    let measured_pairs = covered[direction].len();
    Some(Fault {
        cause: directions[direction],
        ratio: (fault.ratio * (slow.mean - slow.level).exp()).min(1.0),
        slow_pairs: fault.slow_pairs.min(measured_pairs),
        measured_pairs,
        evidence,
        ..fault.clone()
    })
}
