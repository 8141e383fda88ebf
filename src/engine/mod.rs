//! The programs that measure: what they are told, and what they answer. Pure.

pub mod iperf3;
