//! Words of others, without what would make a terminal do something.

/// The text without control characters and marks that turn the direction of writing: each becomes a
/// space or, where it only separates lines, stays. What a pod prints or a file says is shown to
/// people, and must not move their cursor or hide from them.
pub fn plain(text: &str) -> String {
    let shown = |character: char| match character {
        '\n' => '\n',
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => ' ',
        character if character.is_control() => ' ',
        character => character,
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_of_a_stranger_moves_the_cursor() {
        assert_eq!(plain("a\u{1b}]0;title\u{7}b\r\nc\u{9b}31m\u{202e}d"), "a ]0;title b \nc 31m d");
        assert_eq!(plain("node-1 → Knoten-ä"), "node-1 → Knoten-ä");
    }
}
