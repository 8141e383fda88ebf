#![no_main]

use libfuzzer_sys::fuzz_target;
use netbench_fuzz::properties;

fuzz_target!(|bytes: &[u8]| properties::config::file(bytes));
