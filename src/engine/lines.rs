//! Splits output into lines.

/// Maximum length of a line, in bytes: more than the longest line of any engine, which is an event of iperf3 with
/// 128 streams or a histogram of iperf 2.
pub const MAX_LINE_BYTES: usize = 16 << 20;

/// Joins the chunks in which output arrives into lines. Drops lines that are too long.
#[derive(Debug, Default)]
pub struct LineSplitter {
    pending: Vec<u8>,
    is_overlong: bool,
}

impl LineSplitter {
    /// Takes the next bytes and returns the lines that they completed, without their line feeds.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            self.is_overlong |= self.pending.len() + piece.len() > MAX_LINE_BYTES;
            if self.is_overlong {
                self.pending = Vec::new();
            } else {
                self.pending.extend_from_slice(piece);
            }
            if piece.ends_with(b"\n") {
                lines.extend(self.finish());
            }
        }
        lines
    }

    /// The unfinished line at the end of the output, if there is one.
    pub fn finish(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.pending);
        let is_dropped = std::mem::take(&mut self.is_overlong);
        if is_dropped || line.is_empty() {
            return None;
        }
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        Some(String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(pieces: &[&[u8]]) -> Vec<String> {
        let mut splitter = LineSplitter::default();
        let mut lines: Vec<String> = pieces.iter().flat_map(|piece| splitter.push(piece)).collect();
        lines.extend(splitter.finish());
        lines
    }

    #[test]
    fn overlong_line_is_dropped_and_the_next_one_kept() {
        let long = vec![b'x'; MAX_LINE_BYTES];
        assert_eq!(lines(&[b"a\n", &long, &long, b"\nb\n"]), ["a", "b"]);
    }

    proptest! {
        #[test]
        fn lines_do_not_depend_on_how_bytes_arrive(text in "[a-c\n]{0,40}", cut in 0usize..40) {
            let (one, other) = text.as_bytes().split_at(cut.min(text.len()));
            prop_assert_eq!(lines(&[one, other]), text.lines().collect::<Vec<_>>());
        }
    }
}
