//! TLS connections to the API server.

use std::sync::Arc;

use http::Uri;
use hyper_rustls::{FixedServerNameResolver, HttpsConnector, HttpsConnectorBuilder};
use kube::Config;
use kube::client::ConfigExt;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};
use tower::{BoxError, Service};

/// The certificate of the API server was issued by another authority.
#[derive(Debug, thiserror::Error)]
#[error("the certificate of the API server was not issued by the certificate-authority")]
struct OtherIssuer;

/// Adds TLS to the connections of `connector`.
///
/// # Errors
/// A certificate or the name of the server is invalid.
pub(super) fn connector<C: Service<Uri>>(config: &Config, connector: C) -> kube::Result<HttpsConnector<C>> {
    let invalid = |error: BoxError| kube::Error::Service(error);
    let mut tls = config.rustls_client_config()?;
    // kube reads the file of a service account again when it changes
    let authorities = config.root_cert.as_ref().filter(|_| config.root_cert_file.is_none());
    if let Some(authorities) = authorities.filter(|_| !config.accept_invalid_certs) {
        let verifier = Verifier::new(authorities).map_err(invalid)?;
        tls.dangerous().set_certificate_verifier(Arc::new(verifier));
    }
    let mut builder = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http();
    if let Some(name) = &config.tls_server_name {
        let name = ServerName::try_from(name.clone()).map_err(|error| invalid(error.into()))?;
        builder = builder.with_server_name_resolver(FixedServerNameResolver::new(name));
    }
    Ok(builder.enable_http1().wrap_connector(connector))
}

/// Verifies certificates of servers. As in Go, one that is itself among the authorities needs no issuer: self-signed
/// certificates of servers are often used like this.
#[derive(Debug)]
struct Verifier {
    authorities: Vec<CertificateDer<'static>>,
    issued: Arc<WebPkiServerVerifier>,
}

impl Verifier {
    fn new(authorities: &[Vec<u8>]) -> Result<Self, BoxError> {
        let authorities: Vec<_> = authorities.iter().cloned().map(CertificateDer::from).collect();
        let mut roots = RootCertStore::empty();
        for authority in &authorities {
            roots.add(authority.clone())?;
        }
        Ok(Self { authorities, issued: WebPkiServerVerifier::builder(Arc::new(roots)).build()? })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let issued =
            self.issued.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        let Err(rustls::Error::InvalidCertificate(error)) = &issued else { return issued };
        let is_of_other_issuer =
            matches!(error, CertificateError::UnknownIssuer | CertificateError::BadSignature);
        // an authority as the certificate of a server is an error of the library's own
        if !is_of_other_issuer && !matches!(error, CertificateError::Other(_)) {
            return issued;
        }
        if self.authorities.iter().any(|authority| authority == end_entity) {
            verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
            return Ok(ServerCertVerified::assertion());
        }
        if is_of_other_issuer {
            return Err(CertificateError::Other(OtherError(Arc::new(OtherIssuer))).into());
        }
        issued
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.issued.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.issued.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.issued.supported_verify_schemes()
    }
}
