//! What cannot be written or sent is refused, and no secret is ever shown.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crosstick_execution::OrderLine;
use crosstick_execution::binance::{Auth, EncoderError, EncoderSpec, SecretError, Signer, Unencodable};
use crosstick_feeds::error::Stage;
use crosstick_feeds::{ConnectError, Endpoint, Reason, SocketOptions, TlsClient};
use crosstick_model::{Instrument, InstrumentId, Kind, OrderId, Scale, Side, TimeInForce};

use crate::desk::{ED_KEY, ED_PEM, KEY, RUN, SECRET, approved, ed25519, encoder, hmac, instrument, request, spec};

fn make(spec: EncoderSpec<'_>, instrument: &Instrument) -> Result<(), EncoderError> {
    encoder(spec, instrument).map(|_| ())
}

#[test]
fn what_an_encoder_is_not_made_from() {
    let good = instrument("BTCUSDT", Scale::DEFAULT, 1, 1);
    assert_eq!(make(spec(hmac(), Auth::Session), &good), Err(EncoderError::NoLogon));
    for key in ["", "a\"b", "a&b", "ключ"] {
        let spec = EncoderSpec { api_key: key, ..spec(hmac(), Auth::PerRequest) };
        assert_eq!(make(spec, &good), Err(EncoderError::ApiKey), "{key}");
    }
    for ms in [0, 60_001] {
        let spec = EncoderSpec { recv_window_ms: Some(ms), ..spec(hmac(), Auth::PerRequest) };
        assert_eq!(make(spec, &good), Err(EncoderError::RecvWindow(ms)));
    }
    for symbol in ["", "BTC\"", "BTC\\", "BTC\n", "A&B", &"X".repeat(65)] {
        let odd = instrument(symbol, Scale::DEFAULT, 1, 1);
        assert_eq!(make(spec(hmac(), Auth::PerRequest), &odd), Err(EncoderError::Symbol(symbol.into())));
    }
    for (price_step, quantity_step) in [(0, 1), (1, 0), (-1, 1)] {
        let odd = instrument("BTCUSDT", Scale::DEFAULT, price_step, quantity_step);
        assert_eq!(make(spec(hmac(), Auth::PerRequest), &odd), Err(EncoderError::Steps("BTCUSDT".into())));
    }
    let mut linear = good.clone();
    linear.kind = Kind::Linear;
    assert_eq!(make(spec(hmac(), Auth::PerRequest), &linear), Err(EncoderError::NotSpot("BTCUSDT".into())));
    assert_eq!(Signer::hmac("").map(|_| ()), Err(SecretError::Empty));
    for pem in ["", "x", SECRET, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"] {
        assert_eq!(Signer::ed25519_pem(pem).map(|_| ()), Err(SecretError::Pem));
    }
}

/// Risk knew finer steps here than the encoder: what is off the venue's steps goes nowhere.
#[test]
fn orders_off_their_steps_are_not_rounded() {
    let scale = Scale::new(2, 3).unwrap();
    let instrument = instrument("BTCUSDT", scale, 5, 20);
    let mut encoder = encoder(spec(ed25519(), Auth::Session), &instrument).unwrap();
    let mut place = |price, quantity| {
        let order = approved(&instrument, Side::Buy, price, quantity, TimeInForce::Ioc, 1).unwrap();
        let number = order.order().id;
        let placed = encoder.place(order, 1);
        placed.map(|frame| request(frame)["params"]["price"].as_str().unwrap().to_owned()).map_err(|unplaced| {
            let order = unplaced.order.order();
            assert_eq!(
                (order.id, order.intent.price, order.intent.quantity),
                (number, price, quantity),
                "it comes back"
            );
            unplaced.why
        })
    };
    assert_eq!(place(1_005, 40), Ok("10.05".to_owned()));
    assert_eq!(place(1_006, 40), Err(Unencodable::Price));
    assert_eq!(place(1_005, 50), Err(Unencodable::Quantity));
    assert_eq!(place(1_010, 20), Ok("10.10".to_owned()), "a refusal leaves nothing behind");
}

#[test]
fn unknown_instruments_and_numbers_out_of_range() {
    let good = instrument("BTCUSDT", Scale::DEFAULT, 1, 1);
    let mut encoder = encoder(spec(hmac(), Auth::PerRequest), &good).unwrap();
    let id = InstrumentId(0);
    assert_eq!(encoder.cancel(InstrumentId(1), OrderId(1), 1).map(<[u8]>::len), Err(Unencodable::Instrument));
    assert_eq!(encoder.cancel(InstrumentId(u16::MAX), OrderId(1), 1).map(<[u8]>::len), Err(Unencodable::Instrument));
    assert_eq!(encoder.cancel(id, OrderId(10_000_000_000), 1).map(<[u8]>::len), Err(Unencodable::Number));
    assert_eq!(encoder.cancel(id, OrderId(1), 100_000_000_000_000).map(<[u8]>::len), Err(Unencodable::Time));
    let last = request(encoder.cancel(id, OrderId(9_999_999_999), 99_999_999_999_999).unwrap());
    assert_eq!(last["id"], "c9999999999");
    assert_eq!(last["params"]["timestamp"], 99_999_999_999_999_u64);
}

/// The symbol of the documentation's UTF-8 example stands as it is.
#[test]
fn a_symbol_beyond_ascii() {
    let odd = instrument("１２３４５６", Scale::DEFAULT, 1, 1);
    let mut encoder = encoder(spec(hmac(), Auth::PerRequest), &odd).unwrap();
    let cancel = request(encoder.cancel(odd.id, OrderId(1), 1).unwrap());
    assert_eq!(cancel["params"]["symbol"], "１２３４５６");
}

#[test]
fn no_secret_is_shown() {
    let good = instrument("BTCUSDT", Scale::DEFAULT, 1, 1);
    let body = ED_PEM.lines().nth(1).unwrap();
    for signer in [hmac(), ed25519()] {
        let key = if signer.can_log_on() { ED_KEY } else { KEY };
        let spec = EncoderSpec { api_key: key, signer, auth: Auth::PerRequest, run: RUN, recv_window_ms: None };
        let mut shown = format!("{spec:?} {spec:#?}");
        let mut encoder = encoder(spec, &good).unwrap();
        let order = approved(&good, Side::Buy, 100, 100, TimeInForce::Ioc, 1).unwrap();
        let signature = request(encoder.place(order, 1).unwrap())["params"]["signature"].as_str().unwrap().to_owned();
        shown += &format!("{encoder:?} {encoder:#?}");
        assert!(shown.contains("hidden"), "{shown}");
        for kept in [SECRET, body, key, &signature] {
            assert!(!shown.contains(kept), "{shown}");
            // Nor byte by byte.
            let bytes = format!("{:?}", kept.as_bytes());
            assert!(!shown.contains(&bytes[1..bytes.len() - 1]), "{shown}");
        }
    }
}

/// A line to a venue on loopback that serves it once.
fn line(serve: impl FnOnce(TcpStream) + Send + 'static) -> (OrderLine, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let venue = thread::spawn(move || serve(listener.accept().expect("a client").0));
    let endpoint = Endpoint::parse(&format!("ws://{address}/")).expect("an address");
    let tls = TlsClient::new(None).expect("roots");
    (OrderLine::dial(endpoint, tls, SocketOptions::default(), 0), venue)
}

/// Until it is open, or will not open. Its own time stands still, so that no slow machine is a late venue.
fn opened(line: &mut OrderLine) -> Result<(), Reason> {
    let end = Instant::now() + Duration::from_secs(60);
    while !line.connect(0)? {
        assert!(Instant::now() < end, "it neither opens nor fails");
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

#[test]
fn a_venue_that_hangs_up_in_the_middle_of_its_answer_has_closed() {
    for answer in ["", "H", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: webs"] {
        let (mut line, venue) = line(move |mut tcp| {
            // The request to its end: what stays unread would make a reset of the end.
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                tcp.read_exact(&mut byte).expect("a request");
                request.extend(byte);
            }
            tcp.write_all(answer.as_bytes()).expect("sent");
        });
        let reason = opened(&mut line).expect_err("it has hung up");
        let closed = matches!(reason, Reason::Connect(ConnectError::Closed { stage: Stage::Upgrading, .. }));
        assert!(closed && !line.is_open(), "{answer:?}: {reason}");
        venue.join().expect("the venue");
    }
}

#[test]
fn what_waits_to_be_sent_is_bounded() {
    let (mut line, venue) = line(|tcp| {
        let Ok(mut venue) = tungstenite::accept(tcp) else { return };
        while venue.read().is_ok() {}
    });
    opened(&mut line).unwrap_or_else(|e| panic!("{e}"));
    let frame = [0; 1024];
    for _ in 0..64 {
        assert_eq!(line.queue(&frame), Ok(()));
    }
    assert_eq!(line.queue(&frame), Err(Reason::Unread(64)));
    assert!(!line.is_open());
    venue.join().expect("the venue");
}
