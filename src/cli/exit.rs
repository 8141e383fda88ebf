//! The exit codes, in one place.

/// The exit code of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum ExitCode {
    /// Everything planned was measured.
    Success = 0,
    /// Nothing was measured, a result could not be delivered, or objects were left behind.
    Error = 1,
    /// The command line is invalid.
    Usage = 2,
    /// Some pairs failed or were not measured; `check` found problems.
    SomeFailed = 3,
    /// A gate failed.
    GateFailed = 4,
    /// A signal interrupted the run; the results so far were printed and saved.
    Interrupted = 130,
}

/// The exit codes of a command for `--help`; a literal, for use in `concat!`.
macro_rules! exit_codes {
    ($($code:tt: $meaning:literal),+ $(,)?) => {
        concat!("Exit codes:", $("\n  ", $code, $crate::cli::exit::exit_codes!(@gap $code), $meaning),+)
    };
    (@gap 130) => { "  " };
    (@gap $code:tt) => { "    " };
}

/// The exit codes of the commands that measure.
macro_rules! measuring_exit_codes {
    () => {
        $crate::cli::exit::exit_codes! {
            0: "everything was measured",
            1: "error: nothing was measured, or the result could not be saved, written,\n       sent or compared, or objects could not be deleted (even if 3 or 4 applies)",
            2: "invalid command line",
            3: "some pairs failed or were not measured",
            4: "a gate failed: --fail-below, --fail-regression",
            130: "interrupted; the results so far were printed and saved",
        }
    };
}

/// A short form for `-h`, which has to fit on a screen.
macro_rules! short_exit_codes {
    () => {
        "\
Exit codes: 0 success, 1 error, 2 invalid command line, 3 some pairs failed,
4 a gate failed, 130 interrupted. All flags and examples: --help"
    };
}
pub(super) use {exit_codes, measuring_exit_codes, short_exit_codes};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_lists_every_exit_code() {
        for code in [
            ExitCode::Success,
            ExitCode::Error,
            ExitCode::Usage,
            ExitCode::SomeFailed,
            ExitCode::GateFailed,
            ExitCode::Interrupted,
        ] {
            let line = format!("\n  {:<5}", code as i32);
            assert!(measuring_exit_codes!().contains(&line), "{line:?}");
            assert!(
                short_exit_codes!().replace('\n', " ").contains(&format!(" {} ", code as i32)),
                "{code:?}"
            );
        }
    }
}
