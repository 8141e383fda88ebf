//! Client arguments that users may not pass.

/// An option that would break the report or the placement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reserved {
    /// Its long name, without dashes.
    pub long: &'static str,
    /// Its letter.
    pub short: Option<char>,
    /// What to use instead, or why it is rejected.
    pub instead: &'static str,
}

/// The reserved options of a program, and how to find them among its arguments.
#[derive(Debug, Clone, Copy)]
pub struct ReservedArguments {
    /// The rejected options.
    pub reserved: &'static [Reserved],
    /// The letters of all options that take a value.
    pub letters_with_value: &'static str,
}

/// A rejected argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedArgument {
    /// As it was written.
    pub argument: String,
    /// What to use instead, or why it is rejected.
    pub instead: &'static str,
}

impl ReservedArguments {
    /// The first rejected one of `arguments`, read as getopt does: letters may be bundled, long names
    /// abbreviated.
    pub fn rejected(&self, arguments: &[String]) -> Option<RejectedArgument> {
        let mut is_value = false;
        for argument in arguments {
            if std::mem::take(&mut is_value) {
                continue;
            }
            let reserved = if let Some(long) = argument.strip_prefix("--") {
                let name = long.split_once('=').map_or(long, |(name, _)| name);
                self.reserved.iter().find(|reserved| reserved.long.starts_with(name))
            } else if let Some(letters) = argument.strip_prefix('-') {
                let (reserved, takes_next) = self.find_in_bundle(letters);
                is_value = takes_next;
                reserved
            } else {
                None
            };
            if let Some(reserved) = reserved {
                return Some(RejectedArgument { argument: argument.clone(), instead: reserved.instead });
            }
        }
        None
    }

    /// The first reserved option of bundled letters, and whether the last letter takes the next argument.
    fn find_in_bundle(&self, letters: &str) -> (Option<&Reserved>, bool) {
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
        &[$($crate::engine::reserved::Reserved {
            long: $long,
            short: $crate::engine::reserved::reserved!(@short $($short)?),
            instead: $instead,
        }),*]
    };
    (@short) => { None };
    (@short $short:literal) => { Some($short) };
}
pub(crate) use reserved;

#[cfg(test)]
mod tests {
    use crate::engine::throughput_engine;
    use crate::options::EngineId;

    fn rejected(engine: EngineId, words: &str) -> Option<String> {
        let words: Vec<String> = words.split_whitespace().map(str::to_owned).collect();
        throughput_engine(engine).reserved_arguments().rejected(&words).map(|rejected| rejected.argument)
    }

    #[test]
    fn reserved_argument_is_rejected_in_every_spelling() {
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
            assert!(rejected(EngineId::Iperf3, words).is_some(), "{words}");
        }
        for words in ["-y C", "-u", "--udp", "-o file", "-Nd", "-F file", "-I"] {
            assert!(rejected(EngineId::Iperf2, words).is_some(), "{words}");
        }
    }

    #[test]
    fn other_arguments_and_values_that_look_like_options_pass() {
        for words in
            ["-Z", "-N", "--zerocopy -N", "-T -J", "--bind-dev eth1", "-B 10.0.0.1", "-A 0,1", "-S 0x10"]
        {
            assert_eq!(rejected(EngineId::Iperf3, words), None, "{words}");
        }
        assert_eq!(rejected(EngineId::Iperf2, "-N --tcp-quickack"), None);
    }
}
