//! `JUnit`'s XML, as pipelines read it: each pair a case, which failed if it failed a gate or was not
//! measured.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::View;
use crate::document::{Breach, PairSummary, Run, ThroughputSummary, way_name};
use crate::quantity::rate;

pub(super) struct Junit;

impl View for Junit {
    fn render(&self, run: &Run) -> String {
        let mut report = Report::new("kubectl-netbench");
        let seconds = (run.finished_at - run.started_at).total(jiff::Unit::Second).unwrap_or_default();
        report.set_time(Duration::from_secs_f64(seconds.max(0.0)));
        for summary in &run.summary.throughput {
            let mut suite =
                TestSuite::new(format!("throughput over {}", way_name(summary.path, summary.ip_family)));
            suite.add_property(("run", run.id.as_str()));
            if let Some(context) = run.cluster.as_ref().and_then(|cluster| cluster.context.as_deref()) {
                suite.add_property(("context", context));
            }
            for finding in &run.findings {
                suite.add_property(("finding", finding.sentence.as_str()));
            }
            suite.add_test_cases(summary.pairs.iter().map(|pair| case(run, summary, pair)));
            report.add_test_suite(suite);
        }
        // the report goes to memory: nothing can fail
        report.to_string().unwrap_or_default()
    }
}

fn case(run: &Run, summary: &ThroughputSummary, pair: &PairSummary) -> TestCase {
    let is_of_pair = |breach: &&Breach| {
        (breach.path, breach.ip_family) == (summary.path, summary.ip_family)
            && (&breach.sender, &breach.receiver) == (&pair.sender, &pair.receiver)
    };
    let breaches: Vec<&Breach> = run.breaches.iter().filter(is_of_pair).collect();
    let status = if let (Some(reason), 0) = (&pair.failure, pair.measured) {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
        status.set_message(reason.as_str()).set_type("not measured");
        status
    } else if breaches.is_empty() {
        TestCaseStatus::success()
    } else {
        let words = breaches.iter().map(|breach| {
            let reached = breach.bits_per_second.map_or_else(|| "nothing".to_owned(), rate);
            format!("{}: {reached} of {}", breach.gate, rate(breach.limit_bits_per_second))
        });
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(words.collect::<Vec<_>>().join("; ")).set_type("gate");
        status
    };
    let mut case = TestCase::new(format!("{} → {}", pair.sender, pair.receiver), status);
    case.set_classname(format!("netbench.{}", way_name(summary.path, summary.ip_family).replace(' ', "-")));
    if let Some(mean) = pair.mean_bits_per_second {
        case.set_system_out(rate(mean));
        case.add_property(("bitsPerSecond", mean.to_string().as_str()));
    }
    case
}
