//! Recorded frames, where the machine has them: both paths and an independent reading agree on every frame.
#![allow(missing_docs)]

mod decode_support;

use crosstick_feeds::decode::{Decoded, SequenceTracker, TimeUnit, recognise};
use crosstick_model::{InstrumentId, Protocol, Tick};
use decode_support::*;

#[test]
fn both_paths_read_every_recorded_frame_as_serde_json_does() {
    let Some(root) = recordings() else {
        eprintln!("skipped: no recordings (set CROSSTICK_DATA)");
        return;
    };
    for protocol in Protocol::BINANCE {
        let files = recorded_files(&root, protocol);
        assert!(files.len() >= 4, "recordings of {protocol}");
        for file in files {
            check_file(protocol, &file);
        }
    }
}

fn check_file(protocol: Protocol, file: &std::path::Path) {
    let mut both = discovering(protocol, TimeUnit::Milli, SCALE);
    let mut slow = discovering(protocol, TimeUnit::Milli, SCALE);
    let mut sequence = SequenceTracker::default();
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    let frames = recorded_frames(file);
    assert!(!frames.is_empty(), "{name}");
    let mut off_market = 0;
    for frame in &frames {
        let (decoded, ticks) = decode(&mut both, frame.as_bytes());
        let (slow_decoded, slow_ticks) = decode_slow(&mut slow, frame.as_bytes());
        assert_eq!(ticks, slow_ticks, "{frame}");
        if !matches!(decoded, Decoded::Tick { .. }) {
            assert_eq!(decoded, slow_decoded, "{frame}");
        }
        assert!(!matches!(decoded, Decoded::Refused(_)), "{decoded:?} {frame}");
        let expected =
            independent(frame, SCALE, 1000, |symbol| both.symbols().get(symbol.as_bytes()).expect("discovered").id.0);
        assert_eq!(ticks.first(), expected.as_ref(), "{frame}");
        for tick in &ticks {
            let _ = sequence.see(tick);
            off_market += u64::from(is_off_market(tick));
        }
    }
    let (all, counters) = (both.counters(), sequence.total());
    assert_eq!(all.frames, all.trades + all.quotes + all.other);
    // The first frame of each symbol introduces it, which the fast path never does.
    let slow_at_most = off_market + both.symbols().len() as u64;
    let fast_at_least = all.ticks() - slow_at_most;
    println!(
        "{name}: {} frames, {} trades ({off_market} off-market), {} quotes, {} other; fast path {}/{} ticks; {counters:?}",
        all.frames,
        all.trades,
        all.quotes,
        all.other,
        all.fast_path,
        all.ticks(),
    );
    assert!(all.fast_path >= fast_at_least, "{name}: at least {fast_at_least}");
    if file.to_string_lossy().contains("hftbacktest") {
        assert_eq!(all.refused_total(), 0);
        assert_eq!((counters.trade_gaps, counters.trade_duplicates, counters.trade_out_of_order), (0, 0, 0), "{name}");
    }
}

fn is_off_market(tick: &Tick) -> bool {
    tick.as_trade().is_some_and(|trade| trade.off_market)
}

#[test]
fn recordings_name_their_protocol() {
    let Some(root) = recordings() else {
        eprintln!("skipped: no recordings (set CROSSTICK_DATA)");
        return;
    };
    for protocol in Protocol::BINANCE {
        for file in recorded_files(&root, protocol) {
            let frames = recorded_frames(&file);
            let told: Vec<_> = frames.iter().take(200).filter_map(|f| recognise(&mut f.clone().into_bytes())).collect();
            assert!(!told.is_empty(), "{}", file.display());
            for recognised in told {
                assert_eq!(recognised.protocol, protocol, "{}", file.display());
                assert_ne!(recognised.unit, Some(TimeUnit::Micro));
            }
        }
    }
}

#[test]
fn the_off_market_print_of_2023_is_marked() {
    let Some(root) = recordings() else {
        eprintln!("skipped: no recordings (set CROSSTICK_DATA)");
        return;
    };
    let frames = recorded_frames(&root.join("hftbacktest/usdm/btcusdt_20230405.txt.zst"));
    let mut decoder = knowing(Protocol::BinanceUsdm, SCALE, &["BTCUSDT"]);
    let mut marked = Vec::new();
    for frame in &frames {
        let (_, ticks) = decode(&mut decoder, frame.as_bytes());
        marked.extend(ticks.iter().filter_map(Tick::as_trade).filter(|trade| trade.off_market));
    }
    assert_eq!(marked.len(), 1);
    assert_eq!(marked[0].price, 28722_50000000);
    assert_eq!(decoder.symbols().get(b"BTCUSDT").unwrap().id, InstrumentId(0));
}
