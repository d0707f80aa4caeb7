//! The TLS client's set-up: which certificates are trusted, which ciphers preferred.
//!
//! COLD. There is no switch that turns verification off.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, CipherSuite, ClientConfig, ClientConnection, RootCertStore};

use crate::endpoint::Endpoint;
use crate::error::{CertificateRefusal, ConfigError, ConnectError};

/// How TLS connections are made; one for each set of trusted CAs, shared by clones.
#[derive(Debug, Clone)]
pub struct TlsClient {
    config: Arc<ClientConfig>,
}

impl TlsClient {
    /// Trusts Mozilla's roots, and the certificates in the PEM file `ca` as well.
    ///
    /// # Errors
    /// [`ConfigError`]: the file cannot be read, or holds no usable certificate.
    pub fn new(ca: Option<&Path>) -> Result<Self, ConfigError> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = ca {
            let pem = std::fs::read(path).map_err(|cause| ConfigError::CaUnreadable { path: path.into(), cause })?;
            add_pem(&mut roots, &pem).map_err(|why| ConfigError::ca(path, why))?;
        }
        Self::with_roots(roots)
    }

    /// Trusts Mozilla's roots, and the certificates in `pem` as well: for venues simulated in this process.
    ///
    /// # Errors
    /// [`ConfigError`]: no usable certificate in it.
    pub fn with_pem(pem: &[u8]) -> Result<Self, ConfigError> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        add_pem(&mut roots, pem).map_err(|why| ConfigError::ca(Path::new("(in memory)"), why))?;
        Self::with_roots(roots)
    }

    fn with_roots(roots: RootCertStore) -> Result<Self, ConfigError> {
        let mut provider = rustls::crypto::ring::default_provider();
        // AES-128 first: a third fewer rounds per record than AES-256, and no venue asks for more.
        provider.cipher_suites.sort_by_key(|suite| suite.suite() != CipherSuite::TLS13_AES_128_GCM_SHA256);
        let config = ClientConfig::builder_with_provider(provider.into())
            .with_safe_default_protocol_versions()
            .map_err(ConfigError::Tls)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { config: config.into() })
    }

    /// The set-up itself, for another client of the same venue.
    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.config)
    }

    /// Checks at start that the endpoint's host can be verified.
    ///
    /// # Errors
    /// [`ConfigError::ServerName`].
    pub fn check(endpoint: &Endpoint) -> Result<(), ConfigError> {
        server_name(endpoint).map(|_| ()).ok_or_else(|| ConfigError::ServerName { host: endpoint.host().into() })
    }

    /// A new session with the endpoint's host, which must be named in the certificate (and goes into SNI).
    pub(super) fn session(&self, endpoint: &Endpoint) -> Result<ClientConnection, ConnectError> {
        let tls_error =
            |cause: String| ConnectError::Tls { host: endpoint.host().into(), cause: cause.into_boxed_str() };
        let name = server_name(endpoint).ok_or_else(|| tls_error("no name that a certificate could carry".into()))?;
        ClientConnection::new(Arc::clone(&self.config), name).map_err(|error| tls_error(error.to_string()))
    }
}

fn server_name(endpoint: &Endpoint) -> Option<ServerName<'static>> {
    ServerName::try_from(endpoint.host().to_owned()).ok()
}

fn add_pem(roots: &mut RootCertStore, pem: &[u8]) -> Result<(), String> {
    let mut count = 0;
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|error| format!("is no proper PEM: {error}"))?;
        roots.add(certificate).map_err(|error| format!("holds a certificate that is no CA's: {error}"))?;
        count += 1;
    }
    if count == 0 { Err("holds no certificate".into()) } else { Ok(()) }
}

/// A TLS failure as the operator should read it.
pub(super) fn describe(host: &str, error: &rustls::Error) -> ConnectError {
    let host = host.into();
    let rustls::Error::InvalidCertificate(certificate) = error else {
        return ConnectError::Tls { host, cause: error.to_string().into() };
    };
    let reason = match certificate {
        CertificateError::UnknownIssuer => CertificateRefusal::UnknownIssuer,
        CertificateError::BadSignature => CertificateRefusal::BadSignature,
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => CertificateRefusal::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => CertificateRefusal::NotYetValid,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            CertificateRefusal::WrongName
        }
        other => CertificateRefusal::Other(other.to_string().into()),
    };
    ConnectError::Certificate { host, reason }
}
