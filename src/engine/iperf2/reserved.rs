//! The options of iperf 2 that users may not pass to its clients.

use crate::engine::reserved::{ReservedArguments, reserved};

pub(super) const RESERVED: ReservedArguments = ReservedArguments {
    letters_with_value: "bcfilnoptwxyBFHLMPQSTZ",
    reserved: reserved! {
        "client" 'c' => "the nodes or --to select the server";
        "server" 's' => "these are the arguments of a client";
        "port" 'p' => "use --port before the `--`";
        "incr-dstport" => "each server has one port";
        "incr-dstip" => "each server has one address";
        "time" 't' => "use --time before the `--`";
        "num" 'n' => "tests end after a time: use --time before the `--`";
        "parallel" 'P' => "use --parallel before the `--`";
        "interval" 'i' => "the interval is one second";
        "udp" 'u' => "use --engine iperf3 for UDP";
        "udp-l4s" => "use --engine iperf3 for UDP";
        "udp-l4s-video" => "use --engine iperf3 for UDP";
        "single_udp" 'U' => "use --engine iperf3 for UDP";
        "bandwidth" 'b' => "use --bitrate before the `--`";
        "len" 'l' => "use --length before the `--`";
        "mss" 'M' => "use --mss before the `--`";
        "window" 'w' => "use --window before the `--`";
        "tcp-congestion" 'Z' => "use --congestion before the `--`";
        "linux-congestion" => "use --congestion before the `--`";
        "tos" 'S' => "use --dscp before the `--`";
        "dscp" => "use --dscp before the `--`";
        "ipv6_domain" 'V' => "use --ip-family ipv6 before the `--`";
        "reverse" 'R' => "every direction is measured";
        "full-duplex" => "use --engine iperf3 --bidir";
        "dualtest" 'd' => "use --engine iperf3 --bidir";
        "tradeoff" 'r' => "every direction is measured";
        "listenport" 'L' => "every direction is measured";
        "bounceback" => "use --rtt before the `--`";
        "connect-only" => "nothing would be measured";
        "working-load" => "the load would count as part of the test";
        "permit-key" => "the servers have no key";
        "sync-transfer-id" => "the servers number the streams";
        "enhanced" 'e' => "the report format is fixed";
        "format" 'f' => "the report format is fixed";
        "reportstyle" 'y' => "the report format is fixed";
        "reportexclude" 'x' => "it would break the report";
        "sum-only" => "it would break the report";
        "compatibility" 'C' => "it would break the report";
        "output" 'o' => "it would hide the report";
        "fileinput" 'F' => "tests neither read nor write files";
        "stdin" 'I' => "clients have no input";
        "daemon" 'D' => "these are the arguments of a client";
        "singleclient" '1' => "these are the arguments of a client";
        "version" 'v' => "nothing would be measured";
        "help" 'h' => "nothing would be measured";
    },
};
