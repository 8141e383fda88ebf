//! iperf3's options that a user cannot hand to its client.

use crate::engine::arguments::{Options, reserved};

pub(super) const OPTIONS: Options = Options {
    letters_with_value: "ABbCcFfiIklLMnOpPStTwX",
    reserved: reserved! {
        "client" 'c' => "the server is chosen by the nodes, or with --to";
        "server" 's' => "it is a client that takes these arguments";
        "port" 'p' => "use --port before the `--`";
        "time" 't' => "use --time before the `--`";
        "bytes" 'n' => "tests end after a time: use --time before the `--`";
        "blockcount" 'k' => "tests end after a time: use --time before the `--`";
        "parallel" 'P' => "use --parallel before the `--`";
        "interval" 'i' => "samples are a second apart";
        "omit" 'O' => "use --omit before the `--`";
        "udp" 'u' => "use --udp before the `--`";
        "sctp" => "only TCP and UDP are measured";
        "bitrate" 'b' => "use --bitrate before the `--`";
        "bandwidth" => "use --bitrate before the `--`";
        "length" 'l' => "use --length before the `--`";
        "set-mss" 'M' => "use --mss before the `--`";
        "window" 'w' => "use --window before the `--`";
        "congestion" 'C' => "use --congestion before the `--`";
        "linux-congestion" => "use --congestion before the `--`";
        "dscp" => "use --dscp before the `--`";
        "bidir" => "use --bidir before the `--`";
        "reverse" 'R' => "each direction is measured; --bidir measures both at the same time";
        "version4" '4' => "use --ip-family ipv4 before the `--`";
        "version6" '6' => "use --ip-family ipv6 before the `--`";
        "json" 'J' => "the form of the report is chosen for you";
        "json-stream" => "the form of the report is chosen for you";
        "json-stream-full-output" => "the form of the report is chosen for you";
        "timestamps" => "it would break the report";
        "debug" 'd' => "it would break the report";
        "logfile" => "the report would not be seen";
        "file" 'F' => "a test neither reads files nor writes any";
        "pidfile" 'I' => "a test neither reads files nor writes any";
        "daemon" 'D' => "it is a client that takes these arguments";
        "one-off" '1' => "it is a client that takes these arguments";
        "version" 'v' => "nothing would be measured";
        "help" 'h' => "nothing would be measured";
    },
};
