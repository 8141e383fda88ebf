//! The results of all trials by fault.

use std::fmt;

use crate::verdict::Verdict;

/// The rows, as Markdown.
#[derive(Default)]
pub struct Table {
    pub rows: Vec<Row>,
}

/// One fault.
#[derive(Default)]
pub struct Row {
    fault: &'static str,
    trials: usize,
    survived: usize,
    leftovers: usize,
    cells: usize,
    failed: usize,
    wrong: usize,
}

impl Row {
    pub fn of(fault: &'static str) -> Self {
        Self { fault, ..Self::default() }
    }

    pub fn take(&mut self, verdict: &Verdict, left: &[String]) {
        self.trials += 1;
        self.survived += usize::from(verdict.problems.is_empty());
        self.leftovers += left.len();
        self.cells += verdict.cells;
        self.failed += verdict.failed;
        self.wrong += verdict.wrong.len();
    }
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        if self.rows.iter().all(|row| row.trials == 0) {
            return Ok(());
        }
        writeln!(
            formatter,
            "| fault | trials | survived | leftovers | cells | failed with a reason | wrong |"
        )?;
        writeln!(formatter, "| --- | --: | --: | --: | --: | --: | --: |")?;
        for row in self.rows.iter().filter(|row| row.trials > 0) {
            let Row { fault, trials, survived, leftovers, cells, failed, wrong } = row;
            writeln!(
                formatter,
                "| {fault} | {trials} | {survived} | {leftovers} | {cells} | {failed} | {wrong} |"
            )?;
        }
        Ok(())
    }
}
