//! The proxy for connections to the API server.

use hyper_util::client::proxy::matcher::Matcher;
use kube::config::Kubeconfig;

use super::connection::{ConnectionOptions, Environment};

/// The `proxy-url` of the cluster in the kubeconfig, which overrides the environment.
pub(super) fn from_kubeconfig(
    kubeconfig: &Kubeconfig,
    options: &ConnectionOptions,
    context: &str,
) -> Option<String> {
    let entry = kubeconfig
        .contexts
        .iter()
        .find(|named| named.name == context)
        .and_then(|named| named.context.as_ref());
    let name = options.cluster.as_ref().or(entry.map(|context| &context.cluster));
    let cluster = kubeconfig.clusters.iter().find(|cluster| Some(&cluster.name) == name)?;
    cluster.cluster.as_ref()?.proxy_url.clone().filter(|url| !url.is_empty())
}

/// The proxy that the environment sets for the URL of a cluster; none for loopback addresses.
pub(super) fn from_environment(cluster: &http::Uri, environment: &Environment) -> Option<http::Uri> {
    let proxy = environment.https_proxy.as_ref().filter(|proxy| !proxy.is_empty())?;
    let host = cluster.host().unwrap_or_default().trim_matches(['[', ']']);
    let address: Option<std::net::IpAddr> = host.parse().ok();
    if host == "localhost" || address.is_some_and(|address| address.is_loopback()) {
        return None;
    }
    // like curl and Go, reads `proxy:3128` as an HTTP proxy
    let proxy = if proxy.contains("://") { proxy.clone() } else { format!("http://{proxy}") };
    let no_proxy = environment.no_proxy.clone().unwrap_or_default();
    Matcher::builder().all(proxy.clone()).no(no_proxy).build().intercept(cluster)?;
    proxy.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::kubeconfig::tests::{kubeconfig, options};
    use super::*;

    #[test]
    fn environment_proxy_is_not_used_for_no_proxy_and_loopback() {
        let proxied = |cluster: &str, no_proxy: &str| {
            let environment = Environment {
                https_proxy: Some("http://10.9.0.1:3128".to_owned()),
                no_proxy: Some(no_proxy.to_owned()),
                ..Environment::default()
            };
            from_environment(&cluster.parse().unwrap(), &environment).is_some()
        };
        assert!(proxied("https://10.1.0.1:6443", ""));
        assert!(
            proxied("https://10.1.0.1:6443", "10.9.0.1,example.org"),
            "NO_PROXY is compared with the cluster"
        );
        assert!(!proxied("https://10.1.0.1:6443", "10.0.0.0/8"));
        assert!(!proxied("https://k8s.example.org", "example.org"));
        assert!(!proxied("https://127.0.0.1:6443", ""));
        assert!(!proxied("https://localhost:6443", ""));
        assert!(!proxied("https://[::1]:6443", ""));
    }

    #[test]
    fn kubeconfig_proxy_applies_to_its_cluster_only() {
        assert_eq!(
            from_kubeconfig(&kubeconfig(), &options(None, None), "west").as_deref(),
            Some("http://10.9.0.1:3128")
        );
        assert_eq!(from_kubeconfig(&kubeconfig(), &options(None, None), "east"), None);
    }

    #[test]
    fn proxy_without_a_scheme_is_an_http_proxy() {
        let environment =
            Environment { https_proxy: Some("proxy.example.org:3128".to_owned()), ..Environment::default() };
        let proxy = from_environment(&"https://10.1.0.1:6443".parse().unwrap(), &environment);
        assert_eq!(proxy.unwrap().to_string(), "http://proxy.example.org:3128/");
    }
}
