//! What the core thread writes to shared memory.
//!
//! Topology: one writer, a region in a directory of its own (on /dev/shm where there is one), no reader while timed.
//! Threads: one.
//! Unit: one row of a table, one record of a history, one histogram record, or a price row and a histogram record.
//! Measures: a row under its seqlock, rows of 8 instruments in turn; a record at the end of its ring; a latency counted
//! in its bucket.
//! Does not measure: readers that take the line away meanwhile (`readers` does), making the row out of what the core
//! knows, the first touch of the region's pages (done when it is created).

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use crosstick_benches::worlds::one_market;
use crosstick_ipc::layout::{
    BalanceRow, EngineRow, FillEvent, LimitRow, OpportunityEvent, OrderRow, PositionRow, PriceFlags, PriceRow, RiskRow,
    SpreadRow, TickEvent,
};
use crosstick_ipc::{Mode, Place, Reader, Recorder, Shape, Stage, Writer};
use crosstick_model::{InstrumentId, VenueId};

const NOW_NS: u64 = 1_700_000_000_000_000_000;
const INSTRUMENTS: u16 = 8;
const STAGE: Stage<'static> = Stage { name: "bench", from: "here", to: "there", thread: "bench" };

fn row(n: u64) -> PriceRow {
    PriceRow {
        bid: 6_000_000 + (n % 100) as i64,
        bid_quantity: 10,
        ask: 6_000_100 + (n % 100) as i64,
        ask_quantity: 20,
        quote_recv_ns: NOW_NS + n,
        quote_seq: n,
        flags: PriceFlags::HAS_QUOTE | PriceFlags::USABLE,
        quotes: n,
        ..PriceRow::ZERO
    }
}

/// 1024 latencies from 100 ns to about 100 µs, most of them short, in no order that a predictor could learn.
fn latencies() -> Vec<u64> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (100 << (state % 10)) + (state >> 32) % 100
    };
    (0..1024).map(next).collect()
}

fn publish(c: &mut Criterion) {
    let shm = Path::new(Place::DEFAULT_DIR);
    let dir = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() }.expect("a directory");
    let place = Place::in_dir(dir.path(), "region").expect("a name");
    let universe = one_market(INSTRUMENTS);
    let lines: Vec<_> = (0..INSTRUMENTS).map(|id| (VenueId(id as u8), 0)).collect();
    let shape = Shape {
        lines: &lines,
        stages: &[STAGE],
        mode: Mode::Paper,
        build: "bench",
        now_ns: NOW_NS,
        limits: &[LimitRow::ZERO; 8],
        balances: &[BalanceRow::ZERO; 8],
        spreads: &[SpreadRow::ZERO; 8],
        open_orders: 8,
        ..Shape::of(&universe)
    };
    let mut writer = Writer::create(&place, &shape).expect("a region");
    let reader = Reader::open(&place).expect("the region");
    let mut recorder: Recorder = writer.recorders.pop().expect("a histogram");
    let core = &mut writer.core;
    let latencies = latencies();

    for n in 0..u64::from(INSTRUMENTS) {
        core.prices.publish(n as usize, &row(n));
        assert_eq!(reader.price(InstrumentId(n as u16)), Some(row(n)), "a reader sees what was published");
    }
    for ns in &latencies {
        recorder.record(*ns);
    }
    let counted = recorder.snapshot();
    assert_eq!((counted.count(), counted.summary().max), (1024, *latencies.iter().max().expect("some")));

    let mut group = c.benchmark_group("publish");
    group.throughput(Throughput::Elements(1024));
    group.bench_function("price_row", |b| {
        b.iter(|| {
            for n in 0..1024_u64 {
                core.prices.publish(n as usize % usize::from(INSTRUMENTS), black_box(&row(n)));
            }
        });
    });
    /// A row of the given table, 8 in turn; its first number changes each time.
    macro_rules! rows {
        ($($name:literal, $table:ident, $row:ident, $field:ident);* $(;)?) => {$(
            group.bench_function($name, |b| {
                b.iter(|| {
                    for n in 0..1024_usize {
                        core.$table.publish(n % 8, black_box(&$row { $field: n as _, ..$row::ZERO }));
                    }
                });
            });
        )*};
    }
    rows! {
        "spread_row", spreads, SpreadRow, edge_ppm;
        "limit_row", limits, LimitRow, denied;
        "position_row", positions, PositionRow, quantity;
        "balance_row", balances, BalanceRow, venue;
        "order_slot", open_orders, OrderRow, id;
    }
    /// A record at the end of the given history.
    macro_rules! records {
        ($($name:literal, $ring:ident, $record:ident, $field:ident);* $(;)?) => {$(
            group.bench_function($name, |b| {
                b.iter(|| {
                    for n in 0..1024_u64 {
                        black_box(core.$ring.push(black_box(&$record { $field: n, ..$record::ZERO })));
                    }
                });
            });
        )*};
    }
    records! {
        "tick_record", ticks, TickEvent, venue_seq;
        "opportunity_record", opportunities, OpportunityEvent, id;
        "order_record", orders, OrderRow, id;
        "fill_record", fills, FillEvent, order;
    }
    group.bench_function("engine_row", |b| {
        b.iter(|| (0..1024).for_each(|n| core.engine(black_box(&EngineRow { ticks: n, ..EngineRow::ZERO }))));
    });
    group.bench_function("risk_row", |b| {
        b.iter(|| (0..1024).for_each(|n| core.risk(black_box(&RiskRow { changed_ns: n, ..RiskRow::ZERO }))));
    });
    group.bench_function("histogram_record", |b| {
        b.iter(|| latencies.iter().for_each(|ns| recorder.record(black_box(*ns))));
    });
    group.bench_function("row_and_record", |b| {
        b.iter(|| {
            for (n, ns) in latencies.iter().enumerate() {
                core.prices.publish(n % usize::from(INSTRUMENTS), black_box(&row(n as u64)));
                recorder.record(black_box(*ns));
            }
        });
    });
    group.finish();
    let last = |tick: TickEvent| tick.venue_seq;
    assert_eq!(reader.ticks().and_then(|ring| ring.map(last).last()), Some(1023), "the last record is there");
    assert_eq!(reader.engine().map(|row| row.ticks), Some(1023), "the last counters are there");
    assert_eq!(reader.spreads().iter().map(|s| s.edge_ppm).max(), Some(1023), "the last edge is there");
    assert_eq!(recorder.snapshot().count() % 1024, 0, "no record lost");
    assert_eq!(reader.price(InstrumentId(7)), Some(row(1023)), "the last row is there");
}

criterion_group! {
    name = benches;
    config = crosstick_benches::short();
    targets = publish
}
criterion_main!(benches);
