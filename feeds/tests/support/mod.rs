//! Venues on loopback, written with plain tungstenite and rustls, and a reader that is driven against them.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use crosstick_feeds::connection::SECOND_NS;
use crosstick_feeds::decode::TimeUnit;
use crosstick_feeds::endpoints::{Environment, StreamKind, plan};
use crosstick_feeds::{
    AttemptBudget, Batch, Clock, Event, EventKind, FeedStats, LineSpec, LineStats, Observer, Reader, Reason, RingSink,
    Rules, SocketOptions, TickSink, TlsClient,
};
use crosstick_model::{InstrumentId, Protocol, Scale, Tick, TickKind, VenueId};
use crosstick_ring::spsc::{Consumer, ring};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tungstenite::handshake::server::{Request, Response};
use tungstenite::{Message, WebSocket};

/// Bounds every wait; generous, since two busy cores may run all tests at once.
pub const PATIENCE: Duration = Duration::from_secs(60);
const MS: u64 = 1_000_000;

/// A private CA and what it signs.
pub struct Ca {
    pub pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Ca {
    pub fn new() -> Self {
        Self::named("crosstick test CA")
    }

    pub fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().expect("a key");
        let pem = params.self_signed(&key).expect("a certificate").pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    pub fn sign(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Arc<ServerConfig> {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let mut params = CertificateParams::new(names).expect("good names");
        change(&mut params);
        let key = KeyPair::generate().expect("a key");
        let leaf = params.signed_by(&key, &self.issuer).expect("a certificate");
        let secret = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], secret)
            .expect("a matching key");
        config.into()
    }

    pub fn loopback(&self) -> Arc<ServerConfig> {
        self.sign(&["localhost", "127.0.0.1"], |_| {})
    }

    pub fn client(&self) -> TlsClient {
        TlsClient::with_pem(self.pem.as_bytes()).expect("a good CA")
    }
}

/// Either kind of server-side stream.
pub enum Wire {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ServerConnection, TcpStream>>),
}

impl Wire {
    pub fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => &tls.sock,
        }
    }
}

impl Read for Wire {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.read(into),
            Self::Tls(tls) => tls.read(into),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(tcp) => tcp.write(bytes),
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Self::Plain(tcp) => tcp.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }
}

/// A venue: a listener on loopback that hands each connection, numbered from 0, to `serve` on a thread of its own.
pub struct Venue {
    pub address: SocketAddr,
    pub accepted: Arc<AtomicUsize>,
    tls: bool,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Venue {
    pub fn start(tls: Option<Arc<ServerConfig>>, serve: impl Fn(usize, Wire) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("non-blocking");
        let address = listener.local_addr().expect("an address");
        let stop = Arc::new(AtomicBool::new(false));
        let accepted = Arc::new(AtomicUsize::new(0));
        let (stopping, counting, has_tls) = (Arc::clone(&stop), Arc::clone(&accepted), tls.is_some());
        let serve = Arc::new(serve);
        let thread = std::thread::spawn(move || {
            let mut sessions = Vec::new();
            while !stopping.load(Ordering::Relaxed) {
                let Ok((tcp, _)) = listener.accept() else {
                    std::thread::sleep(Duration::from_millis(2));
                    continue;
                };
                tcp.set_nonblocking(false).expect("blocking");
                tcp.set_nodelay(true).expect("no delay");
                tcp.set_read_timeout(Some(PATIENCE)).expect("a timeout");
                tcp.set_write_timeout(Some(PATIENCE)).expect("a timeout");
                let number = counting.fetch_add(1, Ordering::Relaxed);
                let wire = match &tls {
                    None => Wire::Plain(tcp),
                    Some(config) => {
                        let server = ServerConnection::new(Arc::clone(config)).expect("a session");
                        Wire::Tls(Box::new(StreamOwned::new(server, tcp)))
                    }
                };
                let serve = Arc::clone(&serve);
                sessions.push(std::thread::spawn(move || serve(number, wire)));
            }
            for session in sessions {
                let _ = session.join();
            }
        });
        Self { address, accepted, tls: has_tls, stop, thread: Some(thread) }
    }

    pub fn url(&self) -> String {
        format!("{}://{}", if self.tls { "wss" } else { "ws" }, self.address)
    }
}

impl Drop for Venue {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The server side of a WebSocket that a client opened and subscribed on.
pub struct Session {
    pub ws: WebSocket<Wire>,
    pub path: String,
    pub streams: Vec<String>,
}

impl Session {
    /// The handshake alone; `None` when the client went away.
    #[expect(clippy::result_large_err, reason = "tungstenite's callback")]
    pub fn open(wire: Wire) -> Option<Self> {
        let mut path = String::new();
        let ws = tungstenite::accept_hdr(wire, |request: &Request, response: Response| {
            path = request.uri().to_string();
            Ok(response)
        });
        Some(Self { ws: ws.ok()?, path, streams: Vec::new() })
    }

    /// Reads one SUBSCRIBE and answers it.
    pub fn subscribe(mut self) -> Option<Self> {
        loop {
            let Message::Text(text) = self.ws.read().ok()? else { continue };
            let request: serde_json::Value = serde_json::from_str(text.as_str()).expect("a JSON request");
            assert_eq!(request["method"], "SUBSCRIBE");
            let names = request["params"].as_array().expect("names");
            self.streams.extend(names.iter().map(|n| n.as_str().expect("a name").to_owned()));
            self.text(&format!(r#"{{"result":null,"id":{}}}"#, request["id"]))?;
            return Some(self);
        }
    }

    pub fn accept(wire: Wire) -> Option<Self> {
        Self::open(wire)?.subscribe()
    }

    pub fn text(&mut self, text: &str) -> Option<()> {
        self.ws.send(Message::text(text)).ok()
    }

    pub fn raw(&mut self, bytes: &[u8]) -> Option<()> {
        self.ws.get_mut().write_all(bytes).ok()?;
        self.ws.get_mut().flush().ok()
    }

    /// Until the client hangs up.
    pub fn linger(mut self) {
        while self.ws.read().is_ok() {}
    }
}

pub fn trade(symbol: &str, id: u64) -> String {
    format!(
        r#"{{"stream":"{}@trade","data":{{"e":"trade","E":1700000000123,"s":"{symbol}","t":{id},"p":"100.25","q":"0.5","T":1700000000122,"m":true,"M":true}}}}"#,
        symbol.to_lowercase()
    )
}

pub fn quote(symbol: &str, id: u64) -> String {
    format!(
        r#"{{"stream":"{}@bookTicker","data":{{"u":{id},"s":"{symbol}","b":"100.24","B":"1.5","a":"100.26","A":"2.5"}}}}"#,
        symbol.to_lowercase()
    )
}

pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ns(&self) -> u64 {
        SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_nanos() as u64)
    }
}

/// Counts batches and checks that no time runs backwards.
#[derive(Default)]
pub struct Batches {
    pub count: u64,
    pub ticks: u64,
    /// Turns told of, and whether something was worked on in the newest.
    pub turns: u64,
    pub worked: bool,
    pub waits: u64,
    /// Kernel receive time and read time of each batch.
    pub kernel: Vec<(u64, u64)>,
}

impl Observer for Batches {
    fn batch(&mut self, batch: &Batch) {
        assert!(batch.read_ns <= batch.pushed_ns && batch.ticks > 0);
        self.count += 1;
        self.ticks += u64::from(batch.ticks);
        self.kernel.push((batch.kernel_ns, batch.read_ns));
    }

    fn turned(&mut self, _: u64, worked: bool) {
        self.turns += 1;
        self.worked = worked;
    }

    fn waited(&mut self) {
        self.waits += 1;
    }
}

/// Short deadlines, so that tests need not wait.
pub fn quick() -> Rules {
    Rules { backoff_ns: (20 * MS, 100 * MS), too_many_ns: 300 * MS, ..Rules::of(Protocol::BinanceSpot) }
}

pub fn line(venue: u8, protocol: Protocol, url: &str, streams: &[StreamKind], tls: TlsClient) -> LineSpec {
    let id = InstrumentId(u16::from(venue));
    let sockets = plan(protocol, Environment::Custom(url), TimeUnit::Milli, streams, [(id, "BTCUSDT")]);
    LineSpec {
        venue: VenueId(venue),
        protocol,
        line: 0,
        unit: TimeUnit::Milli,
        sockets: sockets.expect("a good plan"),
        symbols: vec![("BTCUSDT".into(), id, Scale::DEFAULT)],
        rules: quick(),
        tls,
        options: SocketOptions::default(),
        attempts: AttemptBudget::new(300, 300 * SECOND_NS),
        seed: 1,
    }
}

pub fn spot(url: &str, tls: TlsClient) -> LineSpec {
    line(0, Protocol::BinanceSpot, url, &[StreamKind::Trade, StreamKind::BookTicker], tls)
}

pub fn plain(url: &str) -> LineSpec {
    spot(url, TlsClient::new(None).expect("public roots"))
}

/// A reader and the other end of its ring.
pub struct Drive {
    pub reader: Reader<RingSink, SystemClock, Batches>,
    pub stats: Vec<LineStats>,
    pub ring: Consumer<Tick>,
    pub ticks: Vec<Tick>,
    pub events: Vec<Event>,
    receiver: Receiver<Event>,
    /// Whether ticks are taken from the ring in each turn.
    pub taking: bool,
    /// Longest wait between two turns.
    pub wait: Duration,
}

impl Drive {
    pub fn new(lines: Vec<LineSpec>, capacity: usize) -> Self {
        let (send, receiver) = sync_channel(1000);
        let (producer, ring) = ring(capacity);
        let sink = RingSink::new(producer, None);
        let (reader, stats) = Reader::new(lines, 8, sink, SystemClock, Batches::default(), send).expect("a reader");
        let (ticks, events) = (Vec::new(), Vec::new());
        let wait = Duration::from_millis(5);
        Self { reader, stats, ring, ticks, events, receiver, taking: true, wait }
    }

    pub fn turn(&mut self) {
        if self.reader.turn() == 0 {
            self.reader.wait(self.wait);
        }
        while self.taking
            && let Some(tick) = self.ring.pop()
        {
            self.ticks.push(tick);
        }
        if self.taking {
            self.ring.publish();
        }
        self.events.extend(self.receiver.try_iter());
    }

    /// Turns until `done`, or fails with what happened.
    pub fn until(&mut self, what: &str, mut done: impl FnMut(&mut Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !done(self) {
            assert!(Instant::now() < end, "{what} did not happen; events: {:#?}", self.kinds());
            self.turn();
        }
    }

    pub fn kinds(&self) -> Vec<&EventKind> {
        self.events.iter().map(|e| &e.kind).collect()
    }

    pub fn count(&self, matches: impl Fn(&EventKind) -> bool) -> usize {
        self.events.iter().filter(|e| matches(&e.kind)).count()
    }

    pub fn trades(&self) -> Vec<u64> {
        self.ticks.iter().filter(|t| t.kind == TickKind::Trade).map(|t| t.venue_seq).collect()
    }

    pub fn line_states(&self) -> Vec<bool> {
        self.ticks.iter().filter_map(Tick::as_line_state).map(|(_, live)| live).collect()
    }

    /// Turns until the line stops for good, and says why.
    pub fn until_stopped(&mut self) -> Reason {
        self.until("stopping", |d| d.reader.is_stopped());
        self.turn();
        let stopped = self.events.iter().rev().find_map(|e| match &e.kind {
            EventKind::Stopped { reason } => Some(reason.clone()),
            _ => None,
        });
        stopped.expect("an event that says so")
    }

    /// Turns until a connection ended, and says why.
    pub fn until_disconnected(&mut self) -> Reason {
        self.until("a disconnect", |d| d.count(|k| matches!(k, EventKind::Disconnected { .. })) > 0);
        let ended = self.events.iter().find_map(|e| match &e.kind {
            EventKind::Disconnected { reason } => Some(reason.clone()),
            _ => None,
        });
        ended.expect("just seen")
    }

    pub fn stats(&mut self) -> FeedStats {
        self.reader.publish();
        self.stats[0].read()
    }
}

/// A sink that always has room.
#[derive(Default)]
pub struct Endless(pub Vec<Tick>);

impl TickSink for Endless {
    fn push(&mut self, tick: Tick) -> Result<(), Tick> {
        self.0.push(tick);
        Ok(())
    }
}
