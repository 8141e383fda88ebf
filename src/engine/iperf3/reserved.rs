//! The options of iperf3 that users may not pass to its clients.

use crate::engine::reserved::{ReservedArguments, reserved};

pub(super) const RESERVED: ReservedArguments = ReservedArguments {
    letters_with_value: "ABbCcFfiIklLMnOpPStTwX",
    reserved: reserved! {
        "client" 'c' => "the nodes or --to select the server";
        "server" 's' => "these are the arguments of a client";
        "port" 'p' => "use --port before the `--`";
        "time" 't' => "use --time before the `--`";
        "bytes" 'n' => "tests end after a time: use --time before the `--`";
        "blockcount" 'k' => "tests end after a time: use --time before the `--`";
        "parallel" 'P' => "use --parallel before the `--`";
        "interval" 'i' => "the interval is one second";
        "omit" 'O' => "use --omit before the `--`";
        "udp" 'u' => "use --udp before the `--`";
        "sctp" => "only TCP and UDP can be measured";
        "bitrate" 'b' => "use --bitrate before the `--`";
        "bandwidth" => "use --bitrate before the `--`";
        "length" 'l' => "use --length before the `--`";
        "set-mss" 'M' => "use --mss before the `--`";
        "window" 'w' => "use --window before the `--`";
        "congestion" 'C' => "use --congestion before the `--`";
        "linux-congestion" => "use --congestion before the `--`";
        "dscp" => "use --dscp before the `--`";
        "bidir" => "use --bidir before the `--`";
        "reverse" 'R' => "every direction is measured; --bidir measures both at the same time";
        "version4" '4' => "use --ip-family ipv4 before the `--`";
        "version6" '6' => "use --ip-family ipv6 before the `--`";
        "json" 'J' => "the report format is fixed";
        "json-stream" => "the report format is fixed";
        "json-stream-full-output" => "the report format is fixed";
        "timestamps" => "it would break the report";
        "debug" 'd' => "it would break the report";
        "logfile" => "it would hide the report";
        "file" 'F' => "tests neither read nor write files";
        "pidfile" 'I' => "tests neither read nor write files";
        "daemon" 'D' => "these are the arguments of a client";
        "one-off" '1' => "these are the arguments of a client";
        "version" 'v' => "nothing would be measured";
        "help" 'h' => "nothing would be measured";
    },
};
