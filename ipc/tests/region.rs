//! A region from the outside: what is published is read, from this process and from Python.

mod common;

use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use common::{BALANCES, LIMITS, LINES, NOW_NS, SPREADS, TURNS, place, shape, universe};
use crosstick_ipc::layout::{
    BalanceRow, DeniedRow, EngineEvent, EngineRow, EventKind, FeedRow, FillEvent, LedTo, LimitRow, NO_ROW,
    OpportunityEvent, OrderRow, OrderStatus, Phase, PositionRow, PriceFlags, PriceRow, Reached, RiskRow, SpreadFlags,
    SpreadRow, TickEvent, TurnRow, WorstTickRow, amount, amount_words, fixed_text, outcome_number, reject_number, wide,
    wide_words,
};
use crosstick_ipc::{CoreWriter, Health, Mode, ProcessIdentity, Reader, RegionError, State, Writer};
use crosstick_model::decision::Outcome;
use crosstick_model::{Amount, DenyCode, InstrumentId, RejectReason};
use crosstick_ring::Pod;
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
        usable_until_ns: NOW_NS + 3,
        ..PriceRow::ZERO
    }
}

fn position_row() -> PositionRow {
    PositionRow {
        quantity: -250_000,
        realised: amount_words(Amount(-1)),
        fees: amount_words(Amount(i128::MAX)),
        unrealised: amount_words(Amount(-(1 << 100))),
        net: amount_words(Amount(17)),
        exposure: amount_words(Amount(18)),
        exact_quantity: amount_words(Amount(19)),
        ..PositionRow::ZERO
    }
}

fn engine_row() -> EngineRow {
    // The state and the mode, and then every counter with its own number.
    let mut words: Vec<u64> = (0..31).collect();
    words[0] = State::Halted as u64 | (Mode::Live as u64) << 32;
    words[24..].fill(0);
    EngineRow::from_words(&words).unwrap()
}

fn risk_row() -> RiskRow {
    RiskRow {
        halted: 1,
        code: 15,
        changed_ns: NOW_NS,
        net: amount_words(Amount(-12_345)),
        realised: amount_words(Amount(1)),
        fees: amount_words(Amount(2)),
        unrealised: amount_words(Amount(3)),
        gross: amount_words(Amount(99)),
        breaches: 4,
        currency: fixed_text("USDT"),
        reason: fixed_text("daily loss"),
        ..RiskRow::ZERO
    }
}

fn order_row(id: u64) -> OrderRow {
    OrderRow {
        id,
        group: 2,
        instrument: 1,
        status: OrderStatus::PartlyFilled as u32,
        side: 1,
        time_in_force: 1,
        purpose: 1,
        leg: 3,
        reason: reject_number(Some(RejectReason::NoQuote)),
        price: 4,
        quantity: 5,
        filled: 6,
        sent_ns: 7,
        changed_ns: 8,
        ..OrderRow::ZERO
    }
}

fn tick(n: u64) -> TickEvent {
    TickEvent {
        price: n as i64,
        quantity: 2,
        ask: 3,
        ask_quantity: 4,
        recv_ns: 5,
        venue_seq: 6,
        exchange_offset_us: -7,
        instrument: 1,
        kind: 1,
        flags: 5,
    }
}

fn opportunity(id: u64) -> OpportunityEvent {
    OpportunityEvent {
        id,
        phase: Phase::End as u32,
        outcome: outcome_number(Outcome::Denied(DenyCode::Stale)),
        market: 0,
        buy_venue: 1,
        sell_venue: 0,
        buy_instrument: 1,
        sell_instrument: 0,
        begin_ns: 1,
        end_ns: 2,
        first_edge_ppm: -3,
        best_edge_ppm: 4,
        buy_price: 5,
        sell_price: 6,
        quantity: 7,
        ..OpportunityEvent::ZERO
    }
}

fn fill(order: u64) -> FillEvent {
    FillEvent {
        order,
        instrument: 1,
        side: 1,
        liquidity: 1,
        at_ns: 9,
        price: 10,
        quantity: 11,
        fee: amount_words(Amount(-12)),
        fee_asset: fixed_text("BNB"),
        ..FillEvent::ZERO
    }
}

fn event(value: u64) -> EngineEvent {
    let none = NO_ROW;
    let kind = EventKind::LineDown as u32;
    EngineEvent {
        kind,
        code: none,
        venue: 1,
        line: 0,
        instrument: none,
        value,
        text: fixed_text("a word"),
        ..EngineEvent::ZERO
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

fn publish_core(core: &mut CoreWriter) {
    core.engine(&engine_row());
    core.risk(&risk_row());
    let mut denied = DeniedRow::ZERO;
    denied.counts[7] = 70;
    core.denied(&denied);
    core.limits.publish(1, &LimitRow { used: wide_words(9), headroom: wide_words(-1), breaches: 2, ..LIMITS[1] });
    core.prices.publish(1, &price_row());
    core.prices.publish(2, &price_row());
    core.spreads.publish(1, &SpreadRow { edge_ppm: -17, flags: SpreadFlags::USABLE, ..SPREADS[1] });
    core.positions.publish(0, &position_row());
    core.balances.publish(0, &BalanceRow { free: wide_words(5), ..BALANCES[0] });
    core.open_orders.publish(3, &order_row(8));
    core.open_orders.publish(1, &order_row(9));
    for n in 0..70 {
        assert_eq!(core.ticks.push(&tick(n)), n);
    }
    core.opportunities.push(&opportunity(1));
    core.orders.push(&order_row(8));
    core.fills.push(&fill(8));
    core.events.push(&event(7));
    assert_eq!((core.ticks.pushed(), core.events.pushed()), (70, 1));
}

/// Publishes all of the above, from as many threads as an engine has.
fn publish(writer: &mut Writer) {
    let Writer { core, feeds, recorders, .. } = writer;
    std::thread::scope(|scope| {
        scope.spawn(|| publish_core(core));
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
    for reader in [Reader::open(&place).unwrap(), Reader::map(&place).unwrap()] {
        let identity = reader.identity().unwrap();
        assert_eq!(identity.process, ProcessIdentity::this());
        assert_eq!((identity.generation, identity.started_ns, identity.heartbeat_ns), (1, NOW_NS, NOW_NS));
        assert_eq!((identity.build.as_str(), identity.mode.as_str()), ("1.2.3 abcdef", "paper"));
        assert_eq!((identity.state, reader.health(NOW_NS)), (Some(State::Starting), Health::Live));
        assert_eq!(reader.engine().unwrap().state, State::Starting as u32);
        assert_eq!(reader.price(InstrumentId(0)).unwrap().exchange_offset_us, i32::MIN);
        let lines: Vec<_> = reader.feeds().iter().map(|f| (f.venue, f.line)).collect();
        assert_eq!(lines, LINES.map(|(venue, line)| (u32::from(venue.0), u32::from(line))));
        assert_eq!(
            (reader.limits(), reader.balances(), reader.spreads()),
            (LIMITS.into(), BALANCES.into(), SPREADS.into())
        );
        assert_eq!(reader.open_orders(), []);
        assert_eq!(reader.ticks().unwrap().next_record(), None);
    }
    publish(&mut writer);
    writer.owner.set_state(State::Running);
    writer.owner.beat(NOW_NS + 5);
    all_is_there(&Reader::open(&place).unwrap());
    all_is_there(&Reader::map(&place).unwrap());
    assert_eq!(writer.feeds[1].row(), feed_row());
    assert_eq!(writer.core.positions.row(0), Some(position_row()));
}

fn all_is_there(reader: &Reader) {
    let identity = reader.identity().unwrap();
    assert_eq!((identity.state, identity.heartbeat_ns), (Some(State::Running), NOW_NS + 5));
    assert_eq!(reader.health(NOW_NS + 5_000_000_005), Health::Live);
    assert_eq!(reader.health(NOW_NS + 5_000_000_006), Health::Stalled);
    assert_eq!(reader.engine(), Some(engine_row()));
    assert_eq!(reader.risk(), Some(risk_row()));
    assert_eq!(reader.denied().unwrap().counts[7], 70);
    assert_eq!((reader.limits().len(), wide(reader.limits()[1].headroom)), (2, -1));
    assert_eq!(reader.price(InstrumentId(1)), Some(price_row()));
    assert_eq!(reader.price(InstrumentId(2)), None, "no row for it");
    assert_eq!(reader.spreads()[1].edge_ppm, -17);
    assert_eq!(reader.position(InstrumentId(0)), Some(position_row()));
    assert_eq!(amount(reader.position(InstrumentId(0)).unwrap().unrealised), Amount(-(1 << 100)));
    assert_eq!(wide(reader.balances()[0].free), 5);
    assert_eq!(reader.open_orders(), [order_row(8), order_row(9)]);
    assert_eq!(reader.feeds()[1], feed_row());

    // 70 into 64 slots; a reader begins an eighth behind the oldest, which the writer would overwrite next.
    let mut ticks = reader.ticks().unwrap();
    let seen: Vec<i64> = ticks.by_ref().map(|t| t.price).collect();
    assert_eq!((seen, ticks.missed(), ticks.kept()), ((14..70).collect(), 0, 64));
    assert_eq!((ticks.wait_record(Duration::from_millis(2)), ticks.sequence(), ticks.written()), (None, 70, 70));
    assert_eq!(reader.opportunities().unwrap().collect::<Vec<_>>(), [opportunity(1)]);
    assert_eq!(reader.orders().unwrap().collect::<Vec<_>>(), [order_row(8)]);
    assert_eq!(reader.fills().unwrap().collect::<Vec<_>>(), [fill(8)]);
    assert_eq!(reader.events().unwrap().collect::<Vec<_>>(), [event(7)]);
    assert!(reader.follow::<FillEvent>("ticks").is_none(), "records of another kind");
    assert!(reader.row::<PriceRow>("positions", 0).is_none() && reader.rows::<PriceRow>("nothing").is_empty());

    let latency = reader.latency();
    let told: Vec<_> = latency.iter().map(|s| (s.name.as_str(), s.counted.summary().count)).collect();
    assert_eq!(told, [("read", 3), ("decide", 3)], "two threads' counts of one stage are taken together");
    assert_eq!(latency[0].counted.summary().max, 2000);
    assert_eq!((latency[1].from.as_str(), latency[1].to.as_str()), ("tick taken by the core", "intent"));
}

/// The flight recorder's tables: a row each that its own thread writes, the others as they were.
#[test]
fn turns_and_worst_ticks_are_read_as_written() {
    let dir = tempfile::tempdir().unwrap();
    let (universe, place) = (universe(), place(dir.path()));
    let mut writer = Writer::create(&place, &shape(&universe)).unwrap();
    let reader = Reader::open(&place).unwrap();
    assert_eq!(reader.rows::<TurnRow>("turns"), TURNS);
    assert_eq!(reader.rows::<WorstTickRow>("worst_ticks"), [WorstTickRow::ZERO; 2]);

    let row = TurnRow { work: 1, preempted: 2, stalled: 3, stalled_worst_ns: 70_000, ..writer.turns[1].row() };
    writer.turns[1].publish(&row);
    assert_eq!((reader.rows::<TurnRow>("turns"), row.count()), (vec![TURNS[0], row], 6));
    let reached = Reached::KERNEL | Reached::TAKEN;
    let worst =
        WorstTickRow { total_ns: 9, instrument: 1, reached, led_to: LedTo::Denied as u32, ..WorstTickRow::ZERO };
    writer.worst_ticks.publish(1, &worst);
    assert_eq!(reader.rows::<WorstTickRow>("worst_ticks"), [WorstTickRow::ZERO, worst]);

    let schema = common::schema(&std::fs::read(place.path()).unwrap());
    assert_eq!(schema["enums"]["led_to"]["2"], "orders");
}

#[test]
fn python_reads_the_same_knowing_nothing_but_the_schema() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let universe = universe();
    let mut writer = Writer::create(&place, &shape(&universe)).unwrap();
    publish(&mut writer);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/read_region.py");
    let output = Command::new("python3").arg(script).arg(place.path()).output().expect("python3 is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();

    let (head, this) = (&seen["head"], ProcessIdentity::this());
    assert_eq!((&head["generation"], &head["pid"]), (&json!(1), &json!(this.pid)));
    assert_eq!((&head["start_ticks"], &head["heartbeat_ns"]), (&json!(this.start_ticks), &json!(NOW_NS)));
    assert_eq!(head["boot_id"], json!(this.boot_id));
    assert_eq!(head["region_bytes"], std::fs::metadata(place.path()).unwrap().len());
    assert_eq!(seen["schema"]["engine"], json!({"build": "1.2.3 abcdef", "name": "region", "mode": "paper"}));
    assert_eq!(seen["schema"]["region_bytes"], head["region_bytes"]);
    python_saw_the_tables(&seen["tables"]);
    python_saw_the_rings(&seen["tables"]);
}

fn python_saw_the_tables(tables: &Value) {
    let engine = &tables["engine"][0];
    assert_eq!((&engine["state"], &engine["mode"]), (&json!(2), &json!(1)));
    assert_eq!(
        (&engine["core_ns"], &engine["orders_sent"], &engine["orders_not_shown"]),
        (&json!(1), &json!(6), &json!(23))
    );
    assert_eq!(
        tables["prices"][1],
        json!({"bid": 6_000_000, "bid_quantity": 123, "ask": 6_000_010, "ask_quantity": i64::MAX, "trade_price": -5,
               "trade_quantity": 7, "quote_recv_ns": NOW_NS + 1, "trade_recv_ns": NOW_NS + 2, "quote_seq": u64::MAX,
               "trade_seq": 42, "exchange_offset_us": -1500, "flags": 5, "quotes": 10, "trades": 11,
               "usable_until_ns": NOW_NS + 3})
    );
    assert_eq!(
        tables["positions"][0],
        json!({"quantity": -250_000, "realised": "-1", "fees": i128::MAX.to_string(),
               "unrealised": (-(1i128 << 100)).to_string(), "net": "17", "exposure": "18",
               "exact_quantity": "19"})
    );
    assert_eq!(
        tables["feeds"][1],
        json!({"venue": 0, "line": 1, "connected": 1, "frames": 1, "bytes": 2, "trades": 3, "quotes": 4, "other": 5,
               "fast_path": 6, "refused": 7, "trade_gaps": 8, "trade_duplicates": 9, "connects": 10, "ring_full": 11,
               "last_recv_ns": 12, "lag_us": -13})
    );
    assert_eq!(
        tables["risk"][0],
        json!({"halted": 1, "code": 15, "changed_ns": NOW_NS, "net": "-12345", "realised": "1", "fees": "2",
               "unrealised": "3", "gross": "99", "breaches": 4, "currency": "USDT", "reason": "daily loss"})
    );
    assert_eq!(
        tables["limits"][1],
        json!({"code": 12, "kind": 1, "decimals": 0, "halting": 0, "name": "max_open_orders", "used": "9",
               "limit": "8", "headroom": "-1", "denied": 0, "breaches": 2})
    );
    assert_eq!((&tables["denied"][0]["counts"][7], &tables["spreads"][1]["edge_ppm"]), (&json!(70), &json!(-17)));
    assert_eq!(tables["balances"][0]["asset"], "BTC");
    assert_eq!(tables["venues"][1], json!({"name": "beta", "protocol": "binance-coinm"}));
    assert_eq!(tables["markets"][0], json!({"name": "BTC-USD", "price_decimals": 2, "quantity_decimals": 5}));
    assert_eq!(
        tables["instruments"][1],
        json!({"symbol": "BTCUSD_PERP", "base": "BTC", "quote": "USDT", "settle": "BTC", "venue": 1, "market": 0,
               "kind": 2, "price_decimals": 2, "quantity_decimals": 5, "contract_size": "1000000000000000000",
               "price_step": 10, "quantity_step": 1, "min_quantity": 1, "min_notional": "50000000000000000"})
    );
    assert_eq!(tables["stages"][2]["to"], "intent");
    // 3000 lies in the bucket from 2992 to 3007: sixteen wide.
    assert_eq!(tables["histograms"][2], json!({"max": 3000, "clamped": 0, "counts": [[3007, 3]]}));
}

fn python_saw_the_rings(tables: &Value) {
    let ticks = tables["ticks"].as_array().unwrap();
    assert_eq!((ticks.len(), &ticks[0]["price"], &ticks[63]["price"]), (64, &json!(6), &json!(69)));
    assert_eq!(
        ticks[63],
        json!({"price": 69, "quantity": 2, "ask": 3, "ask_quantity": 4, "recv_ns": 5, "venue_seq": 6,
               "exchange_offset_us": -7, "instrument": 1, "kind": 1, "flags": 5})
    );
    assert_eq!(
        tables["opportunities"],
        json!([{"id": 1, "phase": 1, "outcome": 22, "market": 0, "buy_venue": 1, "sell_venue": 0, "buy_instrument": 1,
                "sell_instrument": 0, "begin_ns": 1, "end_ns": 2, "first_edge_ppm": -3, "best_edge_ppm": 4,
                "buy_price": 5, "sell_price": 6, "quantity": 7}])
    );
    let order = json!({"id": 8, "group": 2, "instrument": 1, "status": 3, "side": 1, "time_in_force": 1, "purpose": 1,
                       "leg": 3, "reason": 2, "price": 4, "quantity": 5, "filled": 6, "sent_ns": 7, "changed_ns": 8});
    assert_eq!((&tables["orders"], &tables["open_orders"][3]), (&json!([order]), &order));
    assert_eq!(tables["open_orders"][0]["status"], 0);
    let fill = &tables["fills"][0];
    assert_eq!((&fill["order"], &fill["fee"], &fill["fee_asset"]), (&json!(8), &json!("-12"), &json!("BNB")));
    assert_eq!(
        tables["events"],
        json!([{"at_ns": 0, "kind": 4, "code": NO_ROW, "venue": 1, "line": 0, "instrument": NO_ROW, "value": 7,
                "text": "a word"}])
    );
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
    assert_eq!((identity.state, identity.is_live()), (Some(State::Stopped), false));
    assert_eq!(reader.health(NOW_NS), Health::Stopped);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "neither region nor lock");
    core.prices.publish(0, &price_row());
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
    let schema = common::schema(&std::fs::read(place.path()).unwrap());
    let number = |table: &Value, key: &str| table[key].as_u64().unwrap();
    for table in schema["tables"].as_array().unwrap() {
        assert_eq!((number(table, "offset") % 128, number(table, "stride") % 64), (0, 0), "{table}");
        if ["feeds", "histograms"].contains(&table["name"].as_str().unwrap()) {
            assert_eq!(number(table, "stride") % 128, 0, "{table}");
        }
        if table["kind"] == "ring" {
            assert_eq!(number(table, "slots_offset") - number(table, "offset"), 128, "{table}");
        }
    }
}

#[test]
fn an_empty_universe_has_a_region_too() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let universe = crosstick_model::Universe::default();
    let shape = crosstick_ipc::Shape::of(&universe);
    let writer = Writer::create(&place, &shape).unwrap();
    assert!(writer.core.prices.is_empty() && writer.feeds.is_empty() && writer.recorders.is_empty());
    let reader = Reader::open(&place).unwrap();
    assert!(reader.instruments().is_empty() && reader.latency().is_empty() && reader.engine().is_some());
}
