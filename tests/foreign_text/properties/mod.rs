//! What holds of any text that comes from somewhere else. Each function takes any bytes and panics
//! where something does not hold: the tests beside call them a bounded number of times, and the
//! targets in `fuzz` without end.

pub mod arguments;
pub mod config;
pub mod kubeconfig;
pub mod reports;
pub mod saved_runs;
pub mod words;

use kubectl_netbench::sanitize;

/// Checks that a text is a line in which nothing is hidden.
#[track_caller]
fn check_line(text: &str) {
    assert_eq!(sanitize::line(text), text);
}

/// Pieces of bytes, of lengths that differ from bytes to bytes but are always the same for these.
fn pieces(bytes: &[u8]) -> Vec<&[u8]> {
    let mut seed = bytes.iter().fold(bytes.len() as u32, |seed, byte| mixed(seed ^ u32::from(*byte)));
    let (mut pieces, mut rest) = (Vec::new(), bytes);
    while !rest.is_empty() {
        seed = mixed(seed);
        // mostly a few bytes, and at times many
        let length = if seed.trailing_zeros() >= 3 { seed >> 20 } else { seed >> 27 };
        let (piece, after) = rest.split_at((length as usize + 1).min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// A step of a generator of numbers: for pieces, any will do.
fn mixed(seed: u32) -> u32 {
    seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223)
}
