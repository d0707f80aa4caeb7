//! The core's parts, each in a loop, against nothing but the clock: cache and detector, gate, publishing.

use std::hint::black_box;
use std::path::Path;

use crosstick_benches::desks::gate::GROUPS;
use crosstick_benches::desks::spread::{TICKS, crossings, quotes};
use crosstick_benches::desks::{GateDesk, SpreadDesk};
use crosstick_benches::turns::result::Session;
use crosstick_benches::turns::{Clock, Contest, Measure, TURN, Target, Targets, time_per_unit};
use crosstick_benches::worlds::one_market;
use crosstick_ipc::layout::{PriceFlags, PriceRow, TickEvent};
use crosstick_ipc::{Mode, Place, Reader, Shape, Stage, Writer};
use crosstick_model::{InstrumentId, VenueId};

pub fn spread(session: &mut Session) {
    const MEASURES: &[Measure] = &[Measure::ns("tick")];
    const BY_VENUES: [(u16, Targets); 3] = [
        (2, &[[Some(Target::figure(25.0, 12.5)), None]]),
        (4, &[[Some(Target::figure(40.0, 20.0)), None]]),
        (8, &[[Some(Target::figure(70.0, 35.0)), None]]),
    ];
    let clock = &Clock::new();
    for (venues, targets) in BY_VENUES {
        let title = format!("a quote through cache and detector, {venues} venues");
        let mut contest = Contest::new(format!("spread/{venues}_venues"), title, MEASURES);
        for (name, crossing, targets) in
            [("crosstick, quiet", false, targets), ("crosstick, busy", true, &[] as Targets)]
        {
            let ticks = quotes(venues, crossing);
            let mut desk = SpreadDesk::new(venues);
            contest = contest.ours(name, targets, move || {
                let (before, mut sweeps) = (desk.spread.counters().seen, 0);
                let ns = time_per_unit(clock, TURN, TICKS, || {
                    desk.sweep(&ticks);
                    sweeps += 1;
                });
                let wanted = if crossing { sweeps * crossings(venues) } else { 0 };
                assert_eq!(desk.spread.counters().seen - before, wanted, "{venues} venues");
                vec![ns]
            });
        }
        contest.run(session);
    }
}

pub fn gate(session: &mut Session) {
    const MEASURES: &[Measure] = &[Measure::ns("order")];
    const TARGETS: Targets = &[[Some(Target::figure(60.0, 30.0)), None]];
    let clock = &Clock::new();
    let turn = |desk: &mut GateDesk, legs: usize| {
        let (mut ticks, mut orders) = (0, 0);
        while clock.ns(ticks) < TURN.as_secs_f64() * 1e9 {
            desk.prepare(GROUPS, legs);
            let begin = clock.ticks();
            desk.gate_all(legs);
            ticks += clock.ticks() - begin;
            assert_eq!(desk.approved.len(), GROUPS as usize * legs, "all approved");
            orders += GROUPS * legs as u64;
        }
        vec![clock.ns(ticks) / orders as f64]
    };
    let (mut single, mut pair) = (GateDesk::new(), GateDesk::new());
    single.verify(1);
    pair.verify(2);
    Contest::new("gate/order", "every check of an opening order, all limits set, all approved", MEASURES)
        .ours("crosstick gate, groups of one", TARGETS, || turn(&mut single, 1))
        .ours("crosstick gate, groups of two", TARGETS, || turn(&mut pair, 2))
        .run(session);
}

const NOW_NS: u64 = 1_700_000_000_000_000_000;
const STAGE: Stage<'static> = Stage { name: "bench", from: "here", to: "there", thread: "bench" };

pub fn publish(session: &mut Session) {
    const MEASURES: &[Measure] = &[Measure::ns("record")];
    const TARGETS: Targets = &[[Some(Target::figure(5.0, 2.0)), None]];
    const ROWS: usize = 8;
    let shm = Path::new(Place::DEFAULT_DIR);
    let dir = if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() }.expect("a directory");
    let place = Place::in_dir(dir.path(), "region").expect("a name");
    let universe = one_market(ROWS as u16);
    let lines: Vec<_> = (0..ROWS).map(|id| (VenueId(id as u8), 0)).collect();
    let shape = Shape {
        lines: &lines,
        stages: &[STAGE],
        mode: Mode::Paper,
        build: "bench",
        now_ns: NOW_NS,
        ..Shape::of(&universe)
    };
    let mut writer = Writer::create(&place, &shape).expect("a region");
    let reader = Reader::open(&place).expect("the region");
    let clock = &Clock::new();
    // Made before: making rows is not publishing them.
    let rows: Vec<PriceRow> = (0..64).map(row).collect();
    let events: Vec<TickEvent> = (0..64).map(|n| TickEvent { venue_seq: n, ..TickEvent::ZERO }).collect();
    let (prices, history) = (&mut writer.core.prices, &mut writer.core.ticks);
    let (mut cell, cell_reader) = crosstick_ring::seqlock::cell([0u64; 7]);
    let words: Vec<[u64; 7]> = (0..64).map(|n| [n; 7]).collect();
    let title = "one writer, no reader, records made before".to_owned();
    Contest::new("publish/record", title, MEASURES)
        .ours("a price row of the region", TARGETS, || {
            let ns = time_per_unit(clock, TURN, rows.len() as u64, || {
                for (n, row) in rows.iter().enumerate() {
                    prices.publish(n % ROWS, black_box(row));
                }
            });
            for id in 0..ROWS {
                assert_eq!(
                    reader.price(InstrumentId(id as u16)),
                    Some(rows[rows.len() - ROWS + id]),
                    "a reader sees it"
                );
            }
            vec![ns]
        })
        .ours("a tick into the region's history", TARGETS, || {
            let ns = time_per_unit(clock, TURN, events.len() as u64, || {
                events.iter().for_each(|event| {
                    black_box(history.push(black_box(event)));
                });
            });
            assert_eq!(reader.ticks().and_then(|ring| ring.map(|tick| tick.venue_seq).last()), Some(63));
            vec![ns]
        })
        .ours("56 bytes under a seqlock", TARGETS, || {
            let ns = time_per_unit(clock, TURN, words.len() as u64, || {
                words.iter().for_each(|words| cell.write(black_box(words)));
            });
            assert_eq!(cell_reader.read(), [63; 7]);
            vec![ns]
        })
        .run(session);
}

fn row(n: u64) -> PriceRow {
    PriceRow {
        bid: 6_000_000 + n as i64,
        bid_quantity: 10,
        ask: 6_000_100 + n as i64,
        ask_quantity: 20,
        quote_recv_ns: NOW_NS + n,
        quote_seq: n,
        flags: PriceFlags::HAS_QUOTE | PriceFlags::USABLE,
        quotes: n,
        ..PriceRow::ZERO
    }
}
