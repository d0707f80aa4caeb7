//! A client from well-kept crates, none of it ours: tungstenite over rustls.
#![allow(dead_code)] // each test file uses its part

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crosstick_sim::SimHandle;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use tungstenite::protocol::CloseFrame;
use tungstenite::{Message, WebSocket};

pub type Tls = StreamOwned<ClientConnection, TcpStream>;

/// Long enough for a busy machine, short enough that a test that hangs is seen.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn tcp(url: &str) -> TcpStream {
    let address = url.split("://").nth(1).expect("a URL");
    let stream = TcpStream::connect(address).expect("connect");
    stream.set_read_timeout(Some(PATIENCE)).expect("timeout");
    stream
}

/// A TLS stream to a venue that trusts nothing but the simulated authority.
pub fn tls(handle: &SimHandle, url: &str) -> Tls {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(handle.ca_pem().as_bytes()).expect("PEM")).expect("a root");
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").expect("a name");
    let session = ClientConnection::new(Arc::new(config), name).expect("a session");
    StreamOwned::new(session, tcp(url))
}

pub struct Client<S: Read + Write>(pub WebSocket<S>);

pub fn connect(handle: &SimHandle, venue: &str, path: &str) -> Client<Tls> {
    let url = &handle.venue(venue).expect("the venue").stream_url;
    let (ws, response) = tungstenite::client(format!("{url}{path}"), tls(handle, url)).expect("a handshake");
    assert_eq!(response.status(), 101);
    Client(ws)
}

impl<S: Read + Write> Client<S> {
    /// The next text; the close frame where there is none any more.
    pub fn next(&mut self) -> Result<String, Option<CloseFrame>> {
        loop {
            match self.0.read() {
                Ok(Message::Text(text)) => return Ok(text.as_str().to_owned()),
                Ok(Message::Close(frame)) => {
                    // Sends our answer to the close.
                    let _ = self.0.flush();
                    return Err(frame);
                }
                Ok(_) => {}
                Err(e) => panic!("{e}"),
            }
        }
    }

    pub fn send(&mut self, text: &str) {
        self.0.send(Message::text(text)).expect("sent");
    }

    /// All texts until the venue closes, and its close code.
    pub fn drain(&mut self) -> (Vec<String>, u16) {
        let mut texts = Vec::new();
        loop {
            match self.next() {
                Ok(text) => texts.push(text),
                Err(frame) => return (texts, frame.map_or(0, |f| f.code.into())),
            }
        }
    }
}

/// Recorded data, where the machine has it.
pub fn recordings() -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let root = std::env::var_os("CROSSTICK_DATA").map_or(beside, PathBuf::from).join("hftbacktest");
    root.is_dir().then_some(root)
}
