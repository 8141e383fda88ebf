//! The credentials of requests, and their renewal.

mod plugin;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::connection::{ConnectError, Terminal};
use super::kubeconfig::{Cluster, User};

/// How long a token file is not read again, as in client-go.
const TOKEN_FILE_PERIOD: Duration = Duration::from_secs(60);
/// The field of the kubeconfig with the path of a token.
const TOKEN_FILE: &str = "tokenFile";
/// How long a failed renewal is not attempted again: each attempt may prompt the user.
const RENEWAL_PAUSE: Duration = Duration::from_secs(10);

/// Why there are no credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// A credential plugin printed none.
    #[error("the credential plugin {command} cannot be used: {message}")]
    Plugin {
        /// The program.
        command: String,
        /// What went wrong.
        message: String,
    },
    /// A file with credentials cannot be used.
    #[error("{field}: {message}")]
    File {
        /// The field of the kubeconfig with its path.
        field: &'static str,
        /// What went wrong.
        message: String,
    },
    /// The kubeconfig can no longer be used.
    #[error("{0}")]
    Kubeconfig(String),
}

/// Credentials at one point in time.
#[derive(Default, PartialEq)]
pub struct Login {
    /// The value of the header `Authorization`.
    pub authorization: Option<HeaderValue>,
    /// The client certificate.
    pub identity: Option<Identity>,
}

/// A client certificate and its key, in PEM.
#[derive(Clone, PartialEq)]
pub struct Identity {
    pub certificate: Vec<u8>,
    pub key: Vec<u8>,
}

/// The entries to read credentials from; called again for each renewal.
type Source = Box<dyn Fn() -> Result<(Cluster, User), ConnectError> + Send + Sync>;

/// The credentials of a user, which are renewed when they expire or are rejected.
pub struct Credentials {
    source: Source,
    terminal: Option<Terminal>,
    current: RwLock<Arc<Current>>,
    /// Held during a renewal: the requests that wait for it use its result.
    renewal: Mutex<Option<(Instant, CredentialError)>>,
}

struct Current {
    login: Arc<Login>,
    /// When to renew it before the next request.
    expires_at: Option<Timestamp>,
}

impl Credentials {
    /// Reads the credentials for the first time. Runs a credential plugin: may block.
    ///
    /// # Errors
    /// There are none although the user entry says so.
    pub fn load(source: Source, terminal: Option<Terminal>) -> Result<Self, CredentialError> {
        let current = read(&source, terminal.as_ref())?;
        Ok(Self { source, terminal, current: RwLock::new(Arc::new(current)), renewal: Mutex::default() })
    }

    /// The credentials for the next request.
    ///
    /// # Errors
    /// They have expired and cannot be renewed.
    pub async fn login(self: &Arc<Self>) -> Result<Arc<Login>, CredentialError> {
        let current = self.state();
        if current.expires_at.is_some_and(|expires_at| expires_at <= Timestamp::now()) {
            match self.renew(&current.login).await {
                // as in client-go, the last token of the file is used until it is rejected
                Err(CredentialError::File { field: TOKEN_FILE, .. }) => {}
                renewed => drop(renewed?),
            }
            return Ok(self.current());
        }
        Ok(current.login.clone())
    }

    /// Renews rejected credentials, once for all requests that used them. Returns whether others are now in use.
    ///
    /// # Errors
    /// They cannot be renewed.
    pub async fn renew(self: &Arc<Self>, rejected: &Arc<Login>) -> Result<bool, CredentialError> {
        let mut renewal = self.renewal.lock().await;
        if !Arc::ptr_eq(&self.current(), rejected) {
            return Ok(true);
        }
        if let Some((_, error)) =
            renewal.as_ref().filter(|(failed_at, _)| failed_at.elapsed() < RENEWAL_PAUSE)
        {
            return Err(error.clone());
        }
        let this = self.clone();
        let read = tokio::task::spawn_blocking(move || read(&this.source, this.terminal.as_ref())).await;
        match read.unwrap_or_else(|error| Err(CredentialError::Kubeconfig(error.to_string()))) {
            Ok(next) => {
                *renewal = None;
                let is_other = *next.login != **rejected;
                let login = if is_other { next.login } else { rejected.clone() };
                let next = Current { login, expires_at: next.expires_at };
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
                Ok(is_other)
            }
            Err(error) => {
                *renewal = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    /// The latest credentials, which may have expired.
    pub fn current(&self) -> Arc<Login> {
        self.state().login.clone()
    }

    fn state(&self) -> Arc<Current> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn read(source: &Source, terminal: Option<&Terminal>) -> Result<Current, CredentialError> {
    let (cluster, user) =
        source().map_err(|error| CredentialError::Kubeconfig(error.explain().in_one_line()))?;
    // also if other credentials take precedence, as in client-go
    user.exec.as_ref().map_or(Ok(()), plugin::check_version)?;
    let identity = identity(&user)?;
    let mut expires_at = None;
    let login = if let Some(token) = token(&user)? {
        expires_at = (!user.token_file.is_empty()).then(|| Timestamp::now() + TOKEN_FILE_PERIOD);
        Login { authorization: Some(bearer(&token)?), identity }
    } else if !user.username.is_empty() {
        let basic = STANDARD.encode(format!("{}:{}", user.username, user.password));
        Login { authorization: Some(header(&format!("Basic {basic}"))?), identity }
    } else if let Some(exec) = user.exec.as_ref().filter(|_| identity.is_none()) {
        let status = plugin::run(exec, &cluster, terminal)?;
        expires_at = status.expiration_timestamp;
        let authorization = if status.token.is_empty() { None } else { Some(bearer(&status.token)?) };
        let identity = (!status.client_certificate_data.is_empty()).then(|| Identity {
            certificate: status.client_certificate_data.into_bytes(),
            key: status.client_key_data.into_bytes(),
        });
        Login { authorization, identity }
    } else {
        Login { authorization: None, identity }
    };
    Ok(Current { login: Arc::new(login), expires_at })
}

/// The token of a user. As in client-go, that of a file is preferred if the file can be read.
fn token(user: &User) -> Result<Option<String>, CredentialError> {
    let inline = Some(&user.token).filter(|token| !token.is_empty());
    if user.token_file.is_empty() {
        return Ok(inline.cloned());
    }
    match std::fs::read_to_string(&user.token_file) {
        Ok(token) => Ok(Some(token.trim().to_owned()).filter(|token| !token.is_empty()).or(inline.cloned())),
        Err(_) if inline.is_some() => Ok(inline.cloned()),
        Err(error) => Err(file_error(TOKEN_FILE, &user.token_file, &error)),
    }
}

fn identity(user: &User) -> Result<Option<Identity>, CredentialError> {
    let read = |field, path: &str, data: &[u8]| match path {
        "" => Ok(data.to_owned()),
        path => std::fs::read(path).map_err(|error| file_error(field, path, &error)),
    };
    if user.client_certificate.is_empty() && user.client_certificate_data.is_empty() {
        return Ok(None);
    }
    let certificate = read("client-certificate", &user.client_certificate, &user.client_certificate_data)?;
    Ok(Some(Identity { certificate, key: read("client-key", &user.client_key, &user.client_key_data)? }))
}

fn file_error(field: &'static str, path: &str, error: &std::io::Error) -> CredentialError {
    CredentialError::File { field, message: format!("cannot read {path}: {error}") }
}

fn bearer(token: &str) -> Result<HeaderValue, CredentialError> {
    header(&format!("Bearer {token}"))
}

fn header(value: &str) -> Result<HeaderValue, CredentialError> {
    let mut value = HeaderValue::from_str(value).map_err(|_| CredentialError::File {
        field: "token",
        message: "it has characters that an HTTP header cannot have".to_owned(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}
