//! How many market messages a second one venue serves to some clients at once, beside one that does not read.
//!
//! `cargo run --release -p crosstick-sim --example load -- [CLIENTS [SECONDS [plain|tls [QUOTES_PER_SECOND]]]]`, by
//! default five clients, ten seconds, plain sockets, more quotes than can be served. Clients count frames by their
//! heads and look at no payload. Everything runs on this machine: clients take their share of its processors.

use std::error::Error;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crosstick_model::{Decimal, Protocol};
use crosstick_sim::flow::{FlowLeg, FlowMarket, FlowVenue};
use crosstick_sim::{Endpoint, FlowSpec, Sim, SimConfig, SimHandle, SimInstrument, Source};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// What a client counted.
struct Count {
    frames: u64,
    bytes: u64,
}

trait Socket: Read + Write + Send {}
impl<T: Read + Write + Send> Socket for T {}

fn spec(quotes_per_second: u32) -> FlowSpec {
    let leg = FlowLeg {
        venue: 0,
        instrument: SimInstrument::spot("BTCUSDT", "BTC", "USDT", Decimal::new(1, 2), Decimal::new(1, 5)),
        half_spread_e8: 500,
        quotes_per_second,
        bursts_per_second: quotes_per_second.div_ceil(20),
        notional: 6_000,
    };
    let market = FlowMarket {
        name: "BTC-USDT".to_owned(),
        price: Decimal::from(64_250),
        volatility_e8: 6_000,
        gap_every_ms: 0,
        gap_ms: (0, 0),
        gap_e8: (0, 0),
        moods: None,
        legs: vec![leg],
    };
    FlowSpec { venues: vec![FlowVenue::new("load", Protocol::BinanceSpot, 100, 100)], markets: vec![market] }
}

fn socket(handle: &SimHandle, url: &str, encrypted: bool) -> Result<Box<dyn Socket>, Box<dyn Error + Send + Sync>> {
    let address = url.split("://").nth(1).ok_or("a URL")?;
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    if !encrypted {
        return Ok(Box::new(stream));
    }
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(handle.ca_pem().as_bytes())?)?;
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let session = ClientConnection::new(Arc::new(config), ServerName::try_from("127.0.0.1")?)?;
    Ok(Box::new(StreamOwned::new(session, stream)))
}

fn upgrade(socket: &mut dyn Socket) -> Result<(), Box<dyn Error + Send + Sync>> {
    socket.write_all(
        b"GET /ws/btcusdt@trade/btcusdt@bookTicker HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
          Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    )?;
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        socket.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(())
}

/// Counts frames until told to stop. Pings come every 20 s and may be left unanswered for a minute.
fn count(mut socket: Box<dyn Socket>, stop: &AtomicBool) -> Result<Count, Box<dyn Error + Send + Sync>> {
    let mut total = Count { frames: 0, bytes: 0 };
    let mut buffer = vec![0; 256 * 1024];
    let (mut kept, mut skip) = (Vec::new(), 0usize);
    while !stop.load(Ordering::Relaxed) {
        let read = socket.read(&mut buffer)?;
        if read == 0 {
            return Err("the venue ended it".into());
        }
        total.bytes += read as u64;
        kept.extend_from_slice(&buffer[..read]);
        let mut at = skip.min(kept.len());
        skip -= at;
        while let Some([_, second]) = kept.get(at..at + 2) {
            let (length, head) = match (*second, kept.get(at + 2..at + 4)) {
                (126, Some(two)) => (usize::from(u16::from_be_bytes([two[0], two[1]])), 4),
                (126, None) => break,
                (short, _) => (usize::from(short), 2),
            };
            total.frames += 1;
            at += head + length;
        }
        skip += at.saturating_sub(kept.len());
        kept.drain(..at.min(kept.len()));
    }
    Ok(total)
}

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize, otherwise: u32| arguments.get(index).map_or(Ok(otherwise), |a| a.parse());
    let (clients, seconds) = (number(0, 5)?, number(1, 10)?);
    let encrypted = arguments.get(2).is_some_and(|w| w == "tls");
    let mut config = SimConfig::new(Source::Generated { seed: 1, spec: spec(number(3, 400_000)?) });
    let any = Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let (tls, plain) = if encrypted { (any, None) } else { (None, any) };
    config.endpoints = vec![Endpoint { venue: "load".to_owned(), tls, plain }];
    let handle = Sim::start(config)?;
    let url = handle.venues().first().ok_or("a venue")?.stream_url.clone();
    let stop = Arc::new(AtomicBool::new(false));
    let mut threads: Vec<JoinHandle<Result<Count, Box<dyn Error + Send + Sync>>>> = Vec::new();
    // One that never reads: it must be dropped, and cost the others nothing.
    let mut deaf = socket(&handle, &url, encrypted)?;
    upgrade(&mut *deaf)?;
    for _ in 0..clients {
        let mut socket = socket(&handle, &url, encrypted)?;
        upgrade(&mut *socket)?;
        let stop = Arc::clone(&stop);
        threads.push(std::thread::spawn(move || count(socket, &stop)));
    }
    let began = Instant::now();
    let before = handle.stats();
    std::thread::sleep(Duration::from_secs(u64::from(seconds)));
    let after = handle.stats();
    stop.store(true, Ordering::Relaxed);
    let took = began.elapsed().as_secs_f64();
    let published = |s: &crosstick_sim::SimStats| -> u64 {
        s.venues.iter().flat_map(|v| v.published.values()).map(|p| p.frames).sum()
    };
    let rate = (published(&after) - published(&before)) as f64 / took;
    println!("published: {rate:.0} frames a second over {took:.1} s, {}", if encrypted { "TLS" } else { "plain" });
    let mut all = 0.0;
    for (i, thread) in threads.into_iter().enumerate() {
        match thread.join() {
            Ok(Ok(count)) => {
                all += count.frames as f64 / took;
                let (frames, bytes) = (count.frames as f64 / took, count.bytes as f64 / took / 1e6);
                println!("client {i}: {frames:.0} frames a second, {bytes:.1} MB a second");
            }
            Ok(Err(e)) => println!("client {i}: {e}"),
            Err(_) => println!("client {i}: panicked"),
        }
    }
    let slow: u64 = after.venues.iter().map(|v| v.dropped_slow).sum();
    println!("served: {all:.0} frames a second to {clients} clients; {slow} dropped as too slow (1 never reads)");
    drop(deaf);
    drop(handle);
    Ok(())
}
