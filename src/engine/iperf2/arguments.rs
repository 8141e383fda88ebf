//! iperf 2's options that a user cannot hand to its client.

use crate::engine::arguments::{Options, reserved};

pub(super) const OPTIONS: Options = Options {
    letters_with_value: "bcfilnoptwxyBFHLMPQSTZ",
    reserved: reserved! {
        "client" 'c' => "the server is chosen by the nodes, or with --to";
        "server" 's' => "it is a client that takes these arguments";
        "port" 'p' => "use --port before the `--`";
        "incr-dstport" => "each server has one port";
        "incr-dstip" => "each server has one address";
        "time" 't' => "use --time before the `--`";
        "num" 'n' => "tests end after a time: use --time before the `--`";
        "parallel" 'P' => "use --parallel before the `--`";
        "interval" 'i' => "samples are a second apart";
        "udp" 'u' => "UDP is measured with iperf3";
        "udp-l4s" => "UDP is measured with iperf3";
        "udp-l4s-video" => "UDP is measured with iperf3";
        "single_udp" 'U' => "UDP is measured with iperf3";
        "bandwidth" 'b' => "use --bitrate before the `--`";
        "len" 'l' => "use --length before the `--`";
        "mss" 'M' => "use --mss before the `--`";
        "window" 'w' => "use --window before the `--`";
        "tcp-congestion" 'Z' => "use --congestion before the `--`";
        "linux-congestion" => "use --congestion before the `--`";
        "tos" 'S' => "use --dscp before the `--`";
        "dscp" => "use --dscp before the `--`";
        "ipv6_domain" 'V' => "use --ip-family ipv6 before the `--`";
        "reverse" 'R' => "each direction is measured";
        "full-duplex" => "both directions at the same time are measured with iperf3";
        "dualtest" 'd' => "both directions at the same time are measured with iperf3";
        "tradeoff" 'r' => "each direction is measured";
        "listenport" 'L' => "each direction is measured";
        "bounceback" => "latency is measured by tests of its own";
        "connect-only" => "nothing would be measured";
        "working-load" => "the load would not be told apart from the test";
        "permit-key" => "the servers have no key";
        "sync-transfer-id" => "the servers number streams themselves";
        "enhanced" 'e' => "the form of the report is chosen for you";
        "format" 'f' => "the form of the report is chosen for you";
        "reportstyle" 'y' => "the form of the report is chosen for you";
        "reportexclude" 'x' => "it would break the report";
        "sum-only" => "it would break the report";
        "compatibility" 'C' => "it would break the report";
        "output" 'o' => "the report would not be seen";
        "fileinput" 'F' => "a test neither reads files nor writes any";
        "stdin" 'I' => "a client has no input";
        "daemon" 'D' => "it is a client that takes these arguments";
        "singleclient" '1' => "it is a client that takes these arguments";
        "version" 'v' => "nothing would be measured";
        "help" 'h' => "nothing would be measured";
    },
};
