//! Real recordings, where the machine has them.

use crate::common;

use std::collections::BTreeMap;
use std::time::Duration;

use common::{connect, recordings};
use crosstick_model::Protocol;
use crosstick_sim::recorded::{LineReader, RecordedFrame, scan};
use crosstick_sim::{AtEnd, ReplayFile, ReplaySpec, Sim, SimConfig, Source};

#[test]
fn every_recording_is_recognised_with_its_steps() {
    let Some(root) = recordings() else { return };
    for (folder, protocol) in
        [("spot", Protocol::BinanceSpot), ("usdm", Protocol::BinanceUsdm), ("cm", Protocol::BinanceCoinm)]
    {
        for entry in std::fs::read_dir(root.join(folder)).expect("the folder") {
            let path = entry.expect("an entry").path();
            let scan = scan(&path).expect("recognised");
            assert_eq!(scan.protocol, protocol, "{}", path.display());
            assert!(scan.unserved <= 1, "{}: one depth snapshot at most, {} lines", path.display(), scan.unserved);
            let [instrument] = scan.instruments.as_slice() else {
                panic!("{}: {:?}", path.display(), scan.instruments)
            };
            let text = (instrument.price_step.to_string(), instrument.quantity_step.to_string());
            let want = match (protocol, instrument.base.as_str()) {
                (Protocol::BinanceSpot, "BTC") => ("0.01", "0.00001"),
                (Protocol::BinanceSpot, _) => ("0.01", "0.0001"),
                (Protocol::BinanceUsdm, "BTC") => ("0.1", "0.001"),
                (Protocol::BinanceUsdm, _) => ("0.01", "0.001"),
                (Protocol::BinanceCoinm, "BTC") => ("0.1", "1"),
                (Protocol::BinanceCoinm, _) => ("0.01", "1"),
                (Protocol::MexcSpot, _) => panic!("no recording of MEXC is replayed"),
            };
            assert_eq!((text.0.as_str(), text.1.as_str()), want, "{}", path.display());
            let contract = if instrument.symbol == "BTCUSD_PERP" { 100 } else { 10 };
            let contract = if protocol == Protocol::BinanceCoinm { contract } else { 1 };
            assert_eq!(instrument.contract_size, contract.into());
        }
    }
}

#[test]
fn a_recording_goes_through_tls_without_loss() {
    let Some(root) = recordings() else { return };
    let path = root.join("spot/btcusdt_20240808.txt.zst");
    let mut want: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut reader = LineReader::open(&path).expect("open");
    while let Some(line) = reader.next_line().expect("read") {
        let text = line.expect("a line").frame;
        if let Some(frame) = RecordedFrame::parse(text) {
            want.entry(frame.stream.to_string()).or_default().push(text.to_owned());
        }
    }
    assert_eq!(want["btcusdt@trade"].len(), 6_393);
    let files = vec![ReplayFile { venue: Some("binance".to_owned()), path }];
    let spec = ReplaySpec { at_end: AtEnd::CloseAfter(Duration::ZERO), ..ReplaySpec::new(files) };
    let handle = Sim::start(SimConfig::new(Source::Recorded(spec))).expect("started");
    let streams = want.keys().cloned().collect::<Vec<_>>().join("/");
    let (got, code) = connect(&handle, "binance", &format!("/stream?streams={streams}")).drain();
    assert_eq!(code, 1000);
    let mut by_stream: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for text in got {
        let stream = RecordedFrame::parse(&text).expect("a frame").stream.into_owned();
        by_stream.entry(stream).or_default().push(text);
    }
    assert!(by_stream == want, "every frame of every stream, in order, byte for byte");
    let stats = handle.join();
    let trades = stats.venues[0].clients[0].sent["btcusdt@trade"];
    assert_eq!((trades.frames, trades.last_trade_id), (6_393, 3_735_683_259 + 6_392));
    assert_eq!(stats.lines_unserved, 1);
}
