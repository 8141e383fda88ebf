//! Ids of runs, by which all that belongs to one is known.

/// Eight characters that cannot be mistaken for each other, nor be read as a word.
pub(super) fn new_id() -> String {
    const ALPHABET: &[u8] = b"bcdfghjkmnpqrstvwxz23456789";
    (0..8).map(|_| char::from(ALPHABET[rand::random_range(0..ALPHABET.len())])).collect()
}
