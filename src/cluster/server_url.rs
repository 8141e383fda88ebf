//! The address of an API server, with the rules of client-go.

use http::Uri;

/// The server of a kubeconfig.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ServerUrl {
    /// The URL. Its path is a prefix of all requests.
    pub uri: Uri,
    /// `USER:PASSWORD`, percent-encoded.
    pub login: Option<String>,
}

/// Parses the server of a kubeconfig: a URL, or HOST:PORT, which stands for a URL without TLS. The query and fragment of
/// a URL are dropped.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse(server: &str) -> Result<ServerUrl, String> {
    let shown = crate::sanitize::without_credentials(server);
    let invalid = |reason: &str| format!("server: `{shown}` is not the URL of an API server: {reason}");
    let (scheme, rest) = match server.split_once("://") {
        Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), rest),
        _ => ("http".to_owned(), server),
    };
    if scheme != "https" && scheme != "http" {
        return Err(invalid("its scheme is neither https nor http"));
    }
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let is_bare = !server.contains("://");
    if is_bare && !path.trim_matches('/').is_empty() {
        return Err(invalid("a path requires https:// or http:// before the host"));
    }
    let (login, authority) =
        authority.rsplit_once('@').map_or((None, authority), |(login, authority)| (Some(login), authority));
    // an empty port is the default port
    let authority = authority.strip_suffix(':').unwrap_or(authority);
    let path = path.trim_end_matches('/');
    let uri: Uri = format!("{scheme}://{authority}{path}/")
        .parse()
        .map_err(|error: http::uri::InvalidUri| invalid(&error.to_string()))?;
    if uri.host().is_none_or(str::is_empty) {
        return Err(invalid("it has no host"));
    }
    Ok(ServerUrl { uri, login: login.map(str::to_owned) })
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|character| character.is_ascii_alphanumeric() || "+-.".contains(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_is_parsed_as_by_client_go() {
        for (server, url) in [
            ("https://10.0.0.1:6443", "https://10.0.0.1:6443/"),
            ("HTTPS://example.org", "https://example.org/"),
            ("https://example.org:", "https://example.org/"),
            ("https://example.org/k8s/clusters/c-1/?a=b#c", "https://example.org/k8s/clusters/c-1/"),
            ("10.0.0.1:6443", "http://10.0.0.1:6443/"),
            ("localhost:8001/", "http://localhost:8001/"),
            ("[::1]:6443", "http://[::1]:6443/"),
            ("example.org", "http://example.org/"),
        ] {
            assert_eq!(parse(server).unwrap().uri.to_string(), url, "{server}");
        }
    }

    #[test]
    fn user_and_password_are_apart_from_the_url() {
        let url = parse("https://jane:a%40b@example.org").unwrap();
        assert_eq!(
            (url.uri.to_string().as_str(), url.login.as_deref()),
            ("https://example.org/", Some("jane:a%40b"))
        );
    }

    #[test]
    fn invalid_server_is_rejected() {
        for server in [
            "",
            "https://",
            "ftp://example.org",
            "localhost:8001/path",
            "https://a b",
            "https://:6443",
            "://x",
        ] {
            assert!(parse(server).is_err(), "{server}");
        }
    }
}
