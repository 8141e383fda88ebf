//! Properties of all code that reads untrusted text. Each function takes arbitrary bytes, and panics if the
//! property does not hold. Called by these tests and by the targets in `fuzz`.

pub mod arguments;
pub mod config;
pub mod kubeconfig;
pub mod reports;
pub mod saved_runs;
pub mod words;

use kubectl_netbench::sanitize;

/// Asserts that a text is a single line without invisible characters.
#[track_caller]
fn check_line(text: &str) {
    assert_eq!(sanitize::line(text), text);
}

/// Splits bytes into chunks of pseudorandom lengths that depend only on the bytes.
fn chunks(bytes: &[u8]) -> Vec<&[u8]> {
    let mut seed = bytes.iter().fold(bytes.len() as u32, |seed, byte| mixed(seed ^ u32::from(*byte)));
    let (mut chunks, mut rest) = (Vec::new(), bytes);
    while !rest.is_empty() {
        seed = mixed(seed);
        // mostly a few bytes, sometimes many
        let length = if seed.trailing_zeros() >= 3 { seed >> 20 } else { seed >> 27 };
        let (chunk, after) = rest.split_at((length as usize + 1).min(rest.len()));
        chunks.push(chunk);
        rest = after;
    }
    chunks
}

/// A step of a linear congruential generator.
fn mixed(seed: u32) -> u32 {
    seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223)
}
