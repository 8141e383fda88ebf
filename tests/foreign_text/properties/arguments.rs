//! Command line arguments: rates, sizes, durations, addresses, gates.

use std::ffi::OsString;

use kubectl_netbench::cli::{Cli, Command, MatrixArgs};
use kubectl_netbench::config::{CommandLine, LineError, Settings};
use kubectl_netbench::quantity::{RateUnit, duration, rate};

/// Any value of each flag with a custom parser: it is accepted, or rejected with a message.
pub fn value(bytes: &[u8]) {
    // no argument has a NUL
    let text = String::from_utf8_lossy(bytes).replace('\0', "");
    if let Some(arguments) = read("--to", &text) {
        let to = arguments.common.placement.to.clone().expect("it was given");
        assert!(!to.host.is_empty() && !to.host.starts_with('-'), "{to:?}");
        assert_eq!(
            read("--to", &to.to_string()).and_then(|again| again.common.placement.to.clone()),
            Some(to)
        );
    }
    if let Some(arguments) = read("--time", &text) {
        let seconds = arguments.common.measurement.time_seconds;
        assert!((1..=86_400).contains(&seconds));
        let again = read("--time", &seconds.to_string()).expect("seconds are a duration");
        assert_eq!(again.common.measurement.time_seconds, seconds);
    }
    if let Some(bits) =
        read("--bitrate", &text).and_then(|arguments| arguments.common.measurement.target_bits_per_second)
    {
        let again = read("--bitrate", &bits.to_string())
            .and_then(|again| again.common.measurement.target_bits_per_second);
        assert_eq!(again, Some(bits));
        check_figure(&rate(bits as f64));
        check_figure(&duration(bits as f64));
        check_figure(&RateUnit::Kilobit.format(bits as f64));
    }
    if let Some(arguments) = read("--fail-below", &text) {
        for (_, words) in arguments.common.gates.gates().below {
            let value = words.strip_prefix("--fail-below ").expect("a gate is displayed as the flag");
            assert!(read("--fail-below", value).is_some(), "{words}");
        }
    }
    for flag in [
        "--omit",
        "--length",
        "--mss",
        "--window",
        "--dscp",
        "--parallel",
        "--request-timeout",
        "--congestion",
    ] {
        read(flag, &text);
    }
    let _ = cli(["netbench", "compare", &text, "--fail-regression", &text].map(OsString::from));
}

/// Any command line: no panic.
pub fn words(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes).replace('\0', "");
    let words = text.split('\n').map(OsString::from);
    let _ = cli([OsString::from("netbench")].into_iter().chain(words));
}

fn cli(words: impl IntoIterator<Item = OsString>) -> Result<Cli, String> {
    let line = CommandLine::read(words).map_err(|error| error.to_string())?;
    match line.apply(&Settings::default()) {
        Ok((cli, _)) => Ok(cli),
        Err(LineError::Usage(error)) => Err(error.to_string()),
        Err(LineError::Settings(error)) => Err(error.to_string()),
    }
}

/// Parses `matrix` with a flag.
fn read(flag: &str, value: &str) -> Option<Box<MatrixArgs>> {
    let words = ["netbench".to_owned(), "matrix".to_owned(), format!("{flag}={value}")];
    match cli(words.map(OsString::from)) {
        Ok(Cli { command: Command::Matrix(arguments), .. }) => Some(arguments),
        Ok(_) => None,
        Err(error) => {
            assert!(!error.is_empty());
            None
        }
    }
}

/// Asserts that a figure is formatted without a sign.
#[track_caller]
fn check_figure(text: &str) {
    assert!(text.starts_with(|first: char| first.is_ascii_digit() || first == '<'), "{text}");
}
