//! Regions that builds of the past made, kept as they were. The contract: a reader takes its own layout and refuses
//! another by its number, and an engine of today replaces what a dead engine of any layout has left.
//!
//! `fixtures/region-1` was made by the last build of layout 1, `fixtures/region-2` by one of layout 2. When the layout
//! changes, the test that is ignored here writes the present one before:
//! `CROSSTICK_FIXTURE=FILE cargo test -p crosstick-ipc --test region_fixtures -- --ignored`.

mod common;

use std::fs;
use std::path::PathBuf;

use common::{NOW_NS, place, shape, universe};
use crosstick_ipc::layout::{PriceFlags, PriceRow, RiskRow, TickEvent, amount, amount_words, fixed_text, text};
use crosstick_ipc::{Health, Place, Reader, RegionError, Writer};
use crosstick_model::{Amount, InstrumentId};

fn fixture(layout: u32) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/region-{layout}"))
}

/// The fixture in a folder of its own, as what a dead engine left there.
fn left(layout: u32) -> (tempfile::TempDir, Place) {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    fs::copy(fixture(layout), place.path()).unwrap();
    (dir, place)
}

fn price(n: i64) -> PriceRow {
    PriceRow {
        bid: 6_000_000 + n,
        bid_quantity: 123,
        ask: 6_000_010 + n,
        ask_quantity: i64::MAX,
        quote_recv_ns: NOW_NS + 1,
        quote_seq: u64::MAX,
        exchange_offset_us: -1500,
        flags: PriceFlags::HAS_QUOTE | PriceFlags::USABLE,
        ..PriceRow::ZERO
    }
}

fn tick(n: u64) -> TickEvent {
    TickEvent {
        price: n as i64,
        quantity: 2,
        ask: 3,
        recv_ns: NOW_NS + n,
        venue_seq: n,
        instrument: 1,
        ..TickEvent::ZERO
    }
}

fn risk() -> RiskRow {
    let reason = fixed_text("kept for builds to come");
    RiskRow { halted: 1, code: 15, net: amount_words(Amount(-12_345)), breaches: 4, reason, ..RiskRow::ZERO }
}

#[test]
fn layout_1_is_refused_by_its_number_and_replaced_by_the_next_engine() {
    let (_dir, place) = left(1);
    for opened in [Reader::open(&place).map(drop), Reader::map(&place).map(drop)] {
        let Err(error @ RegionError::Layout { found: 1, known: 2, .. }) = opened else { panic!("{opened:?}") };
        assert!(error.to_string().contains("layout 1"), "{error}");
    }
    let universe = universe();
    let writer = Writer::create(&place, &shape(&universe)).unwrap();
    assert!(Reader::open(&place).is_ok());
    drop(writer);
}

#[test]
fn layout_2_is_read_with_every_value() {
    let (_dir, place) = left(2);
    let reader = Reader::open(&place).unwrap();
    // Its engine is long dead, and this says so.
    assert_eq!(reader.health(NOW_NS), Health::Dead);
    let names: Vec<String> = reader.venues().iter().map(|v| text(&v.name)).collect();
    assert_eq!(names, ["alpha", "beta"]);
    let symbols: Vec<String> = reader.instruments().iter().map(|i| text(&i.symbol)).collect();
    assert_eq!(symbols, ["BTCUSDT", "BTCUSD_PERP"]);
    for n in 0..2 {
        assert_eq!(reader.price(InstrumentId(n)), Some(price(i64::from(n))));
    }
    let shown = reader.risk().unwrap();
    assert_eq!(
        (shown, amount(shown.net), text(&shown.reason)),
        (risk(), Amount(-12_345), "kept for builds to come".into())
    );
    let ticks: Vec<TickEvent> = reader.ticks().unwrap().collect();
    assert_eq!(ticks, (0..40).map(tick).collect::<Vec<_>>());
}

#[test]
#[ignore = "writes a fixture of the present layout"]
fn write() {
    let to = std::env::var_os("CROSSTICK_FIXTURE").expect("CROSSTICK_FIXTURE: a file");
    let dir = tempfile::tempdir().unwrap();
    let universe = universe();
    let mut writer = Writer::create(&place(dir.path()), &shape(&universe)).unwrap();
    writer.core.prices.publish(0, &price(0));
    writer.core.prices.publish(1, &price(1));
    writer.core.risk(&risk());
    for n in 0..40 {
        writer.core.ticks.push(&tick(n));
    }
    fs::copy(place(dir.path()).path(), to).unwrap();
}
