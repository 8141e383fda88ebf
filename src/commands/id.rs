//! Ids of runs.

/// A random id of eight characters, without vowels and look-alikes: it forms no words.
pub(super) fn new_id() -> String {
    const ALPHABET: &[u8] = b"bcdfghjkmnpqrstvwxz23456789";
    (0..8).map(|_| char::from(ALPHABET[rand::random_range(0..ALPHABET.len())])).collect()
}
