//! What is left of the suspects when they are measured again, alone.

use std::collections::HashSet;

use super::picture::Picture;
use super::{Cause, Fault, Grid};

/// What became of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is slow alone, too.
    Confirmed,
    /// It was clearly slow, but is fast alone: slow only beside other tests, as on a shared uplink.
    OnlyTogether,
    /// It was never certain, and is fast alone, or not slow enough to tell it from chance.
    Recovered,
    /// None of its pairs was measured again.
    NotMeasured,
}

/// A suspicion needs these odds, in nats, when both measurements are taken together.
const ENOUGH: f64 = 1.0;

/// From here on a node is faulty, both measurements taken together: about a quarter below the others.
const FAULTY: f64 = -0.24;

/// And up to here it is healthy: a tenth.
const HEALTHY: f64 = -0.1;

/// Judges faults by what their pairs were alone, as ((sender, receiver), bits per second). A pair may be given
/// several times.
///
/// Of a node that turns out to be slow one way only, that way is told; and the same of a pair.
pub fn judge(grid: &Grid, mut faults: Vec<Fault>, again: &[((usize, usize), f64)]) -> Vec<(Fault, Verdict)> {
    let clear = faults.iter().filter(|fault| fault.significance > 0.0);
    let causes: Vec<_> = clear.map(|fault| fault.cause).collect();
    let Some(picture) = Picture::of_causes(grid, &causes) else {
        return faults.into_iter().map(|fault| (fault, Verdict::NotMeasured)).collect();
    };
    let mut verdicts = vec![(Verdict::NotMeasured, 1.0); faults.len()];
    // what was slow only together explains nothing of what a pair is alone, which may change other verdicts
    for _ in 0..3 {
        let last = verdicts.clone();
        for number in 0..faults.len() {
            let fault = &faults[number];
            let others = faults.iter().zip(&last).filter(|(other, (verdict, _))| {
                other.significance > 0.0 && other.cause != fault.cause && *verdict != Verdict::OnlyTogether
            });
            let whole = picture.expected(others.map(|(other, _)| (other.cause, other.part.ln())));
            verdicts[number] = of_one(&picture, &whole, fault, again);
            if let Some(half) = narrowed(&picture, &whole, fault, again) {
                verdicts[number] = of_one(&picture, &whole, &half, again);
                faults[number] = half;
            }
        }
        if verdicts == last {
            break;
        }
    }
    let judged =
        faults.into_iter().zip(verdicts).map(|(fault, (verdict, part))| (Fault { part, ..fault }, verdict));
    let mut known = HashSet::new();
    // a half may have been suspected by itself, too
    judged.filter(|(fault, _)| known.insert(fault.cause)).collect()
}

/// What retests say of a fault, as logarithms; beyond what others explain.
struct Alone {
    level: f64,
    mean: f64,
    count: f64,
    /// The standard deviation of the mean.
    chance: f64,
}

impl Alone {
    /// `whole` is what is expected of each cell without the fault. None if nothing was measured again.
    fn new(
        picture: &Picture,
        whole: &[f64],
        fault: &Fault,
        again: &[((usize, usize), f64)],
        counts: impl Fn((usize, usize)) -> bool,
    ) -> Option<Self> {
        let own = again.iter().filter(|(pair, _)| fault.evidence.contains(pair) && counts(*pair));
        let values = own.filter_map(|&(pair, rate)| {
            let whole = whole.get(picture.cells.place(pair.0, pair.1))?;
            Some((fault.part.ln() - whole, picture.below(pair, rate)? - whole))
        });
        let mut values: Vec<(f64, f64)> = values.collect();
        // a pair that others make as slow tells little, if there are better ones
        let telling = |(level, _): &(f64, f64)| *level < fault.part.ln() / 2.0;
        if values.iter().any(telling) {
            values.retain(telling);
        }
        let count = values.len() as f64;
        (!values.is_empty()).then(|| Self {
            level: values.iter().map(|(level, _)| level).sum::<f64>() / count,
            mean: agreed(values.iter().map(|(_, below)| *below).collect(), picture.noise),
            count,
            chance: picture.noise / count.sqrt(),
        })
    }
}

/// The mean, unless values differ beyond chance: one cell that is slow for a reason of its own does not make
/// a whole node slow. Then the middle one counts, and of two the faster.
fn agreed(mut values: Vec<f64>, noise: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.as_slice() {
        [first, .., last] if last - first > 3.5 * noise => values[values.len() / 2],
        _ => values.iter().sum::<f64>() / values.len().max(1) as f64,
    }
}

/// And what is left of the rate, both measurements taken together; where they differ, alone.
fn of_one(
    picture: &Picture,
    whole: &[f64],
    fault: &Fault,
    again: &[((usize, usize), f64)],
) -> (Verdict, f64) {
    let Some(alone) = Alone::new(picture, whole, fault, again, |_| true) else {
        return (Verdict::NotMeasured, fault.part);
    };
    let Alone { level, mean, count, chance } = alone;
    let first = fault.evidence.len() as f64;
    let pooled = (level * first + mean * count) / (first + count);
    // slower than halfway to what was seen; or, if less slow than it was seen, slower beyond chance
    let halfway = (pooled / 2.0).max(-(2.0 * chance).max(0.25)).min(-1.3 * chance);
    let slow = mean < halfway && pooled < FAULTY;
    let gain = 0.5 * (mean / chance).powi(2);
    let doubt = fault.significance < 0.0 && fault.significance + gain < ENOUGH;
    match slow {
        true if !doubt => {
            let alike = (mean - level).abs() < 3.0 * picture.noise * (1.0 / count + 1.0 / first).sqrt();
            let more = if alike { pooled - level } else { mean - level };
            (Verdict::Confirmed, (fault.part * more.exp()).min(1.0))
        }
        false if fault.is_certain() => (Verdict::OnlyTogether, fault.part),
        _ => (Verdict::Recovered, fault.part),
    }
}

/// Of a fault both ways, the half that is slow alone, too, if the other one clearly is not.
fn narrowed(
    picture: &Picture,
    whole: &[f64],
    fault: &Fault,
    again: &[((usize, usize), f64)],
) -> Option<Fault> {
    let halves = match fault.cause {
        Cause::Node(node) => [Cause::Sender(node), Cause::Receiver(node)],
        Cause::Pair(one, other) => {
            [Cause::Link { sender: one, receiver: other }, Cause::Link { sender: other, receiver: one }]
        }
        _ => return None,
    };
    let covered = halves.map(|half| picture.cells.of(half));
    let within =
        |half: usize, (sender, receiver)| covered[half].contains(&picture.cells.place(sender, receiver));
    let alone = |half: usize| Alone::new(picture, whole, fault, again, |pair| within(half, pair));
    let (one, other) = (alone(0)?, alone(1)?);
    let (slow, fast, half) = if one.mean < other.mean { (one, other, 0) } else { (other, one, 1) };
    let chance = slow.chance.hypot(fast.chance);
    if fast.mean < HEALTHY || fast.mean - slow.mean < 2.5 * chance || slow.mean > FAULTY {
        return None;
    }
    let evidence: Vec<_> = fault.evidence.iter().copied().filter(|&pair| within(half, pair)).collect();
    let of = covered[half].len();
    let part = (fault.part * (slow.mean - slow.level).exp()).min(1.0);
    Some(Fault { cause: halves[half], part, slow: fault.slow.min(of), of, evidence, ..fault.clone() })
}
