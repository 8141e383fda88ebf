//! HTTP connections to the API server, with credentials that can change.

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::BoxFuture;
use http::{HeaderValue, Request, Response, StatusCode, Uri, header};
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::client::legacy::connect::{Connection, HttpConnector};
use hyper_util::rt::TokioExecutor;
use kube::Config;
use kube::client::{Body, ConfigExt};
use percent_encoding::percent_decode_str;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, Service, ServiceBuilder, ServiceExt};

use super::credentials::{Credentials, Identity, Login};
use super::tls;

/// Sends requests with a certificate of the client, or without one.
type Http = BoxCloneSyncService<Request<Body>, Response<Incoming>, BoxError>;

/// Sends requests with the credentials of a user. A request that is rejected as unauthenticated is sent once more if
/// the credentials can be renewed.
#[derive(Clone)]
pub(super) struct Transport(Arc<Shared>);

struct Shared {
    /// Without credentials.
    config: Config,
    /// The header `Authorization` of a user in the URL, which takes precedence.
    authorization: Option<HeaderValue>,
    credentials: Arc<Credentials>,
    /// The certificate in use, and its connections: an API server authenticates a connection by its certificate.
    connections: Mutex<(Option<Identity>, Http)>,
}

impl Transport {
    /// Connects as `config` says, except for its credentials.
    ///
    /// # Errors
    /// A certificate or the proxy is invalid.
    pub fn new(
        config: Config,
        authorization: Option<HeaderValue>,
        credentials: Arc<Credentials>,
    ) -> kube::Result<Self> {
        let identity = credentials.current().identity.clone();
        let http = connections(&config, identity.as_ref())?;
        let connections = Mutex::new((identity, http));
        Ok(Self(Arc::new(Shared { config, authorization, credentials, connections })))
    }
}

impl Shared {
    /// The connections for a login. A change of the certificate closes those with the previous one that are not in use.
    fn connections(&self, login: &Login) -> kube::Result<Http> {
        let mut current = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        if current.0 != login.identity {
            *current = (login.identity.clone(), connections(&self.config, login.identity.as_ref())?);
        }
        Ok(current.1.clone())
    }

    async fn send(&self, mut request: Request<Body>, login: &Login) -> Result<Response<Incoming>, BoxError> {
        if let Some(authorization) = self.authorization.as_ref().or(login.authorization.as_ref()) {
            request.headers_mut().insert(header::AUTHORIZATION, authorization.clone());
        }
        self.connections(login)?.oneshot(request).await
    }

    async fn send_renewed(&self, request: Request<Body>) -> Result<Response<Incoming>, BoxError> {
        let login = self.credentials.login().await?;
        let again = clone(&request);
        let response = self.send(request, &login).await?;
        match again {
            Some(again) if response.status() == StatusCode::UNAUTHORIZED => {
                if self.credentials.renew(&login).await? {
                    return self.send(again, &*self.credentials.login().await?).await;
                }
                Ok(response)
            }
            _ => Ok(response),
        }
    }
}

/// A copy of a request; none if its body is a stream.
fn clone(request: &Request<Body>) -> Option<Request<Body>> {
    let mut copy = Request::new(request.body().try_clone()?);
    copy.method_mut().clone_from(request.method());
    copy.uri_mut().clone_from(request.uri());
    copy.headers_mut().clone_from(request.headers());
    copy.extensions_mut().clone_from(request.extensions());
    Some(copy)
}

impl Service<Request<Body>> for Transport {
    type Response = Response<Incoming>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let shared = self.0.clone();
        Box::pin(async move { shared.send_renewed(request).await })
    }
}

/// Connections with a client certificate, through the proxy of the configuration.
fn connections(config: &Config, identity: Option<&Identity>) -> kube::Result<Http> {
    let mut config = config.clone();
    if let Some(identity) = identity {
        config.auth_info.client_certificate_data = Some(STANDARD.encode(&identity.certificate));
        config.auth_info.client_key_data = Some(STANDARD.encode(&identity.key).into());
    }
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    let Some(proxy) = config.proxy_url.clone() else { return with_tls(&config, tcp) };
    let login =
        proxy.authority().and_then(|authority| authority.as_str().rsplit_once('@')).map(|(login, _)| login);
    match proxy.scheme_str() {
        Some("socks5" | "socks5h") => {
            let socks = SocksV5::new(proxy.clone(), tcp);
            let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
            let login = login.map(|login| login.split_once(':').unwrap_or((login, "")));
            with_tls(
                &config,
                match login {
                    Some((user, password)) => socks.with_auth(decoded(user), decoded(password)),
                    None => socks,
                },
            )
        }
        Some("https") => {
            let tls = tls::connector(&config, tcp)?;
            with_tls(&config, tunnel(&proxy, login, tls)?)
        }
        _ => with_tls(&config, tunnel(&proxy, login, tcp)?),
    }
}

/// Connections through a proxy that is asked with CONNECT.
fn tunnel<C>(proxy: &Uri, login: Option<&str>, connector: C) -> kube::Result<Tunnel<C>> {
    let tunnel = Tunnel::new(proxy.clone(), connector);
    let Some(login) = login else { return Ok(tunnel) };
    Ok(tunnel.with_auth(basic(login)?))
}

/// The header of a user and password as in a URL: `USER:PASSWORD`, percent-encoded.
///
/// # Errors
/// It cannot be a header.
pub(super) fn basic(login: &str) -> kube::Result<HeaderValue> {
    let mut login: Vec<u8> = percent_decode_str(login).collect();
    if !login.contains(&b':') {
        login.push(b':');
    }
    let value =
        HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(login))).map_err(http::Error::from);
    let mut value = value.map_err(kube::Error::HttpError)?;
    value.set_sensitive(true);
    Ok(value)
}

fn with_tls<C>(config: &Config, connector: C) -> kube::Result<Http>
where
    C: Service<Uri> + Clone + Send + Sync + 'static,
    C::Response: Connection + Read + Write + Send + Unpin + 'static,
    C::Future: Send + 'static,
    C::Error: std::error::Error + Send + Sync + 'static,
{
    let mut connector = TimeoutConnector::new(tls::connector(config, connector)?);
    connector.set_connect_timeout(config.connect_timeout);
    connector.set_write_timeout(config.write_timeout);
    let client: Client<_, Body> = Client::builder(TokioExecutor::new()).build(connector);
    let stack = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(client);
    Ok(BoxCloneSyncService::new(stack))
}
