//! The proxy of connections to the API server, with the rules of Go's `http.ProxyFromEnvironment`
//! (`golang.org/x/net/http/httpproxy`).

use std::net::IpAddr;

use http::Uri;
use ipnet::IpNet;

use super::connection::Environment;

/// The protocols of proxies.
const SCHEMES: [&str; 4] = ["http", "https", "socks5", "socks5h"];

/// Parses the `proxy-url` of a cluster.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse(proxy: &str) -> Result<Uri, String> {
    // the URL may contain a password
    let uri: Uri = proxy.parse().map_err(|error| format!("proxy-url is not a URL: {error}"))?;
    match uri.scheme_str() {
        Some(scheme) if SCHEMES.contains(&scheme) => Ok(uri),
        Some(scheme) => Err(format!("proxy-url: the scheme {scheme} is none of {}", SCHEMES.join(", "))),
        None => Err(format!("proxy-url has no scheme: use one of {}", SCHEMES.join(", "))),
    }
}

/// The proxy that the environment sets for the URL of an API server; none for loopback addresses, for hosts in
/// `NO_PROXY`, and if the variable has an invalid value.
pub(super) fn from_environment(server: &Uri, environment: &Environment) -> Option<Uri> {
    let is_tls = server.scheme_str() == Some("https");
    let proxy = if is_tls { &environment.https_proxy } else { &environment.http_proxy };
    let proxy = proxy.as_ref().filter(|proxy| !proxy.is_empty())?;
    let with_scheme = |uri: &Uri| uri.scheme().is_some() && uri.host().is_some();
    let proxy = match proxy.parse::<Uri>() {
        Ok(uri) if with_scheme(&uri) => uri,
        _ => format!("http://{proxy}").parse().ok()?,
    };
    let host = server.host().unwrap_or_default().trim_matches(['[', ']']);
    let address: Option<IpAddr> = host.parse().ok();
    // as in Go, only in lower case
    if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        return None;
    }
    let port = server.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
    let no_proxy = environment.no_proxy.as_deref().unwrap_or_default();
    let host = host.to_lowercase();
    let bypasses = no_proxy.split(',').any(|entry| bypasses(entry, &host, address, port));
    (!bypasses).then_some(proxy)
}

/// Whether an entry of `NO_PROXY` matches a host. An entry that has no meaning matches none.
fn bypasses(entry: &str, host: &str, address: Option<IpAddr>, port: u16) -> bool {
    let entry = entry.trim().to_lowercase();
    if entry == "*" {
        return true;
    }
    if let Ok(range) = entry.parse::<IpNet>() {
        return address.is_some_and(|address| range.contains(&address));
    }
    let (name, only_port) = split_port(&entry);
    if only_port.is_some_and(|only| only != port.to_string()) {
        return false;
    }
    if let Ok(excluded) = name.parse::<IpAddr>() {
        return address == Some(excluded);
    }
    let name = name.strip_prefix('*').filter(|suffix| suffix.starts_with('.')).unwrap_or(name);
    if name.is_empty() {
        return false;
    }
    match name.strip_prefix('.') {
        // the domain itself does not match
        Some(_) => host.ends_with(name),
        None => host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')),
    }
}

/// Splits `HOST:PORT` and `[IPV6]:PORT`. Anything else is a host as a whole.
fn split_port(entry: &str) -> (&str, Option<&str>) {
    let split = match entry.strip_prefix('[') {
        Some(rest) => rest.split_once(']').and_then(|(host, rest)| Some((host, rest.strip_prefix(':')?))),
        None => entry.split_once(':').filter(|(_, port)| !port.contains(':')),
    };
    match split {
        Some((host, "")) => (host, None),
        Some((host, port)) => (host, Some(port)),
        None => (entry, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxied(server: &str, no_proxy: &str) -> bool {
        let environment = Environment {
            https_proxy: Some("http://10.9.0.1:3128".to_owned()),
            no_proxy: Some(no_proxy.to_owned()),
            ..Environment::default()
        };
        from_environment(&server.parse().unwrap(), &environment).is_some()
    }

    #[test]
    fn loopback_is_never_proxied() {
        for server in ["https://127.0.0.1:6443", "https://localhost:6443", "https://[::1]:6443"] {
            assert!(!proxied(server, ""), "{server}");
        }
    }

    #[test]
    fn entries_of_no_proxy_are_matched_as_by_go() {
        for (server, no_proxy, is_proxied) in [
            ("https://10.1.0.1:6443", "", true),
            ("https://10.1.0.1:6443", "*", false),
            ("https://10.1.0.1:6443", "10.9.0.1,example.org", true),
            ("https://10.1.0.1:6443", "10.0.0.0/8", false),
            ("https://10.1.0.1:6443", "10.0.0.0/33,10.0.0.0/255.0.0.0", true),
            ("https://10.1.0.1:6443", ",10.1.0.1, ,<local>", false),
            ("https://10.1.0.1:6443", "10.1.0.1:6443", false),
            ("https://10.1.0.1:6443", "10.1.0.1:443", true),
            ("https://10.1.0.1", "10.1.0.1:443", false),
            ("https://[fd00::1]:6443", "fd00::1", false),
            ("https://[fd00::1]:6443", "[fd00::1]:6443", false),
            ("https://[fd00::1]:6443", "fd00::/8", false),
            ("https://k8s.example.org", "example.org", false),
            ("https://k8s.example.org", ".example.org", false),
            ("https://k8s.example.org", "*.example.org", false),
            ("https://example.org", ".example.org", true),
            ("https://example.org", "EXAMPLE.org", false),
            ("https://badexample.org", "example.org", true),
            ("https://k8s.example.org", "\"example.org\",bücher.example", true),
        ] {
            assert_eq!(proxied(server, no_proxy), is_proxied, "{server} {no_proxy}");
        }
    }

    #[test]
    fn proxy_without_a_scheme_is_an_http_proxy() {
        let environment =
            Environment { https_proxy: Some("proxy.example.org:3128".to_owned()), ..Environment::default() };
        let proxy = from_environment(&"https://10.1.0.1:6443".parse().unwrap(), &environment);
        assert_eq!(proxy.unwrap().to_string(), "http://proxy.example.org:3128/");
    }

    #[test]
    fn each_scheme_has_its_own_variable() {
        let environment =
            Environment { https_proxy: Some("http://a:1".to_owned()), ..Environment::default() };
        assert!(from_environment(&"http://10.1.0.1:6443".parse().unwrap(), &environment).is_none());
    }

    #[test]
    fn proxy_url_needs_a_known_scheme() {
        assert!(parse("socks5://a:b@10.9.0.1:1080").is_ok());
        for proxy in ["10.9.0.1:3128", "ftp://10.9.0.1", "http://a b"] {
            assert!(parse(proxy).is_err(), "{proxy}");
        }
    }
}
