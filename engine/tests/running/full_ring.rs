//! A core that is too slow: the reader stops reading, TCP holds what comes, and no trade is lost.

use std::fs::File;
use std::io::Write;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use crosstick_engine::clock::WallClock;
use crosstick_feeds::connection::AttemptBudget;
use crosstick_feeds::decode::TimeUnit;
use crosstick_feeds::endpoints::{Environment, StreamKind, plan};
use crosstick_feeds::{LineSpec, Reader, RingSink, Rules, SocketOptions, TlsClient};
use crosstick_model::{InstrumentId, Protocol, Scale, Tick, TickKind, VenueId};
use crosstick_ring::spsc;
use crosstick_sim::{ReplayFile, ReplaySpec, Sim, SimConfig, Source};

/// Trades of the recording: with two quotes each some 6 MB on the wire, more than all buffers between hold.
const TRADES: u64 = 12_000;
const RING: usize = 8;

fn record(path: &std::path::Path) {
    let mut file = std::io::BufWriter::new(File::create(path).expect("a file"));
    for id in 1..=TRADES {
        let us = 1_723_161_256_000_000 + id;
        let (ms, price) = (us / 1000, 60_000 + id % 100);
        let trade = format!(
            r#"{{"e":"trade","E":{ms},"s":"BTCUSDT","t":{id},"p":"{price}.25","q":"0.5","T":{ms},"m":true,"M":true}}"#
        );
        writeln!(file, r#"{us} {{"stream":"btcusdt@trade","data":{trade}}}"#).expect("a line");
        for half in [2 * id, 2 * id + 1] {
            let quote = format!(r#"{{"u":{half},"s":"BTCUSDT","b":"{price}.1","B":"1","a":"{price}.9","A":"2"}}"#);
            writeln!(file, r#"{us} {{"stream":"btcusdt@bookTicker","data":{quote}}}"#).expect("a line");
        }
    }
}

#[test]
fn trades_in_are_trades_out() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = dir.path().join("a.txt");
    record(&file);
    let spec = ReplaySpec::new(vec![ReplayFile { venue: Some("one".into()), path: file }]);
    let sim = Sim::start(SimConfig::new(Source::Recorded(spec))).expect("a venue");
    let venue = sim.venue("one").expect("a venue").clone();

    let id = InstrumentId(0);
    let streams = [StreamKind::Trade, StreamKind::BookTicker];
    let environment = Environment::Custom(&venue.stream_url);
    let line = LineSpec {
        venue: VenueId(0),
        protocol: Protocol::BinanceSpot,
        line: 0,
        unit: TimeUnit::Milli,
        sockets: plan(venue.protocol, environment, TimeUnit::Milli, &streams, [(id, "BTCUSDT")]).expect("a plan"),
        symbols: vec![("BTCUSDT".into(), id, Scale::DEFAULT)],
        rules: Rules::of(Protocol::BinanceSpot),
        tls: TlsClient::with_pem(sim.ca_pem().as_bytes()).expect("the CA"),
        options: SocketOptions::default(),
        attempts: AttemptBudget::binance(),
        seed: 1,
    };
    let (producer, mut ring) = spsc::ring::<Tick>(RING);
    let (tell, events) = sync_channel(100);
    let clock = WallClock::anchored_now();
    let sink = RingSink::new(producer, None);
    let (mut reader, stats) = Reader::new(vec![line], 1, sink, clock, (), tell).expect("a reader");

    let (mut trades, mut quotes) = (Vec::new(), Vec::new());
    let end = Instant::now() + Duration::from_secs(120);
    let last_quote = 2 * TRADES + 1;
    while trades.len() < TRADES as usize || quotes.last() != Some(&last_quote) {
        let told: Vec<_> = events.try_iter().collect();
        assert!(Instant::now() < end, "{} trades, {} quotes, {told:?}", trades.len(), quotes.len());
        reader.turn();
        // The core takes two for every read of the socket, which brings dozens.
        for tick in [ring.pop(), ring.pop()].into_iter().flatten() {
            match tick.kind {
                TickKind::Trade => trades.push(tick.venue_seq),
                TickKind::Quote => quotes.push(tick.venue_seq),
                TickKind::Line => {}
            }
        }
        ring.publish();
    }
    reader.publish();
    let stats = stats[0].read();
    reader.shut_down();
    let sent = sim.stop();

    assert_eq!(trades, (1..=TRADES).collect::<Vec<_>>(), "every one, once, in order");
    assert!(quotes.is_sorted(), "an older quote never follows a newer one");
    assert_eq!((stats.trades, stats.quotes), (TRADES, 2 * TRADES), "all were read");
    assert!(stats.ring_full > 0, "the ring was full at times");
    assert_eq!(quotes.len() as u64, 2 * TRADES - stats.quotes_replaced, "a missing quote was replaced by a newer one");
    assert_eq!((stats.trade_gaps, stats.trade_duplicates, stats.connects), (0, 0, 1));
    let venue = sent.venue("one").expect("a venue");
    assert_eq!(venue.published["btcusdt@trade"].frames, TRADES);
    assert_eq!(venue.clients[0].sent["btcusdt@trade"].frames, TRADES);
    assert_eq!(venue.dropped_slow, 0);
}
