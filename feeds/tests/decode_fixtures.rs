//! The messages of the protocol, one by one: values by hand and by serde_json, both paths, both time units.
#![allow(missing_docs)]

mod decode_support;

use crosstick_feeds::decode::{Control, Decoded, Decoder, Recognised, RequestId, SymbolTable, TimeUnit, recognise};
use crosstick_model::{InstrumentId, Protocol, Scale, Tick};
use decode_support::*;

#[test]
fn every_tick_fixture_takes_the_fast_path_and_reads_as_serde_json_does() {
    for (protocol, name, frame) in tick_fixtures() {
        let mut decoder = knowing(protocol, SCALE, &SYMBOLS);
        let id_of = |symbol: &str| SYMBOLS.iter().position(|s| *s == symbol).unwrap() as u16;
        let expected = independent(&frame, SCALE, 1000, id_of).expect("a tick");
        let (decoded, ticks) = decode(&mut decoder, frame.as_bytes());
        assert_eq!(decoded, Decoded::Tick { fast: true }, "{protocol} {name}");
        assert_eq!(ticks, [expected], "{protocol} {name}");
        let (decoded, ticks) = decode_slow(&mut decoder, frame.as_bytes());
        assert_eq!(decoded, Decoded::Tick { fast: false }, "{protocol} {name}");
        assert_eq!(ticks, [expected], "{protocol} {name}");
        assert_eq!(decoder.counters().ticks(), 2);
        assert_eq!(decoder.counters().fast_path, 1);
    }
}

#[test]
fn values_by_hand() {
    let frames = tick_fixtures();
    let tick_of = |protocol: Protocol, name: &str, scale: Scale| -> Tick {
        let frame = &frames.iter().find(|(p, n, _)| *p == protocol && n == name).unwrap().2;
        decode(&mut knowing(protocol, scale, &SYMBOLS), frame.as_bytes()).1[0]
    };
    let spot = tick_of(Protocol::BinanceSpot, "trade-combined", Scale::new(2, 5).unwrap());
    let trade = spot.as_trade().unwrap();
    assert_eq!((trade.price, trade.quantity, trade.taker_sold, trade.off_market), (7_665_000, 40, true, false));
    assert_eq!((spot.venue_seq, spot.recv_ns, spot.instrument), (6_595_931_385, RECV_NS, InstrumentId(0)));

    let usdm = tick_of(Protocol::BinanceUsdm, "trade-combined", Scale::new(1, 3).unwrap());
    let trade = usdm.as_trade().unwrap();
    assert_eq!((trade.price, trade.quantity, trade.taker_sold), (616_501, 2, false));
    // Sent at …255.031 s, received at …255.032123456 s: 1123.456 µs before, rounded down.
    assert_eq!(usdm.exchange_offset_us, -1124);

    let quote = tick_of(Protocol::BinanceCoinm, "book-ticker-combined", Scale::new(1, 0).unwrap());
    assert_eq!(quote.values, [616_604, 1520, 616_605, 20311]);
    assert_eq!((quote.venue_seq, quote.exchange_offset_us), (960_000_000_123, 1_157_876));

    let quote = tick_of(Protocol::BinanceSpot, "book-ticker-combined", Scale::new(2, 5).unwrap());
    assert_eq!(quote.values, [6_168_799, 704_521, 6_168_800, 53_170]);
    assert_eq!(quote.exchange_offset_us, Tick::NO_EXCHANGE_TIME, "a spot bookTicker has no time");

    let empty = tick_of(Protocol::BinanceSpot, "book-ticker-empty", Scale::new(4, 2).unwrap());
    assert_eq!(empty.values, [0, 0, 253_652, 4066], "an empty side is a quote nobody can use, not an error");
}

#[test]
fn microseconds_where_the_connection_counts_them() {
    let frame = br#"{"stream":"btcusdt@trade","data":{"e":"trade","E":1787315652708123,"s":"BTCUSDT","t":6595931385,"p":"76650.00","q":"0.0004","T":1787315652707999,"m":true,"M":true}}"#;
    let table = || SymbolTable::new([("BTCUSDT", InstrumentId(3), SCALE)]).unwrap();
    for slow in [false, true] {
        let mut micro = Decoder::new(Protocol::BinanceSpot, TimeUnit::Micro, 5, table());
        let mut ticks = Vec::new();
        let recv_ns = 1_787_315_652_708_200_001;
        let mut scratch = frame.to_vec();
        let decoded = if slow {
            micro.decode_slow_only(&mut scratch, recv_ns, &mut |tick| ticks.push(tick))
        } else {
            micro.decode(&mut scratch, recv_ns, &mut |tick| ticks.push(tick))
        };
        assert_eq!(decoded, Decoded::Tick { fast: !slow });
        assert_eq!((ticks[0].exchange_offset_us, ticks[0].flags.line()), (-78, 5));
    }
    let mut milli = Decoder::new(Protocol::BinanceSpot, TimeUnit::Milli, 0, table());
    let Decoded::Refused(refusal) = decode(&mut milli, frame).0 else { panic!("16 digits are no ms") };
    assert_eq!((refusal.code(), refusal.instrument), ("wrong_time_unit", Some(InstrumentId(3))));
}

#[test]
fn off_market_prints_are_marked_and_may_state_zeros() {
    let mut decoder = knowing(Protocol::BinanceUsdm, SCALE, &SYMBOLS);
    for (kind, price, quantity, off_market) in
        [("MARKET", "1.5", "2", false), ("INSURANCE_FUND", "1.5", "2", true), ("NA", "0", "0", true)]
    {
        let frame = format!(
            r#"{{"e":"trade","E":1679851564490,"T":1679851564486,"s":"BTCUSDT","t":1,"p":"{price}","q":"{quantity}","X":"{kind}","m":true}}"#
        );
        let (decoded, ticks) = decode(&mut decoder, frame.as_bytes());
        assert_eq!(decoded, Decoded::Tick { fast: !off_market }, "{kind}");
        assert_eq!(ticks[0].as_trade().unwrap().off_market, off_market, "{kind}");
    }
    let zero = br#"{"e":"trade","E":1679851564490,"T":1679851564486,"s":"BTCUSDT","t":1,"p":"0","q":"2","X":"MARKET","m":true}"#;
    let Decoded::Refused(refusal) = decode(&mut decoder, zero).0 else { panic!("a market trade at zero") };
    assert_eq!(refusal.code(), "zero");
}

#[test]
fn any_order_unknown_fields_escapes_and_blanks_are_read() {
    let frames: [&str; 6] = [
        r#"{"data":{"m":true,"q":"0.5","p":"10","t":7,"s":"BTCUSDT","E":1787315652708,"e":"trade"},"stream":"x"}"#,
        " { \"e\" : \"trade\" ,\r\n\t\"E\":1787315652708,\"s\":\"BTCUSDT\",\"t\":7,\"p\":\"10.0\",\"q\":\"0.50\",\"m\":true} ",
        r#"{"\u0065":"tr\u0061de","E":1787315652708,"s":"BTC\u0055SDT","t":7,"p":"1\u0030","q":"0\u002e5","m":true}"#,
        r#"{"e":"trade","E":1787315652708,"s":"BTCUSDT","t":7,"p":"10","q":"0.5","T":1,"m":true,"new":{"a":[1,{"p":"9"}],"s":"X"},"z":null}"#,
        r#"{"e":"x","e":"trade","E":1,"E":1787315652708,"s":"?","s":"BTCUSDT","t":"7","t":7,"p":10,"p":"10","q":"0.5","m":0,"m":true}"#,
        r#"{"e":"trade","E":1787315652708,"s":"BTCUSDT","t":7,"p":"10","q":"0.5","m":true,"big":123456789012345678901234567890,"f":-1.5e-300,"é":"\ud83d\ude00"}"#,
    ];
    let mut decoder = knowing(Protocol::BinanceSpot, Scale::new(2, 2).unwrap(), &SYMBOLS);
    for frame in frames {
        let (decoded, ticks) = decode(&mut decoder, frame.as_bytes());
        assert_eq!(decoded, Decoded::Tick { fast: false }, "{frame}");
        assert_eq!(ticks[0].values, [1000, 50, 0, 0], "{frame}");
        assert_eq!((ticks[0].venue_seq, ticks[0].instrument), (7, InstrumentId(0)));
    }
}

#[test]
fn good_messages_that_are_no_tick_are_other() {
    for protocol in Protocol::BINANCE {
        let mut decoder = knowing(protocol, SCALE, &SYMBOLS);
        let lines = fixture("other.txt");
        for line in &lines {
            let (decoded, ticks) = decode(&mut decoder, line[1].as_bytes());
            assert_eq!((decoded, ticks.len()), (Decoded::Other, 0), "{protocol} {}", line[0]);
        }
        assert_eq!(decoder.counters().other, lines.len() as u64);
    }
}

#[test]
fn what_the_venue_says_about_the_connection() {
    let mut decoder = knowing(Protocol::BinanceSpot, SCALE, &SYMBOLS);
    let mut said = fixture("control.txt").into_iter().map(|line| match decode(&mut decoder, line[1].as_bytes()).0 {
        Decoded::Control(control) => control,
        other => panic!("{}: {other:?}", line[0]),
    });
    assert_eq!(said.next(), Some(Control::Accepted { id: RequestId::Number(1) }));
    let streams = ["btcusdt@aggTrade".into(), "btcusdt@depth".into()].into();
    assert_eq!(said.next(), Some(Control::Subscriptions { id: RequestId::Number(3), streams }));
    assert_eq!(said.next(), Some(Control::Property { id: RequestId::Number(2), value: true }));
    let message = "Invalid request: unknown variant".into();
    assert_eq!(said.next(), Some(Control::Rejected { id: RequestId::Number(20), code: 2, message }));
    let message = "Invalid JSON: expected value at line 1 column 1".into();
    assert_eq!(said.next(), Some(Control::Rejected { id: RequestId::None, code: 3, message }));
    assert_eq!(said.next(), Some(Control::Accepted { id: RequestId::Text("sub-7".into()) }));
    assert_eq!(said.next(), Some(Control::ServerShutdown));
    assert_eq!(said.next(), Some(Control::ServerShutdown));
    assert_eq!(said.next(), None);
}

#[test]
fn control_texts_are_bounded() {
    let mut decoder = knowing(Protocol::BinanceSpot, SCALE, &SYMBOLS);
    let frame = format!(r#"{{"error":{{"code":-1,"msg":"{}"}},"id":"{}"}}"#, "é".repeat(5000), "x".repeat(5000));
    let Decoded::Control(Control::Rejected { id: RequestId::Text(id), code: -1, message }) =
        decode(&mut decoder, frame.as_bytes()).0
    else {
        panic!("a rejection")
    };
    assert_eq!((id.len(), message.len()), (128, 256));
    let names = vec![r#""btcusdt@trade""#; 5000].join(",");
    let frame = format!(r#"{{"result":[{names}],"id":1}}"#);
    let Decoded::Control(Control::Subscriptions { streams, .. }) = decode(&mut decoder, frame.as_bytes()).0 else {
        panic!("a list")
    };
    assert_eq!(streams.len(), 2048);
}

#[test]
fn symbols_are_discovered_in_the_order_of_their_first_frames() {
    let mut decoder = discovering(Protocol::BinanceSpot, TimeUnit::Milli, SCALE);
    let ids: Vec<(u16, Decoded)> =
        ["ABC", "BTCUSDT", "ABC", "LONG_NAME_OF_A_SYMBOL", "BTCUSDT", "LONG_NAME_OF_A_SYMBOL"]
            .map(|symbol| {
                let frame = format!(r#"{{"u":1,"s":"{symbol}","b":"1","B":"1","a":"2","A":"1"}}"#);
                let (decoded, ticks) = decode(&mut decoder, frame.as_bytes());
                (ticks[0].instrument.0, decoded)
            })
            .into();
    let fast = |fast| Decoded::Tick { fast };
    let expected =
        [(0, fast(false)), (1, fast(false)), (0, fast(true)), (2, fast(false)), (1, fast(true)), (2, fast(false))];
    assert_eq!(ids, expected);
}

#[test]
fn frames_name_their_protocol() {
    for (protocol, name, frame) in tick_fixtures() {
        let told = recognise(&mut frame.into_bytes());
        assert_eq!(told.map(|r| r.protocol), Some(protocol), "{name}");
    }
    let micro = br#"{"e":"trade","E":1787315652708123,"s":"BTCUSDT","t":1,"p":"1","q":"1","T":1,"m":true,"M":true}"#;
    let expected = Recognised { protocol: Protocol::BinanceSpot, unit: Some(TimeUnit::Micro) };
    assert_eq!(recognise(&mut micro.to_vec()), Some(expected));
    for line in fixture("control.txt") {
        assert_eq!(recognise(&mut line[1].clone().into_bytes()), None, "{}", line[0]);
    }
    assert_eq!(recognise(&mut b"not json".to_vec()), None);
}

#[test]
fn an_unwritten_quote_without_event_is_no_futures_message() {
    let frame = br#"{"u":400900217,"s":"BTCUSDT","b":"25.3","B":"31.2","a":"25.4","A":"40.6"}"#;
    for protocol in [Protocol::BinanceUsdm, Protocol::BinanceCoinm] {
        let Decoded::Refused(refusal) = decode(&mut knowing(protocol, SCALE, &SYMBOLS), frame).0 else {
            panic!("taken by {protocol}")
        };
        assert_eq!(refusal.code(), "unrecognised");
    }
}
