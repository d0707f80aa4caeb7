//! The reader against venues on loopback: real sockets, real TLS, real WebSocket.

mod support;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crosstick_feeds::endpoints::StreamKind;
use crosstick_feeds::error::{CertificateRefusal, ConfigError, ConnectError, Stage};
use crosstick_feeds::ws::WsError;
use crosstick_feeds::{EventKind, Reason, Rules, TlsClient};
use crosstick_model::{Protocol, TickFlags, TickKind, VenueId};
use support::{Ca, Drive, PATIENCE, Session, Venue, line, plain, quick, quote, spot, trade};
use tungstenite::Message;

fn serve_trades(session: &mut Session, ids: std::ops::Range<u64>) -> Option<()> {
    for id in ids {
        session.text(&trade("BTCUSDT", id))?;
    }
    Some(())
}

#[test]
fn over_tls_with_a_private_ca() {
    let ca = Ca::new();
    let venue = Venue::start(Some(ca.loopback()), |_, wire| {
        let Some(mut session) = Session::accept(wire) else { return };
        assert_eq!(session.path, "/stream");
        assert_eq!(session.streams, ["btcusdt@trade", "btcusdt@bookTicker"]);
        serve_trades(&mut session, 1..1001);
        session.text(&quote("BTCUSDT", 77));
        session.linger();
    });
    let url = venue.url().replace("127.0.0.1", "localhost");
    let mut drive = Drive::new(vec![spot(&url, ca.client())], 4096);
    drive.until("all ticks", |d| d.ticks.len() == 1003);
    assert_eq!(drive.trades(), (1..1001).collect::<Vec<u64>>());
    assert_eq!(drive.line_states(), [false, true]);
    let last = drive.ticks.last().expect("ticks");
    assert_eq!((last.kind, last.venue_seq), (TickKind::Quote, 77));
    assert!(last.flags.has(TickFlags::LAST_OF_BATCH));
    assert_eq!(last.values, [10_024_000_000, 150_000_000, 10_026_000_000, 250_000_000]);
    let kinds = drive.kinds();
    let connected = |k: &&EventKind| matches!(k, EventKind::Connected { url: u } if **u == *format!("{url}/stream"));
    assert!(kinds.iter().copied().any(|k| connected(&k)), "{kinds:?}");
    assert!(kinds.contains(&&EventKind::Acknowledged { streams: 2, of: 2 }));
    assert!(kinds.contains(&&EventKind::Live { streams: 2 }));
    let stats = drive.stats();
    assert_eq!((stats.trades, stats.quotes, stats.other, stats.frames), (1000, 1, 1, 1002));
    assert_eq!((stats.refused_total(), stats.trade_gaps, stats.connects, stats.live), (0, 0, 1, 1));
    assert_eq!(stats.fast_path, 1001);
    assert!(stats.wire_bytes > stats.bytes && stats.reads > 0);
    assert_eq!(drive.reader.observer().ticks, 1001);
    drive.reader.shut_down();
}

#[test]
fn certificates_are_verified() {
    let (ca, renewed, other) = (Ca::new(), Ca::new(), Ca::named("another CA"));
    let past = |p: &mut rcgen::CertificateParams| p.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let future = |p: &mut rcgen::CertificateParams| p.not_before = rcgen::date_time_ymd(2999, 1, 1);
    let cases = [
        (ca.loopback(), other.client(), CertificateRefusal::UnknownIssuer, "tls_ca"),
        (ca.loopback(), renewed.client(), CertificateRefusal::BadSignature, "out of date"),
        (ca.loopback(), TlsClient::new(None).expect("roots"), CertificateRefusal::UnknownIssuer, "tls_ca"),
        (ca.sign(&["127.0.0.1"], past), ca.client(), CertificateRefusal::Expired, "clock"),
        (ca.sign(&["127.0.0.1"], future), ca.client(), CertificateRefusal::NotYetValid, "clock"),
        (ca.sign(&["other.example"], |_| {}), ca.client(), CertificateRefusal::WrongName, "another name"),
    ];
    for (server, client, refusal, advice) in cases {
        let venue = Venue::start(Some(server), |_, wire| drop(Session::open(wire)));
        let mut drive = Drive::new(vec![spot(&venue.url(), client)], 64);
        let reason = drive.until_stopped();
        let Reason::Connect(ConnectError::Certificate { host, reason: why }) = &reason else { panic!("{reason}") };
        assert_eq!((&**host, why), ("127.0.0.1", &refusal));
        let text = reason.to_string();
        assert!(text.contains(advice) && !text.contains('\n'), "{text}");
        assert_eq!((drive.ticks.len(), drive.line_states()), (1, vec![false]));
    }
}

#[test]
fn a_missing_or_useless_ca_file_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("ca.pem");
    let missing = TlsClient::new(Some(&path));
    assert!(matches!(missing, Err(ConfigError::CaUnreadable { .. })));
    let text = missing.err().map(|e| e.to_string()).unwrap_or_default();
    assert!(text.contains("ca.pem") && text.contains("tls_ca") && !text.contains('\n'), "{text}");
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for useless in ["", "hello", broken, "-----BEGIN CERTIFICATE-----\n"] {
        std::fs::write(&path, useless).expect("written");
        assert!(matches!(TlsClient::new(Some(&path)), Err(ConfigError::CaUnusable { .. })), "{useless:?}");
    }
    std::fs::write(&path, Ca::new().pem).expect("written");
    assert!(TlsClient::new(Some(&path)).is_ok());
}

#[test]
fn a_host_without_an_address_is_named_and_tried_again() {
    // A label of more than 63 characters has no address, and no name server need be asked.
    let url = format!("wss://{}.example", "x".repeat(64));
    let mut drive = Drive::new(vec![plain(&url)], 64);
    let reason = drive.until_disconnected();
    assert!(matches!(&reason, Reason::Connect(ConnectError::Resolve { .. })), "{reason}");
    let text = reason.to_string();
    assert!(text.starts_with("cannot resolve xxx") && text.contains("DNS") && !text.contains('\n'), "{text}");
    drive.until("a second attempt", |d| d.count(|k| matches!(k, EventKind::Connecting { .. })) > 1);
}

#[test]
fn a_port_without_a_listener_is_named_and_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let mut drive = Drive::new(vec![plain(&format!("ws://{address}"))], 64);
    let reason = drive.until_disconnected();
    assert_eq!(reason, Reason::Connect(ConnectError::Refused { address }));
    drive.until("a second attempt", |d| d.count(|k| matches!(k, EventKind::Connecting { .. })) > 1);
}

#[test]
fn a_server_that_does_not_speak_tls_is_named() {
    let venue = Venue::start(None, |_, mut wire| {
        let _ = wire.read(&mut [0; 64]);
        let _ = wire.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let mut drive = Drive::new(vec![plain(&venue.url().replace("ws://", "wss://"))], 64);
    let reason = drive.until_disconnected();
    let text = reason.to_string();
    assert!(matches!(reason, Reason::Connect(ConnectError::Tls { .. })), "{text}");
    assert!(text.contains("check that the port speaks TLS") && !text.contains('\n'), "{text}");
}

#[test]
fn a_server_that_accepts_and_says_nothing_is_given_up() {
    let hold = |_: usize, wire: support::Wire| while wire.tcp().read(&mut [0; 4096]).is_ok_and(|n| n > 0) {};
    let venue = Venue::start(None, hold);
    let short = Rules { connect_ns: 200_000_000, handshake_ns: 200_000_000, ..quick() };
    let mut spec = plain(&venue.url().replace("ws://", "wss://"));
    spec.rules = short.clone();
    let mut drive = Drive::new(vec![spec], 64);
    let reason = drive.until_disconnected();
    assert!(matches!(reason, Reason::Connect(ConnectError::TimedOut { stage: Stage::Encrypting, .. })), "{reason}");
    drop(drive);
    let mut spec = plain(&venue.url());
    spec.rules = short;
    let mut drive = Drive::new(vec![spec], 64);
    let reason = drive.until_disconnected();
    assert!(matches!(reason, Reason::Connect(ConnectError::TimedOut { stage: Stage::Upgrading, .. })), "{reason}");
}

#[test]
fn a_dropped_connection_is_made_again_and_subscribes_anew() {
    let venue = Venue::start(None, |number, wire| {
        let Some(mut session) = Session::accept(wire) else { return };
        assert_eq!(session.streams.len(), 2);
        let first = number as u64 * 10 + 1;
        serve_trades(&mut session, first..first + 10);
        match number {
            0 => drop(session), // without a close frame
            1 => {
                let _ = session.ws.close(None);
                session.linger();
            }
            _ => session.linger(),
        }
    });
    let mut drive = Drive::new(vec![plain(&venue.url())], 1024);
    drive.until("three connections", |d| d.trades().len() == 30);
    assert_eq!(drive.trades(), (1..31).collect::<Vec<u64>>());
    assert_eq!(drive.line_states(), [false, true, false, true, false, true]);
    let reasons: Vec<String> = drive
        .events
        .iter()
        .filter_map(|e| match &e.kind {
            EventKind::Disconnected { reason } => Some(reason.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    assert!(reasons[0].contains("broke"), "{reasons:?}");
    assert!(reasons[1].starts_with("closed by the venue"), "{reasons:?}");
    let stats = drive.stats();
    assert_eq!((stats.connects, stats.disconnects, stats.trade_gaps), (3, 2, 0));
}

#[test]
fn http_refusals_at_the_handshake() {
    fn answer(mut wire: support::Wire, text: &str) {
        let mut request = Vec::new();
        let mut bytes = [0; 1024];
        while !request.ends_with(b"\r\n\r\n") {
            match wire.read(&mut bytes) {
                Ok(count @ 1..) => request.extend_from_slice(&bytes[..count]),
                _ => return,
            }
        }
        let _ = wire.write_all(text.as_bytes());
        // The client hangs up first, so that its answer is not lost in a reset.
        let _ = wire.read(&mut bytes);
    }
    let venue = Venue::start(None, |_, wire| answer(wire, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"));
    let mut drive = Drive::new(vec![plain(&venue.url())], 64);
    let reason = drive.until_stopped();
    assert!(matches!(reason, Reason::Connect(ConnectError::Http { status: 403, .. })), "{reason}");
    assert_eq!(venue.accepted.load(Ordering::Relaxed), 1, "asked once");
    drop((drive, venue));

    // A proxy's error page, then too many requests, then it works.
    let venue = Venue::start(None, |number, wire| match number {
        0 => answer(wire, "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\n\r\n<html><h1>502</h1></html>"),
        1 => answer(wire, "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\n\r\n"),
        _ => {
            let Some(mut session) = Session::accept(wire) else { return };
            serve_trades(&mut session, 1..2);
            session.linger();
        }
    });
    let mut drive = Drive::new(vec![plain(&venue.url())], 64);
    drive.until("a trade at last", |d| d.trades() == [1]);
    let waits: Vec<u64> = drive
        .events
        .iter()
        .filter_map(|e| match e.kind {
            EventKind::Waiting { ms } => Some(ms),
            _ => None,
        })
        .collect();
    assert_eq!(waits.len(), 2, "{waits:?}");
    assert!(waits[0] <= 20 && waits[1] >= 1000, "Retry-After is obeyed: {waits:?}");
}

#[test]
fn pings_are_answered_and_fragments_joined() {
    let ca = Ca::new();
    let venue = Venue::start(Some(ca.loopback()), |_, wire| {
        let Some(mut session) = Session::accept(wire) else { return };
        let text = trade("BTCUSDT", 1);
        let (head, tail) = text.as_bytes().split_at(40);
        let mut raw = vec![0x01, head.len() as u8];
        raw.extend_from_slice(head);
        raw.extend([0x89, 4]);
        raw.extend(b"life");
        raw.extend([0x80, 126, 0, tail.len() as u8]);
        raw.extend_from_slice(tail);
        // One byte a record: every cut at once.
        for byte in &raw {
            if session.raw(std::slice::from_ref(byte)).is_none() {
                return;
            }
        }
        match session.ws.read() {
            Ok(Message::Pong(payload)) => assert_eq!(&payload[..], b"life"),
            other => panic!("no pong but {other:?}"),
        }
        session.text(&trade("BTCUSDT", 2));
        session.linger();
    });
    let mut drive = Drive::new(vec![spot(&venue.url(), ca.client())], 64);
    drive.until("both trades", |d| d.trades() == [1, 2]);
}

#[test]
fn bad_messages_are_counted_and_bad_frames_end_the_connection() {
    let venue = Venue::start(None, |number, wire| {
        let Some(mut session) = Session::accept(wire) else { return };
        if number == 0 {
            session.text("{\"stream\":\"btcusdt@trade\",\"data\":{");
            session.text("<html>");
            let _ = session.ws.send(Message::binary(vec![1, 2, 3]));
            session.raw(&[0x81, 2, 0xff, 0xfe]);
            session.text(&trade("BTCUSDT", 1));
            // 5 MB announced, 100 bytes sent.
            session.raw(&[0x81, 127, 0, 0, 0, 0, 0, 0x4c, 0x4b, 0x40]);
            session.raw(&[b'x'; 100]);
        } else if number == 1 {
            session.text(&trade("BTCUSDT", 2));
            session.raw(&[0x81, 0x81, 1, 2, 3, 4, 5]); // masked
        } else if number == 2 {
            session.text(&trade("BTCUSDT", 3));
            session.raw(&[0xc1, 1, b'x']); // compressed
        } else {
            session.text(&trade("BTCUSDT", 4));
        }
        session.linger();
    });
    let mut drive = Drive::new(vec![plain(&venue.url())], 64);
    drive.until("the fourth connection", |d| d.trades() == [1, 2, 3, 4]);
    let stats = drive.stats();
    let refused: Vec<(&str, u64)> = stats.refusals().collect();
    let count = |code: &str| refused.iter().find(|(c, _)| *c == code).map_or(0, |(_, n)| *n);
    for code in [WsError::TooLong.code(), WsError::Masked.code(), WsError::ReservedBits.code(), "binary_frame"] {
        assert_eq!(count(code), 1, "{code}: {refused:?}");
    }
    assert_eq!(stats.refused_total(), 7, "{refused:?}");
    assert_eq!(drive.count(|k| matches!(k, EventKind::Disconnected { reason: Reason::Protocol(_) })), 3);
}

#[test]
fn a_silent_stream_is_named_and_the_others_go_on() {
    let venue = Venue::start(None, |_, wire| {
        let Some(mut session) = Session::accept(wire) else { return };
        session.text(&trade("BTCUSDT", 1));
        session.linger();
    });
    let mut spec = plain(&venue.url());
    spec.rules = Rules { first_data_ns: 300_000_000, ..quick() };
    let mut drive = Drive::new(vec![spec], 64);
    drive.until("the event", |d| d.count(|k| matches!(k, EventKind::SilentStream { .. })) > 0);
    let silent = EventKind::SilentStream { stream: "btcusdt@bookTicker".into() };
    assert_eq!(drive.count(|k| *k == silent), 1);
    assert_eq!(drive.count(|k| matches!(k, EventKind::SilentStream { .. })), 1, "the trades were heard");
    assert_eq!(drive.stats().live, 1);
}

#[test]
fn a_shutdown_notice_moves_the_line_to_a_new_connection() {
    let venue = Venue::start(None, |number, wire| {
        let Some(mut session) = Session::accept(wire) else { return };
        session.text(&trade("BTCUSDT", number as u64 + 1));
        if number == 0 {
            session.text(r#"{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}"#);
        }
        session.linger();
    });
    let mut drive = Drive::new(vec![plain(&venue.url())], 64);
    drive.until("the second connection", |d| d.trades() == [1, 2]);
    assert_eq!(drive.count(|k| *k == EventKind::ServerShutdown), 1);
    assert_eq!(drive.count(|k| *k == EventKind::Disconnected { reason: Reason::ServerShutdown }), 1);
}

#[test]
fn a_slow_consumer_loses_no_trade() {
    const TRADES: u64 = 20_000;
    let ca = Ca::new();
    let venue = Venue::start(Some(ca.loopback()), |_, wire| {
        let Some(mut session) = Session::accept(wire) else { return };
        for id in 1..=TRADES {
            if session.text(&trade("BTCUSDT", id)).is_none() || session.text(&quote("BTCUSDT", id)).is_none() {
                return;
            }
        }
        session.linger();
    });
    let mut drive = Drive::new(vec![spot(&venue.url(), ca.client())], 8);
    // The consumer looks only now and then, so the ring is full nearly always.
    drive.taking = false;
    let mut turns = 0u64;
    drive.until("all trades", |d| {
        turns += 1;
        d.taking = turns.is_multiple_of(3);
        d.trades().len() as u64 == TRADES && d.ticks.iter().any(|t| t.kind == TickKind::Quote && t.venue_seq == TRADES)
    });
    assert_eq!(drive.trades(), (1..=TRADES).collect::<Vec<u64>>(), "each one, in order");
    let quotes: Vec<u64> = drive.ticks.iter().filter(|t| t.kind == TickKind::Quote).map(|t| t.venue_seq).collect();
    assert!(quotes.windows(2).all(|w| w[0] < w[1]), "quotes never go back");
    let stats = drive.stats();
    assert!(stats.ring_full > 0);
    assert_eq!(quotes.len() as u64 + stats.quotes_replaced, TRADES, "what is missing was counted");
    assert_eq!((stats.trades, stats.quotes, stats.trade_gaps, stats.connects), (TRADES, TRADES, 0, 1));
}

/// A reader that stopped at a full ring with a batch in hand, and what it had counted.
fn stopped_at_a_full_ring(venue: &Venue) -> Drive {
    let mut drive = Drive::new(vec![plain(&venue.url())], 8);
    drive.until("the line's first tick", |d| d.line_states() == [false]);
    drive.taking = false;
    drive.until("a full ring", |d| d.stats().ring_full > 0);
    drive
}

fn trades_and_quotes(_: usize, wire: support::Wire) {
    let Some(mut session) = Session::accept(wire) else { return };
    let text: String = (1..=50).map(|id| trade("BTCUSDT", id) + "|" + &quote("BTCUSDT", id) + "|").collect();
    // In one piece, so that most of it is in the reader's hands when the ring is full.
    let mut raw = Vec::new();
    for frame in text.split_terminator('|') {
        raw.extend([0x81, 126, 0, frame.len() as u8]);
        raw.extend(frame.as_bytes());
    }
    session.raw(&raw);
    session.linger();
}

/// What passes while the ring is full is no turn of the reader's; that reading goes on is work.
#[test]
fn a_full_ring_is_waited_for() {
    let venue = Venue::start(None, trades_and_quotes);
    let Drive { mut reader, mut ring, .. } = stopped_at_a_full_ring(&venue);
    let end = Instant::now() + PATIENCE;
    let before = reader.observer().waits;
    while reader.observer().waits == before {
        assert!(Instant::now() < end, "the reader does not stop at the full ring, or tells nobody");
        reader.turn();
    }
    let (turns, waits) = (reader.observer().turns, reader.observer().waits);
    for nth in 1..=3 {
        assert_eq!(reader.turn(), 0);
        assert_eq!((reader.observer().turns, reader.observer().waits), (turns, waits + nth));
    }
    while reader.observer().turns == turns {
        assert!(Instant::now() < end, "it does not go on");
        while ring.pop().is_some() {}
        ring.publish();
        reader.turn();
    }
    assert!(reader.observer().worked, "it passed on what had waited");
}

#[test]
fn what_was_counted_arrives_although_it_ends_with_a_full_ring() {
    let venue = Venue::start(None, trades_and_quotes);
    let Drive { mut reader, mut ring, mut ticks, stats, .. } = stopped_at_a_full_ring(&venue);
    let before = stats[0].read();
    let consumer = std::thread::spawn(move || {
        while !(ring.is_closed() && ring.is_empty()) {
            std::thread::sleep(Duration::from_micros(500));
            ticks.extend(ring.pop());
            ring.publish();
        }
        ticks
    });
    reader.shut_down();
    drop(reader);
    let ticks = consumer.join().expect("the consumer");
    let stats = stats[0].read();
    let count = |kind| ticks.iter().filter(|t| t.kind == kind).count() as u64;
    let ids: Vec<u64> = ticks.iter().filter(|t| t.kind == TickKind::Trade).map(|t| t.venue_seq).collect();
    assert_eq!(ids, (1..=stats.trades).collect::<Vec<u64>>(), "trades in, trades out");
    assert_eq!(count(TickKind::Quote) + stats.quotes_replaced, stats.quotes);
    assert_eq!(stats.lost_at_stop, 0);
    assert!(stats.trades > before.trades && stats.quotes > before.quotes, "the interrupted batch went as well");
    assert!(ticks.last().expect("ticks").flags.has(TickFlags::LAST_OF_BATCH));
}

#[test]
fn what_nobody_takes_at_the_end_is_counted() {
    let venue = Venue::start(None, trades_and_quotes);
    let Drive { mut reader, mut ring, ticks: mut taken, stats, .. } = stopped_at_a_full_ring(&venue);
    let before = stats[0].read();
    while let Some(tick) = ring.pop() {
        taken.push(tick);
    }
    drop(ring);
    reader.shut_down();
    let stats = stats[0].read();
    let arrived = taken.iter().filter(|t| t.kind != TickKind::Line).count() as u64;
    let counted = stats.trades + stats.quotes;
    assert!(stats.lost_at_stop > 0);
    assert_eq!(counted, before.trades + before.quotes, "nobody is there, so nothing more is decoded");
    assert_eq!(arrived + stats.quotes_replaced + stats.lost_at_stop, counted);
}

#[test]
fn each_line_is_down_before_its_first_tick() {
    let venue = Venue::start(None, |_, wire| {
        let Some(mut session) = Session::open(wire) else { return };
        // Data before the subscription is answered.
        serve_trades(&mut session, 1..3);
        let Some(session) = session.subscribe() else { return };
        session.linger();
    });
    let nobody = line(1, Protocol::BinanceSpot, "ws://127.0.0.1:1", &[StreamKind::Trade], plain(&venue.url()).tls);
    let mut drive = Drive::new(vec![plain(&venue.url()), nobody], 64);
    drive.turn();
    let first: Vec<_> = drive.ticks.iter().take(2).filter_map(|t| t.as_line_state()).collect();
    assert_eq!(first, [(VenueId(0), false), (VenueId(1), false)]);
    drive.until("the live line", |d| d.line_states().contains(&true));
    assert_eq!(drive.trades(), [1, 2]);
    assert_eq!(drive.line_states(), [false, false, true]);
    assert_eq!(drive.ticks.last().and_then(|t| t.as_line_state()), Some((VenueId(0), true)));
}

#[test]
fn many_sockets_are_polled_and_each_is_heard() {
    let ca = Ca::new();
    let serve = |_: usize, wire: support::Wire| {
        let Some(mut session) = Session::accept(wire) else { return };
        let book = session.streams[0].ends_with("bookTicker");
        assert_eq!(session.path, if book { "/public/stream" } else { "/market/stream" });
        for id in 1..=500u64 {
            let text = if book {
                format!(
                    r#"{{"stream":"btcusdt@bookTicker","data":{{"e":"bookTicker","u":{id},"s":"BTCUSDT","b":"100.1","B":"1","a":"100.2","A":"1","T":1700000000000,"E":1700000000001}}}}"#
                )
            } else {
                format!(
                    r#"{{"stream":"btcusdt@aggTrade","data":{{"e":"aggTrade","E":1700000000000,"a":{id},"s":"BTCUSDT","p":"100.1","q":"1","f":1,"l":1,"T":1700000000000,"m":false}}}}"#
                )
            };
            if session.text(&text).is_none() {
                return;
            }
        }
        session.linger();
    };
    let venue = Venue::start(Some(ca.loopback()), serve);
    let streams = [StreamKind::AggTrade, StreamKind::BookTicker];
    let lines = (0..3).map(|v| line(v, Protocol::BinanceUsdm, &venue.url(), &streams, ca.client())).collect();
    let mut drive = Drive::new(lines, 1 << 14);
    drive.until("all ticks of all venues", |d| d.ticks.len() >= 3 * 1002);
    for venue in 0..3u16 {
        for kind in [TickKind::Quote, TickKind::Trade] {
            let ids: Vec<u64> =
                drive.ticks.iter().filter(|t| t.kind == kind && t.instrument.0 == venue).map(|t| t.venue_seq).collect();
            assert_eq!(ids, (1..=500).collect::<Vec<u64>>(), "venue {venue}, {kind:?}");
        }
    }
    assert_eq!(drive.line_states(), [false, false, false, true, true, true]);
    assert!(drive.reader.is_live());
    assert_eq!(venue.accepted.load(Ordering::Relaxed), 6);
}

#[test]
fn one_dead_venue_does_not_hold_up_another() {
    let venue = Venue::start(None, |_, wire| {
        let Some(mut session) = Session::accept(wire) else { return };
        serve_trades(&mut session, 1..101);
        session.linger();
    });
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let dead = format!("wss://{}", silent.local_addr().expect("an address"));
    let none = format!("wss://{}.example", "x".repeat(64));
    let tls = TlsClient::new(None).expect("roots");
    let kinds = [StreamKind::Trade];
    let lines = vec![
        line(1, Protocol::BinanceSpot, &dead, &kinds, tls.clone()),
        line(2, Protocol::BinanceSpot, &none, &kinds, tls),
        plain(&venue.url()),
    ];
    let mut drive = Drive::new(lines, 1024);
    drive.until("the good venue's trades", |d| d.trades().len() == 100);
    assert!(!drive.reader.is_live());
    assert_eq!(drive.stats[2].venue.0, 0);
    drive.reader.publish();
    assert_eq!((drive.stats[2].read().live, drive.stats[0].read().live), (1, 0));
}

#[test]
fn a_waiting_reader_wakes_for_data() {
    let venue = Venue::start(None, |_, wire| {
        let Some(mut session) = Session::accept(wire) else { return };
        for id in 1..=20 {
            std::thread::sleep(Duration::from_millis(3));
            if session.text(&trade("BTCUSDT", id)).is_none() {
                return;
            }
        }
        session.linger();
    });
    let mut drive = Drive::new(vec![plain(&venue.url())], 64);
    // Were the reader to sleep through its data, twenty such waits would pass the test's patience.
    drive.wait = PATIENCE / 4;
    drive.until("all trades", |d| d.trades().len() == 20);
}
