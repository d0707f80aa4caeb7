//! One TLS 1.3 record in, AES-128-GCM: from the bytes of a read to plain text in the receive buffer, as `feeds` does
//! it.

use std::io::Read;
use std::sync::Arc;

use crosstick_benches::frames::{FrameKind, sample};
use crosstick_benches::turns::result::Session;
use crosstick_benches::turns::{Clock, Contest, Measure, Target, Targets};
use crosstick_feeds::buffer::RecvBuffer;
use crosstick_feeds::ws::frame::BUFFER_LIMIT;
use crosstick_model::Protocol;
use rcgen::{CertificateParams, KeyPair};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{CipherSuite, ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

const MEASURES: &[Measure] = &[Measure::ns("record")];
const TARGETS: Targets = &[[Some(Target::ratio(1.0, 0.95)), None]];

struct Pair {
    client: ClientConnection,
    server: ServerConnection,
    payloads: Vec<Vec<u8>>,
    buffer: RecvBuffer,
}

impl Pair {
    fn new(mut provider: CryptoProvider, payloads: Vec<Vec<u8>>) -> Self {
        provider.cipher_suites.retain(|suite| suite.suite() == CipherSuite::TLS13_AES_128_GCM_SHA256);
        let provider = Arc::new(provider);
        let key = KeyPair::generate().expect("a key");
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        let certificate: CertificateDer<'static> = certificate.self_signed(&key).expect("a certificate").der().clone();
        let secret = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("TLS 1.3")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], secret)
            .expect("a matching key");
        let mut roots = RootCertStore::empty();
        roots.add(certificate).expect("a certificate");
        let client = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("TLS 1.3")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").expect("a name");
        let mut client = ClientConnection::new(client.into(), name).expect("a client");
        let mut server = ServerConnection::new(server.into()).expect("a server");
        while client.is_handshaking() || server.is_handshaking() || server.wants_write() {
            let mut wire = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut wire).expect("memory");
            }
            let mut rest = &wire[..];
            while !rest.is_empty() {
                server.read_tls(&mut rest).expect("memory");
                server.process_new_packets().expect("good records");
            }
            wire.clear();
            while server.wants_write() {
                server.write_tls(&mut wire).expect("memory");
            }
            let mut rest = &wire[..];
            while !rest.is_empty() {
                client.read_tls(&mut rest).expect("memory");
                client.process_new_packets().expect("good records");
            }
        }
        Self { client, server, payloads, buffer: RecvBuffer::new(BUFFER_LIMIT) }
    }

    /// ns a record. The server's part is done before the clock runs.
    fn turn(&mut self, clock: &Clock) -> Vec<f64> {
        let mut records = Vec::new();
        for payload in &self.payloads {
            std::io::Write::write_all(&mut self.server.writer(), payload).expect("memory");
            let mut record = Vec::new();
            self.server.write_tls(&mut record).expect("memory");
            records.push(record);
        }
        let begin = clock.ticks();
        for (record, payload) in records.iter().zip(&self.payloads) {
            self.client.read_tls(&mut &record[..]).expect("memory");
            let state = self.client.process_new_packets().expect("a good record");
            let mut left = state.plaintext_bytes_to_read();
            while left > 0 {
                let room = self.buffer.spare(left).expect("room");
                let count = self.client.reader().read(room).expect("plain text");
                self.buffer.filled(count);
                left -= count;
            }
            assert_eq!(self.buffer.take(payload.len()), payload, "what was sent");
        }
        vec![clock.ns(clock.ticks() - begin) / records.len() as f64]
    }
}

pub fn run(session: &mut Session) {
    let clock = &Clock::new();
    let payloads = sample(Protocol::BinanceSpot, FrameKind::Trade).frames;
    let bytes = payloads.iter().map(Vec::len).sum::<usize>() / payloads.len();
    let mut ours = Pair::new(rustls::crypto::ring::default_provider(), payloads.clone());
    let contest = Contest::new("tls/record_in", format!("records of {bytes} bytes, one a read"), MEASURES);
    #[cfg(feature = "aws-lc")]
    let mut rival = Pair::new(rustls::crypto::aws_lc_rs::default_provider(), payloads);
    #[cfg(feature = "aws-lc")]
    let contest = contest.rival("rustls + aws-lc-rs", || rival.turn(clock));
    #[cfg(not(feature = "aws-lc"))]
    eprintln!("tls: without its rival; add `--features aws-lc` to build that");
    contest.ours("rustls + ring, as shipped", TARGETS, || ours.turn(clock)).run(session);
}
