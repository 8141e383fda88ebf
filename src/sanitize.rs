//! Makes foreign text (pod output, files, answers of servers) safe to print.

/// Maximum length of a reason, in characters: an admission webhook may quote a whole manifest.
const LONGEST_REASON: usize = 2000;

/// Replaces every invisible character by a space: control characters, bidirectional marks and anything
/// of zero width. Line feeds stay.
///
/// Foreign text must not move the cursor, hide anything, or pass for something else.
pub fn text(text: &str) -> String {
    text.chars().map(|character| if is_shown(character) { character } else { ' ' }).collect()
}

/// Like [`text`], with line feeds replaced as well: for lists and tables.
pub fn line(text: &str) -> String {
    text.chars().map(|character| if is_shown_in_line(character) { character } else { ' ' }).collect()
}

/// Transliterates our own symbols to ASCII; any other non-ASCII character becomes a question mark.
pub fn ascii(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\0'..='\x7f' => shown.push(character),
            '→' => shown.push_str("->"),
            '…' => shown.push_str("..."),
            '≥' => shown.push_str(">="),
            '–' | '−' => shown.push('-'),
            '▼' => shown.push('V'),
            '▽' => shown.push('v'),
            '▲' => shown.push('A'),
            '△' => shown.push('^'),
            '•' => shown.push('*'),
            '✓' => shown.push('+'),
            '✗' | '×' => shown.push('x'),
            'µ' => shown.push('u'),
            _ => shown.push('?'),
        }
    }
    shown
}

/// Like [`line`], never empty, and truncated to a readable length: the reason of a failure.
pub fn reason(text: &str) -> String {
    let mut reason = line(text).trim().to_owned();
    if reason.is_empty() {
        return "no reason was given".to_owned();
    }
    if let Some((end, _)) = reason.char_indices().nth(LONGEST_REASON) {
        reason.truncate(end);
        reason.push('…');
    }
    reason
}

/// Whether [`line`] would leave the text unchanged.
pub(crate) fn is_line(text: &str) -> bool {
    text.chars().all(is_shown_in_line)
}

fn is_shown_in_line(character: char) -> bool {
    character != '\n' && is_shown(character)
}

/// False for control characters, line and paragraph separators, and for Unicode's
/// `Default_Ignorable_Code_Point`, `Bidi_Control` and interlinear annotation characters.
fn is_shown(character: char) -> bool {
    let is_invisible = matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}');
    character == '\n' || !(character.is_control() || is_invisible)
}

/// The text without the user and password of URLs in it.
pub(crate) fn without_credentials(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("://") {
        let (before, after) = rest.split_at(start + "://".len());
        kept.push_str(before);
        let is_end = |character: char| character.is_whitespace() || "/?#\"'<>`\\".contains(character);
        let authority = &after[..after.find(is_end).unwrap_or(after.len())];
        rest = authority.rfind('@').map_or(after, |at| &after[at + 1..]);
    }
    kept + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_printed_without_user_and_password() {
        for (text, expected) in [
            ("https://jane:secret@10.0.0.1:6443/x@y", "https://10.0.0.1:6443/x@y"),
            (
                "proxy \"http://a:b@c@proxy:3128\" and socks5://u@h",
                "proxy \"http://proxy:3128\" and socks5://h",
            ),
            ("https://10.0.0.1/?to=a@b", "https://10.0.0.1/?to=a@b"),
            ("no URL: a@b", "no URL: a@b"),
            ("://", "://"),
        ] {
            assert_eq!(without_credentials(text), expected);
        }
    }

    #[test]
    fn control_characters_become_spaces() {
        assert_eq!(text("a\u{1b}]0;title\u{7}b\r\nc\u{9b}31m\u{202e}d\u{7f}"), "a ]0;title b \nc 31m d ");
        assert_eq!(text("node-1 → Knoten-ä"), "node-1 → Knoten-ä");
    }

    #[test]
    fn invisible_characters_become_spaces() {
        for invisible in
            ['\u{200b}', '\u{feff}', '\u{ad}', '\u{61c}', '\u{2066}', '\u{e0041}', '\u{fe0f}', '\u{3164}']
        {
            assert_eq!(text(&format!("a{invisible}b")), "a b", "{invisible:?}");
        }
    }

    #[test]
    fn line_separators_become_spaces_in_a_line() {
        assert_eq!(line("a\nb\u{2028}c\u{2029}d\u{85}e\u{b}f"), "a b c d e f");
        assert!(is_line("a b") && !is_line("a\nb") && !is_line("a\u{200b}"));
    }

    #[test]
    fn ascii_transliterates_own_symbols() {
        let text = "node-1 → node-3  1.88 ▼  2.5× – 3 µs ✓…";
        assert_eq!(ascii(text), "node-1 -> node-3  1.88 V  2.5x - 3 us +...");
        assert_eq!(ascii("Knoten-ä"), "Knoten-?");
    }

    #[test]
    fn long_reason_is_truncated() {
        let reason = reason(&format!(" {}\n", "ä".repeat(10_000)));
        assert_eq!(reason.chars().count(), LONGEST_REASON + 1);
        assert!(reason.starts_with('ä') && reason.ends_with('…'));
        assert_eq!(super::reason("\u{7}\n"), "no reason was given");
    }
}
