//! A region from the outside: what is published is read, from this process and from Python.

mod common;

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use common::{LINES, NOW_NS, place, shape, universe};
use crosstick_ipc::layout::{
    DeniedRow, EngineRow, FeedRow, PositionRow, PriceFlags, PriceRow, RiskRow, amount, amount_words, fixed_text, text,
};
use crosstick_ipc::{Mode, ProcessIdentity, Reader, RegionError, State, Writer};
use crosstick_model::{Amount, InstrumentId};
use serde_json::{Value, json};

fn price_row() -> PriceRow {
    PriceRow {
        bid: 6_000_000,
        bid_quantity: 123,
        ask: 6_000_010,
        ask_quantity: i64::MAX,
        trade_price: -5,
        trade_quantity: 7,
        quote_recv_ns: NOW_NS + 1,
        trade_recv_ns: NOW_NS + 2,
        quote_seq: u64::MAX,
        trade_seq: 42,
        exchange_offset_us: -1500,
        flags: PriceFlags::HAS_QUOTE | PriceFlags::USABLE,
        quotes: 10,
        trades: 11,
        ..PriceRow::ZERO
    }
}

fn position_row() -> PositionRow {
    PositionRow {
        quantity: -250_000,
        realised: amount_words(Amount(-1)),
        fees: amount_words(Amount(i128::MAX)),
        unrealised: amount_words(Amount(-(1 << 100))),
    }
}

fn engine_row() -> EngineRow {
    EngineRow {
        state: State::Halted as u32,
        mode: Mode::Live as u32,
        core_ns: 1,
        ticks: 2,
        opportunities_seen: 3,
        opportunities_taken: 4,
        opportunities_open: 5,
        orders_sent: 6,
        orders_filled: 7,
        orders_partly_filled: 8,
        orders_rejected: 9,
        orders_denied: 10,
        halts: 11,
        lines_lagging: 12,
        reserved: [0; 2],
    }
}

fn risk_row() -> RiskRow {
    RiskRow {
        halted: 1,
        code: 15,
        changed_ns: NOW_NS,
        net: amount_words(Amount(-12_345)),
        gross: amount_words(Amount(99)),
        open_orders: 3,
        max_open_orders: 8,
        max_orders_per_second: 20,
        max_order_notional: amount_words(Amount(1)),
        max_position_notional: amount_words(Amount(2)),
        max_gross_notional: amount_words(Amount(3)),
        max_net_notional: amount_words(Amount(4)),
        max_daily_loss: amount_words(Amount(5)),
        max_drawdown: amount_words(Amount(6)),
        currency: fixed_text("USDT"),
        reason: fixed_text("daily loss"),
        reserved: 0,
    }
}

fn feed_row() -> FeedRow {
    FeedRow {
        connected: 1,
        frames: 1,
        bytes: 2,
        trades: 3,
        quotes: 4,
        other: 5,
        fast_path: 6,
        refused: 7,
        trade_gaps: 8,
        trade_duplicates: 9,
        connects: 10,
        ring_full: 11,
        last_recv_ns: 12,
        lag_us: -13,
        ..FeedRow::new(0, 1)
    }
}

/// Publishes all of the above, from as many threads as an engine has.
fn publish(writer: &mut Writer) {
    let Writer { core, feeds, recorders, .. } = writer;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            core.engine(&engine_row());
            core.risk(&risk_row());
            let mut denied = DeniedRow::ZERO;
            denied.counts[7] = 70;
            core.denied(&denied);
            core.prices.publish(InstrumentId(1), &price_row());
            core.prices.publish(InstrumentId(2), &price_row());
            core.positions.publish(InstrumentId(0), &position_row());
        });
        let [_, second_line, ..] = feeds.as_mut_slice() else { panic!("three lines") };
        scope.spawn(|| second_line.publish(&feed_row()));
        for (i, recorder) in recorders.iter_mut().enumerate() {
            scope.spawn(move || {
                for _ in 0..=i {
                    recorder.record(1000 * (i as u64 + 1));
                }
            });
        }
    });
}

#[test]
fn what_is_published_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let universe = universe();
    let mut writer = Writer::create(&place, &shape(&universe)).unwrap();
    let reader = Reader::open(&place).unwrap();

    let identity = reader.identity().unwrap();
    assert_eq!(identity.process(), ProcessIdentity::this());
    assert!(identity.is_live());
    assert_eq!((identity.generation, identity.started_ns, identity.heartbeat_ns), (1, NOW_NS, NOW_NS));
    assert_eq!(State::from_number(identity.state), Some(State::Starting));
    assert_eq!((text(&identity.build), text(&identity.name)), ("1.2.3 abcdef".into(), "region".into()));
    assert_eq!(reader.engine().unwrap().state, State::Starting as u32);
    assert_eq!(reader.price(InstrumentId(0)).unwrap().exchange_offset_us, i32::MIN);
    let lines: Vec<_> = reader.feeds().iter().map(|f| (f.venue, f.line)).collect();
    assert_eq!(lines, LINES.map(|(venue, line)| (u32::from(venue.0), u32::from(line))));

    publish(&mut writer);
    writer.owner.set_state(State::Running);
    writer.owner.beat(NOW_NS + 5);
    let identity = reader.identity().unwrap();
    assert_eq!((identity.state, identity.heartbeat_ns), (State::Running as u32, NOW_NS + 5));
    assert_eq!(reader.engine(), Some(engine_row()));
    assert_eq!(reader.risk(), Some(risk_row()));
    assert_eq!(reader.denied().unwrap().counts[7], 70);
    assert_eq!(reader.price(InstrumentId(1)), Some(price_row()));
    assert_eq!(reader.price(InstrumentId(2)), None, "no row for it");
    assert_eq!(reader.position(InstrumentId(0)), Some(position_row()));
    assert_eq!(amount(reader.position(InstrumentId(0)).unwrap().unrealised), Amount(-(1 << 100)));
    assert_eq!(reader.feeds()[1], feed_row());
    assert_eq!(writer.feeds[1].row(), feed_row());

    let latency = reader.latency();
    let told: Vec<_> = latency.iter().map(|s| (s.name.as_str(), s.counted.summary().count)).collect();
    assert_eq!(told, [("read", 3), ("decide", 3)], "two threads' counts of one stage are taken together");
    assert_eq!(latency[0].counted.summary().max, 2000);
    assert_eq!((latency[1].from.as_str(), latency[1].to.as_str()), ("tick taken by the core", "intent"));
}

#[test]
fn python_reads_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let universe = universe();
    let mut writer = Writer::create(&place, &shape(&universe)).unwrap();
    publish(&mut writer);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/read_region.py");
    let output = Command::new("python3").arg(script).arg(place.path()).output().expect("python3 is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();

    let this = ProcessIdentity::this();
    assert_eq!(seen["generation"], 1);
    assert_eq!(seen["identity"][0]["pid"], this.pid);
    assert_eq!(seen["identity"][0]["start_ticks"], this.start_ticks);
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    assert_eq!(seen["identity"][0]["boot_id"], boot.trim().replace('-', ""));
    assert_eq!(seen["identity"][0]["build"], "1.2.3 abcdef");
    assert_eq!(
        seen["engine"][0],
        json!({"state": 2, "mode": 1, "core_ns": 1, "ticks": 2, "opportunities_seen": 3, "opportunities_taken": 4,
               "opportunities_open": 5, "orders_sent": 6, "orders_filled": 7, "orders_partly_filled": 8,
               "orders_rejected": 9, "orders_denied": 10, "halts": 11,
               "lines_lagging": 12})
    );
    assert_eq!(
        seen["prices"][1],
        json!({"bid": 6_000_000, "bid_quantity": 123, "ask": 6_000_010, "ask_quantity": i64::MAX, "trade_price": -5,
               "trade_quantity": 7, "quote_recv_ns": NOW_NS + 1, "trade_recv_ns": NOW_NS + 2, "quote_seq": u64::MAX,
               "trade_seq": 42, "exchange_offset_us": -1500, "flags": 5, "quotes": 10, "trades": 11})
    );
    assert_eq!(
        seen["positions"][0],
        json!({"quantity": -250_000, "realised": "-1", "fees": i128::MAX.to_string(),
               "unrealised": (-(1i128 << 100)).to_string()})
    );
    assert_eq!(
        seen["feeds"][1],
        json!({"venue": 0, "line": 1, "connected": 1, "frames": 1, "bytes": 2, "trades": 3, "quotes": 4, "other": 5,
               "fast_path": 6, "refused": 7, "trade_gaps": 8, "trade_duplicates": 9, "connects": 10, "ring_full": 11,
               "last_recv_ns": 12, "lag_us": -13})
    );
    assert_eq!((&seen["risk"][0]["net"], &seen["risk"][0]["currency"]), (&json!("-12345"), &json!("USDT")));
    assert_eq!((&seen["risk"][0]["max_drawdown"], &seen["risk"][0]["reason"]), (&json!("6"), &json!("daily loss")));
    assert_eq!(seen["venues"][1], json!({"name": "beta", "protocol": "binance-coinm"}));
    assert_eq!(seen["markets"][0], json!({"name": "BTC-USD", "price_decimals": 2, "quantity_decimals": 5}));
    assert_eq!(
        seen["instruments"][1],
        json!({"symbol": "BTCUSD_PERP", "base": "BTC", "quote": "USDT", "settle": "BTC", "venue": 1, "market": 0,
               "kind": 2, "price_decimals": 2, "quantity_decimals": 5, "contract_size": "1000000000000000000",
               "price_step": 10, "quantity_step": 1, "min_quantity": 1, "min_notional": "50000000000000000"})
    );
    assert_eq!(seen["stages"][2]["to"], "intent");
    // 3000 lies in the bucket from 2992 to 3007: sixteen wide.
    assert_eq!(seen["histograms"][2], json!({"max": 3000, "clamped": 0, "counts": [[3007, 3]]}));
}

#[test]
fn an_orderly_end_marks_the_region_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let universe = universe();
    let Writer { owner, mut core, .. } = Writer::create(&place, &shape(&universe)).unwrap();
    let reader = Reader::open(&place).unwrap();
    assert!(!reader.is_replaced());
    drop(owner);
    assert!(reader.is_replaced());
    let identity = reader.identity().unwrap();
    assert_eq!(identity.state, State::Stopped as u32);
    assert!(!identity.is_live());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "neither region nor lock");
    core.prices.publish(InstrumentId(0), &price_row());
    assert_eq!(reader.price(InstrumentId(0)), Some(price_row()), "who has it open may still read");
    assert!(matches!(Reader::open(&place), Err(RegionError::Missing { .. })));
}

#[test]
fn the_file_is_for_owner_and_group() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let universe = universe();
    let _writer = Writer::create(&place, &shape(&universe)).unwrap();
    let mode = std::fs::metadata(place.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    let names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "region and lock, no leftover of the making: {names:?}");
}

#[test]
fn what_different_threads_write_lies_apart() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let universe = universe();
    let _writer = Writer::create(&place, &shape(&universe)).unwrap();
    let reader = Reader::open(&place).unwrap();
    for section in reader.sections() {
        assert_eq!(section.offset % 128, 0, "{}", text(&section.name));
        assert_eq!(section.stride % 64, 0, "{}", text(&section.name));
        if ["feeds", "histograms"].contains(&text(&section.name).as_str()) {
            assert_eq!(section.stride % 128, 0, "{}", text(&section.name));
        }
    }
}

#[test]
fn an_empty_universe_has_a_region_too() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let universe = crosstick_model::Universe::default();
    let shape = crosstick_ipc::Shape { lines: &[], stages: &[], ..shape(&universe) };
    let writer = Writer::create(&place, &shape).unwrap();
    assert!(writer.core.prices.is_empty() && writer.feeds.is_empty() && writer.recorders.is_empty());
    let reader = Reader::open(&place).unwrap();
    assert!(reader.instruments().is_empty() && reader.latency().is_empty() && reader.engine().is_some());
}
