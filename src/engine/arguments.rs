//! Arguments that a user hands to a client as they are: which of them cannot be, and why.

/// An option of a program that would break what is built on its client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserved {
    /// Its long name, without dashes.
    pub long: &'static str,
    /// Its letter, if it has one.
    pub short: Option<char>,
    /// What to do instead, or why it cannot be.
    pub instead: &'static str,
}

/// The options of a program, as far as they matter here.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Those that are refused.
    pub reserved: &'static [Reserved],
    /// The letters of those that take a value.
    pub letters_with_value: &'static str,
}

/// An argument that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The argument, as it was written.
    pub argument: String,
    /// What to do instead, or why it cannot be.
    pub instead: &'static str,
}

impl Options {
    /// The first of `arguments` that is refused, read as getopt reads them: letters in bundles,
    /// long names cut short.
    pub fn refused(&self, arguments: &[String]) -> Option<Refused> {
        let mut is_value = false;
        for argument in arguments {
            if std::mem::take(&mut is_value) {
                continue;
            }
            let reserved = if let Some(long) = argument.strip_prefix("--") {
                let name = long.split_once('=').map_or(long, |(name, _)| name);
                self.reserved.iter().find(|reserved| reserved.long.starts_with(name))
            } else if let Some(letters) = argument.strip_prefix('-') {
                let (reserved, takes_next) = self.of_letters(letters);
                is_value = takes_next;
                reserved
            } else {
                None
            };
            if let Some(reserved) = reserved {
                return Some(Refused { argument: argument.clone(), instead: reserved.instead });
            }
        }
        None
    }

    /// The first reserved one of a bundle of letters, and whether the last takes the next argument.
    fn of_letters(&self, letters: &str) -> (Option<&Reserved>, bool) {
        for (at, letter) in letters.char_indices() {
            if let Some(reserved) = self.reserved.iter().find(|reserved| reserved.short == Some(letter)) {
                return (Some(reserved), false);
            }
            if self.letters_with_value.contains(letter) {
                return (None, at + letter.len_utf8() == letters.len());
            }
        }
        (None, false)
    }
}

/// A table of reserved options.
macro_rules! reserved {
    ($($long:literal $($short:literal)? => $instead:expr;)*) => {
        &[$($crate::engine::arguments::Reserved {
            long: $long,
            short: $crate::engine::arguments::reserved!(@short $($short)?),
            instead: $instead,
        }),*]
    };
    (@short) => { None };
    (@short $short:literal) => { Some($short) };
}
pub(crate) use reserved;

#[cfg(test)]
mod tests {
    use crate::engine::Engine;
    use crate::engine::iperf2::Iperf2;
    use crate::engine::iperf3::Iperf3;

    fn refused(engine: &dyn Engine, words: &str) -> Option<String> {
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        engine.options().refused(&words).map(|refused| refused.argument)
    }

    #[test]
    fn what_would_break_the_report_or_the_placing_is_refused_however_it_is_written() {
        for words in [
            "-J",
            "--json",
            "--json-s",
            "-p 1",
            "-p1",
            "-ZJ",
            "-N -R",
            "--port=7",
            "--logfile x",
            "-c host",
            "-F /etc/passwd",
            "-I/tmp/pid",
            "--pidfile=x",
            "--",
        ] {
            assert!(refused(&Iperf3, words).is_some(), "{words}");
        }
        for words in ["-y C", "-u", "--udp", "-o file", "-Nd", "-F file", "-I"] {
            assert!(refused(&Iperf2, words).is_some(), "{words}");
        }
    }

    #[test]
    fn everything_else_goes_through_and_a_value_is_no_option() {
        for words in
            ["-Z", "-N", "--zerocopy -N", "-T -J", "--bind-dev eth1", "-B 10.0.0.1", "-A 0,1", "-S 0x10"]
        {
            assert_eq!(refused(&Iperf3, words), None, "{words}");
        }
        assert_eq!(refused(&Iperf2, "-N --tcp-quickack"), None);
    }
}
