//! Certificates, TLS at both ends, and the frames that are sent.

use std::io::Write;
use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{CipherSuite, ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

/// What trading is about.
pub const SYMBOL: &str = "BTCUSDT";
pub const API_KEY: &str = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A";
/// What the other venue's quote is, at two decimals.
pub const OTHER_BID: i64 = 6_000_000;
pub const OTHER_ASK: i64 = 6_000_001;
/// How far our venue's quote is below it, and then above, by turns: 17 bps.
pub const SWING: i64 = 10_200;

/// A server's certificate, and who trusts it.
#[derive(Debug, Clone)]
pub struct Tls {
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
    pem: String,
}

impl Tls {
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).expect("names");
        let certificate = params.self_signed(&key).expect("a certificate");
        let mut provider = ring::default_provider();
        // As the engine's own client: AES-128-GCM first.
        provider.cipher_suites.sort_by_key(|suite| suite.suite() != CipherSuite::TLS13_AES_128_GCM_SHA256);
        let provider = Arc::new(provider);
        let der = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(certificate.der().to_vec())], der)
            .expect("a certificate with its key");
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(certificate.der().to_vec())).expect("a root");
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { server: Arc::new(server), client: Arc::new(client), pem: certificate.pem() }
    }

    pub fn server(&self) -> ServerConnection {
        ServerConnection::new(Arc::clone(&self.server)).expect("a session")
    }

    pub fn client(&self) -> ClientConnection {
        ClientConnection::new(Arc::clone(&self.client), ServerName::try_from("localhost").expect("a name"))
            .expect("a session")
    }

    /// The certificate in PEM, for a client to trust.
    pub fn pem(&self) -> &str {
        &self.pem
    }
}

/// The `n`th frame as a server sends it: a bookTicker that crosses the other venue's quote, from below and from above
/// by turns, so that every one is an opportunity.
pub fn frame(out: &mut Vec<u8>, n: u64) {
    let (bid, ask) = quote(n);
    let text = |price: i64| format!("{}.{:02}000000", price / 100, price % 100);
    out.clear();
    out.extend_from_slice(&[0x81, 126, 0, 0]);
    write!(
        out,
        "{{\"stream\":\"btcusdt@bookTicker\",\"data\":{{\"u\":{},\"s\":\"{SYMBOL}\",\"b\":\"{}\",\"B\":\"31.21000000\",\
         \"a\":\"{}\",\"A\":\"40.66000000\"}}}}",
        400_900_217 + n,
        text(bid),
        text(ask)
    )
    .expect("memory");
    let length = u16::try_from(out.len() - 4).expect("a short frame").to_be_bytes();
    out[2..4].copy_from_slice(&length);
}

/// Bid and ask of the `n`th frame.
pub fn quote(n: u64) -> (i64, i64) {
    let step = (n % 97) as i64;
    let bid = if n.is_multiple_of(2) { OTHER_BID - SWING - step } else { OTHER_BID + SWING + step };
    (bid, bid + 1)
}

/// The payload of a whole masked frame at the front of `bytes`, unmasked, and how long the frame is.
pub fn client_text(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let [0x81, second, ..] = *bytes else { return None };
    assert!(second >= 0x80, "a client masks");
    let (header, length) = match second & 0x7f {
        126 => (4, usize::from(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]))),
        127 => panic!("orders are short"),
        short => (2, usize::from(short)),
    };
    let whole = header + 4 + length;
    let frame = bytes.get(..whole)?;
    let (key, payload) = frame[header..].split_at(4);
    Some((payload.iter().zip(key.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect(), whole))
}
