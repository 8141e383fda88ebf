//! API servers and proxies on this machine, which record requests.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;

/// A request as a server saw it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// `east`, `west` or `plain`
    server: &'static str,
    path: String,
    /// The names of the user in the client certificate.
    pub certificate: Option<String>,
    pub authorization: Option<String>,
    impersonation: Vec<String>,
    /// The proxy that it came through, with its user and password.
    proxy: Option<String>,
}

impl Request {
    /// Whether it names no user, except for one in the URL of the server.
    pub fn is_anonymous(&self) -> bool {
        self.certificate.is_none()
            && self.authorization.as_deref().is_none_or(|value| value == "Basic dXNlcjp3b3Jk")
    }
}

impl fmt::Display for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "{self:?}")
    }
}

#[derive(Default)]
struct Records {
    requests: Vec<Request>,
    proxy: Option<String>,
    /// The values of `Authorization` and the users of certificates that are rejected.
    rejected: Vec<String>,
}

type Shared = Arc<Mutex<Records>>;

/// Servers of one worker, so that cases that run at the same time do not mix.
pub struct Servers {
    _runtime: Runtime,
    records: Shared,
    /// The ports by name: `east`, `west`, `plain`, `http-proxy`, `socks`, `socks-login`.
    pub ports: BTreeMap<&'static str, u16>,
    /// A directory with the files of certificates.
    pub files: tempfile::TempDir,
}

/// A certificate authority.
type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a certificate")
}

/// A certificate and its key, in PEM.
fn certificate(authority: &Authority, name: &str, alternatives: &[SanType]) -> (String, String) {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.subject_alt_names = alternatives.to_vec();
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, authority).expect("a certificate");
    (certificate.pem(), key.serialize_pem())
}

impl Servers {
    pub fn start() -> Self {
        let files = tempfile::tempdir().expect("a temporary directory");
        let write = |name: &str, text: &str| {
            std::fs::write(files.path().join(name), text).expect("it can be written");
        };
        let users = authority("users");
        for name in ["alice", "bob"] {
            let (certificate, key) = certificate(&users, name, &[]);
            write(&format!("{name}.crt"), &certificate);
            write(&format!("{name}.key"), &key);
            write(&format!("{name}.token"), &format!("{name}-file-token\n"));
        }
        write("empty", "");
        let runtime = Runtime::new().expect("a runtime");
        let records = Shared::default();
        let mut ports = BTreeMap::new();
        for name in ["east", "west"] {
            let issuer = authority(name);
            let alternatives = [
                SanType::IpAddress(Ipv4Addr::LOCALHOST.into()),
                SanType::DnsName("localhost".try_into().expect("a name")),
                SanType::DnsName(format!("{name}.test").try_into().expect("a name")),
            ];
            let (leaf, key) = certificate(&issuer, name, &alternatives);
            write(&format!("{name}-ca.crt"), &issuer.pem());
            write(&format!("{name}.crt"), &leaf);
            let bundle = format!("# issuers\r\n{}\n{}{key}", users.pem(), issuer.pem().replace('\n', "\r\n"));
            write(&format!("{name}-bundle.crt"), &bundle);
            let acceptor = acceptor(&leaf, &key, &users);
            let records = records.clone();
            ports.insert(
                name,
                listen(&runtime, move |stream| serve_tls(name, stream, acceptor.clone(), records.clone())),
            );
        }
        let of_plain = records.clone();
        ports.insert("plain", listen(&runtime, move |stream| serve("plain", stream, None, of_plain.clone())));
        let hosts = ports.clone();
        let of_proxy = records.clone();
        ports.insert(
            "http-proxy",
            listen(&runtime, move |stream| http_proxy(stream, hosts.clone(), of_proxy.clone())),
        );
        for (name, needs_login) in [("socks", false), ("socks-login", true)] {
            let (hosts, records) = (ports.clone(), records.clone());
            ports.insert(
                name,
                listen(&runtime, move |stream| {
                    socks_proxy(stream, name, needs_login, hosts.clone(), records.clone())
                }),
            );
        }
        Self { _runtime: runtime, records, ports, files }
    }

    /// The file of a certificate, key or token.
    pub fn file(&self, name: &str) -> PathBuf {
        self.files.path().join(name)
    }

    /// The content of a file in base64.
    pub fn data(&self, name: &str) -> String {
        STANDARD.encode(std::fs::read(self.file(name)).expect("it is there"))
    }

    /// Rejects requests with this header `Authorization`, or with the certificate of this user.
    pub fn reject(&self, credentials: &str) {
        self.records
            .lock()
            .expect("no thread panics while it holds this")
            .rejected
            .push(credentials.to_owned());
    }

    /// The requests since the last call.
    pub fn take(&self) -> Vec<Request> {
        let mut records = self.records.lock().expect("no thread panics while it holds this");
        records.proxy = None;
        std::mem::take(&mut records.requests)
    }
}

fn acceptor(certificate: &str, key: &str, users: &Authority) -> TlsAcceptor {
    let mut roots = RootCertStore::empty();
    roots.add(users.der().clone()).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
        .allow_unauthenticated()
        .build()
        .expect("a verifier");
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(certificate.as_bytes()).expect("a certificate")],
            PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("a key"),
        )
        .expect("a configuration");
    TlsAcceptor::from(Arc::new(config))
}

/// Handles the connections of a free port.
fn listen<F: Future<Output = Option<()>> + Send + 'static>(
    runtime: &Runtime,
    handle: impl Fn(TcpStream) -> F + Send + 'static,
) -> u16 {
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(handle(stream));
        }
    });
    port
}

async fn serve_tls(
    name: &'static str,
    stream: TcpStream,
    acceptor: TlsAcceptor,
    records: Shared,
) -> Option<()> {
    let stream = acceptor.accept(stream).await.ok()?;
    let certificates = stream.get_ref().1.peer_certificates().map(<[_]>::to_vec);
    let user = certificates.and_then(|chain| user_name(chain.first()?));
    serve(name, stream, user, records).await
}

/// The user of a client certificate: the only names in those certificates.
fn user_name(certificate: &[u8]) -> Option<String> {
    let has = |name: &str| certificate.windows(name.len()).any(|window| window == name.as_bytes());
    ["alice", "bob"].into_iter().find(|name| has(name)).map(str::to_owned)
}

/// Reads the head of an HTTP message: its first line and its headers, with lower-case names.
async fn head(stream: &mut (impl AsyncRead + Unpin)) -> Option<(String, Vec<(String, String)>)> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        bytes.push(stream.read_u8().await.ok()?);
    }
    let text = String::from_utf8(bytes).ok()?;
    let mut lines = text.lines();
    let first = lines.next()?.to_owned();
    let headers = lines.filter_map(|line| line.split_once(": "));
    Some((first, headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect()))
}

async fn serve(
    name: &'static str,
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    certificate: Option<String>,
    records: Shared,
) -> Option<()> {
    let (first, headers) = head(&mut stream).await?;
    // kubectl adds a timeout
    let path = first.split([' ', '?']).nth(1)?.to_owned();
    let is_accepted = record(name, path, certificate, &headers, &records);
    respond(&mut stream, is_accepted).await
}

/// Records a request. Whether its credentials are accepted.
fn record(
    server: &'static str,
    path: String,
    certificate: Option<String>,
    headers: &[(String, String)],
    records: &Shared,
) -> bool {
    let header = |name: &str| headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let mut impersonation: Vec<String> = headers
        .iter()
        .filter(|(name, _)| name.starts_with("impersonate-"))
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    impersonation.sort_unstable();
    let mut records = records.lock().expect("no thread panics while it holds this");
    let proxy = records.proxy.take();
    let authorization = header("authorization");
    let is_rejected =
        [&certificate, &authorization].into_iter().flatten().any(|given| records.rejected.contains(given));
    records.requests.push(Request { server, path, certificate, authorization, impersonation, proxy });
    !is_rejected
}

async fn respond(stream: &mut (impl AsyncWrite + Unpin), is_accepted: bool) -> Option<()> {
    let version = r#"{"major": "1", "minor": "36", "gitVersion": "v1.36.0", "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "", "goVersion": "", "compiler": "gc", "platform": "linux/amd64"}"#;
    let rejection = r#"{"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "Unauthorized", "reason": "Unauthorized", "code": 401}"#;
    let (status, body) = if is_accepted { ("200 OK", version) } else { ("401 Unauthorized", rejection) };
    let response = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(response.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}

/// Connects to the server that a host stands for.
async fn connect(host: &str, port: u16, ports: &BTreeMap<&'static str, u16>) -> Option<TcpStream> {
    let port = host.strip_suffix(".test").map_or(Some(port), |name| ports.get(name).copied())?;
    TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await.ok()
}

fn came_through(proxy: String, records: &Shared) {
    records.lock().expect("no thread panics while it holds this").proxy = Some(proxy);
}

async fn http_proxy(
    mut stream: TcpStream,
    ports: BTreeMap<&'static str, u16>,
    records: Shared,
) -> Option<()> {
    let (first, headers) = head(&mut stream).await?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let login =
        headers.iter().find(|(name, _)| name == "proxy-authorization").map(|(_, value)| value.clone());
    came_through(format!("http-proxy {login:?}"), &records);
    if method != "CONNECT" {
        let rest = target.strip_prefix("http://")?;
        let host = rest.split('/').next()?;
        let port = ports["plain"].to_string();
        (host == "plain.test" || host.rsplit_once(':').is_some_and(|(_, of_host)| of_host == port))
            .then_some(())?;
        let path = rest.find('/').map_or("/", |at| &rest[at..]).split('?').next()?.to_owned();
        let is_accepted = record("plain", path, None, &headers, &records);
        return respond(&mut stream, is_accepted).await;
    }
    let (host, port) = target.rsplit_once(':')?;
    let mut server = connect(host, port.parse().ok()?, &ports).await?;
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok()?;
    tokio::io::copy_bidirectional(&mut stream, &mut server).await.ok().map(|_| ())
}

async fn socks_proxy(
    mut stream: TcpStream,
    name: &'static str,
    needs_login: bool,
    ports: BTreeMap<&'static str, u16>,
    records: Shared,
) -> Option<()> {
    let mut greeting = [0; 2];
    stream.read_exact(&mut greeting).await.ok()?;
    let mut methods = vec![0; greeting[1].into()];
    stream.read_exact(&mut methods).await.ok()?;
    let method = if needs_login { 2 } else { 0 };
    if !methods.contains(&method) {
        stream.write_all(&[5, 0xff]).await.ok()?;
        return None;
    }
    stream.write_all(&[5, method]).await.ok()?;
    let mut login = Vec::new();
    if needs_login {
        stream.read_u8().await.ok()?;
        for _ in 0..2 {
            let mut text = vec![0; stream.read_u8().await.ok()?.into()];
            stream.read_exact(&mut text).await.ok()?;
            login.push(String::from_utf8(text).ok()?);
        }
        let is_right = login == ["user", "pass@word"];
        stream.write_all(&[1, u8::from(!is_right)]).await.ok()?;
        is_right.then_some(())?;
    }
    let mut request = [0; 4];
    stream.read_exact(&mut request).await.ok()?;
    let host = match request[3] {
        1 => {
            let mut address = [0; 4];
            stream.read_exact(&mut address).await.ok()?;
            Ipv4Addr::from(address).to_string()
        }
        3 => {
            let mut name = vec![0; stream.read_u8().await.ok()?.into()];
            stream.read_exact(&mut name).await.ok()?;
            String::from_utf8(name).ok()?
        }
        _ => return None,
    };
    let port = stream.read_u16().await.ok()?;
    came_through(format!("{name} {}", login.join(" ")), &records);
    let mut server = connect(&host, port, &ports).await?;
    stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.ok()?;
    tokio::io::copy_bidirectional(&mut stream, &mut server).await.ok().map(|_| ())
}
