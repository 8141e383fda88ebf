//! The exit codes, in one place.

/// What a process tells its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum ExitCode {
    /// All that was planned was measured.
    Success = 0,
    /// Nothing could be measured, a result did not get where it was to go, or something was left behind.
    Error = 1,
    /// The command line is wrong.
    Usage = 2,
    /// Some pairs failed or were not measured; the rest was. A check has found problems.
    SomeFailed = 3,
    /// A gate failed.
    GateFailed = 4,
    /// A signal ended the run; what was measured until then was printed.
    Interrupted = 130,
}

/// The exit codes as `--help` shows them; a literal, so that it can stand in other texts.
macro_rules! exit_codes {
    () => {
        "\
Exit codes:
  0    all was measured
  1    an error: nothing was measured, or the result could not be saved, written,
       sent or compared, or something could not be removed; goes before 3 and 4
  2    the command line is wrong
  3    some pairs failed or are missing, the rest was measured; check: there are problems;
       runs: some documents could not be read
  4    a gate failed: --fail-below, --fail-regression
  130  interrupted; what was measured until then was printed"
    };
}

/// The same for `-h`, which has to fit a screen.
macro_rules! short_exit_codes {
    () => {
        "\
Exit codes: 0 all was measured, 1 an error, 2 the command line is wrong, 3 some
pairs failed, 4 a gate failed, 130 interrupted. All flags and examples: --help"
    };
}
pub(super) use {exit_codes, short_exit_codes};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_code() {
        for code in [
            ExitCode::Success,
            ExitCode::Error,
            ExitCode::Usage,
            ExitCode::SomeFailed,
            ExitCode::GateFailed,
            ExitCode::Interrupted,
        ] {
            let line = format!("\n  {:<5}", code as i32);
            assert!(exit_codes!().contains(&line), "{line:?}");
            assert!(
                short_exit_codes!().replace('\n', " ").contains(&format!(" {} ", code as i32)),
                "{code:?}"
            );
        }
    }
}
