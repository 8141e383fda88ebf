//! What one path costs against another, as a matrix and in a sentence.

use super::{Canvas, Drawing};
use crate::analysis::{Matrix, part_of_cost};
use crate::document::{Cost, Path, Route, Run};
use crate::quantity::duration;

/// The costs of all pairs, with their mean and the worst of them.
pub(super) fn matrix(run: &Run, cost: &Cost, canvas: Canvas) -> String {
    let matrix = Matrix::of_cost(run, cost);
    let (path, against) = (cost.path.name(), cost.against.name());
    let what =
        capitalised(what(cost.path)) + Route { path: cost.path, ip_family: cost.ip_family }.over_family();
    let drawing = Drawing {
        title: format!("{what} in %: how much less gets through over {path} than over {against}."),
        list_title: format!(
            "{what}: how much less gets through over {path} than over {against}, the most first."
        ),
        unit: "%".to_owned(),
        write: Box::new(percent),
        part: Box::new(part_of_cost),
        worst_is_largest: true,
    };
    format!("{}\n{}", drawing.draw(&matrix, canvas), sentence(cost))
}

/// The costs in a sentence each.
pub(super) fn sentences(run: &Run) -> String {
    run.summary.costs.iter().map(sentence).collect()
}

fn sentence(cost: &Cost) -> String {
    let (path, against) = (cost.path.name(), cost.against.name());
    let what =
        capitalised(what(cost.path)) + Route { path: cost.path, ip_family: cost.ip_family }.over_family();
    let mut text = if cost.mean_percent >= 0.0 {
        format!("{what}: {path} is {}% slower than {against}", percent(cost.mean_percent))
    } else {
        format!("{what}: none, {path} is {}% faster than {against}", percent(-cost.mean_percent))
    };
    if cost.pairs.len() > 1 {
        text.push_str(" in the mean");
    }
    if let Some(added) = cost.mean_added_latency_microseconds() {
        let more = if added >= 0.0 { "later" } else { "sooner" };
        text = format!("{text}, and answers come {} {more}", duration(added.abs()));
    }
    match cost.worst() {
        Some(worst) if cost.pairs.len() > 1 => {
            let (sender, receiver) = (&worst.sender, &worst.receiver);
            format!("{text}; worst {sender} → {receiver}, {}%.\n", percent(worst.percent))
        }
        _ => format!("{text}.\n"),
    }
}

/// What it is that costs.
fn what(path: Path) -> &'static str {
    match path {
        Path::Pod => "cost of the overlay",
        Path::NodePort => "cost of the node port",
        Path::LoadBalancer => "cost of the load balancer",
        Path::Service | Path::Host | Path::Loopback => "cost of the service",
    }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}

fn percent(value: f64) -> String {
    // not `-0.0`
    format!("{:.1}", if value.abs() < 0.05 { 0.0 } else { value })
}
