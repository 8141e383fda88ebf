//! The addresses of the exporter.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Stdio;

use crate::User;

/// The status line of `/healthz`.
fn health(address: SocketAddr) -> String {
    let mut connection = TcpStream::connect(address).expect("it listens");
    connection.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).expect("it answers");
    answer.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn port_without_address_is_reached_by_both_ip_families() {
    let user = User::new();
    let mut exporter =
        user.command("exporter --listen :0").stderr(Stdio::piped()).spawn().expect("it starts");
    let mut line = String::new();
    BufReader::new(exporter.stderr.take().expect("it is piped")).read_line(&mut line).expect("it says where");
    let port =
        line.trim().strip_suffix("/metrics").and_then(|url| url.rsplit(':').next()?.parse::<u16>().ok());
    let port = port.unwrap_or_else(|| panic!("{line}"));
    assert_eq!(health((Ipv4Addr::LOCALHOST, port).into()), "HTTP/1.0 200 OK");
    if TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok() {
        assert_eq!(health((Ipv6Addr::LOCALHOST, port).into()), "HTTP/1.0 200 OK");
    }
    exporter.kill().expect("it runs");
    exporter.wait().expect("it ends");
}
