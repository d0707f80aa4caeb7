//! The hunt for torn reads: every field of a row follows from one, and readers check that they always do.

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use common::{place, shape, universe};
use crosstick_ipc::layout::{PriceRow, RiskRow};
use crosstick_ipc::{Reader, Writer};
use crosstick_model::InstrumentId;

const WRITES: u64 = 200_000;

fn price(n: u64) -> PriceRow {
    let signed = n as i64;
    PriceRow {
        bid: signed,
        bid_quantity: signed * 3,
        ask: signed + 1,
        ask_quantity: -signed,
        trade_price: signed ^ 0x5555,
        trade_quantity: !signed,
        quote_recv_ns: n.wrapping_mul(0x9E37_79B9_7F4A_7C15),
        trade_recv_ns: n.rotate_left(32),
        quote_seq: n + 2,
        trade_seq: n + 3,
        exchange_offset_us: n as i32,
        flags: n as u32 ^ 0xffff,
        quotes: n * 5,
        trades: n * 7,
        reserved: [n, !n],
    }
}

fn risk(n: u64) -> RiskRow {
    let pair = [n, !n];
    RiskRow {
        halted: n as u32,
        code: n as u32 + 1,
        changed_ns: n * 2,
        net: pair,
        gross: pair,
        open_orders: n as u32,
        max_open_orders: !(n as u32),
        max_orders_per_second: n,
        max_order_notional: pair,
        max_position_notional: pair,
        max_gross_notional: pair,
        max_net_notional: pair,
        max_daily_loss: pair,
        max_drawdown: pair,
        currency: [n as u8; 16],
        reason: [!n as u8; 64],
        reserved: n,
    }
}

#[test]
fn no_reader_ever_sees_a_torn_row() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let universe = universe();
    let mut writer = Writer::create(&place, &shape(&universe)).unwrap();
    let instrument = InstrumentId(1);
    writer.core.prices.publish(instrument, &price(0));
    writer.core.risk(&risk(0));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let reader = Reader::open(&place).unwrap();
                let (mut last, mut turns) = (0, 0u32);
                loop {
                    let ended = done.load(Ordering::Acquire);
                    // On a busy machine the writer may be suspended in the middle for longer than is waited.
                    let (Some(seen), Some(seen_risk)) = (reader.price(instrument), reader.risk()) else {
                        assert!(!ended, "nothing is under way any more");
                        continue;
                    };
                    let n = seen.bid as u64;
                    assert_eq!(seen, price(n));
                    assert!(n >= last);
                    last = n;
                    assert_eq!(seen_risk, risk(seen_risk.max_orders_per_second));
                    if ended {
                        break;
                    }
                    turns += 1;
                    if turns.is_multiple_of(64) {
                        thread::yield_now();
                    }
                }
                assert_eq!(last, WRITES);
            });
        }
        for n in 1..=WRITES {
            writer.core.prices.publish(instrument, &price(n));
            writer.core.risk(&risk(n));
            if n.is_multiple_of(1024) {
                thread::yield_now();
            }
        }
        done.store(true, Ordering::Release);
    });
}

#[test]
fn a_histogram_read_while_it_grows_only_grows() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    let universe = universe();
    let mut writer = Writer::create(&place, &shape(&universe)).unwrap();
    let reader = Reader::open(&place).unwrap();
    let recorder = &mut writer.recorders[2];
    thread::scope(|scope| {
        let recording = scope.spawn(|| {
            for n in 0..WRITES {
                recorder.record(n % 5000);
            }
        });
        let mut last = 0;
        while !recording.is_finished() {
            let count = reader.latency()[1].counted.count();
            assert!(count >= last && count <= WRITES);
            last = count;
            thread::yield_now();
        }
    });
    assert_eq!(reader.latency()[1].counted.count(), WRITES);
}
