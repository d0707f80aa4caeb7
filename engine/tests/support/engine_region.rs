//! A region as an engine leaves it, every value fixed: what frames of `top` are compared over.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crosstick_ipc::layout::{
    BalanceRow, DeniedRow, EngineEvent, EngineRow, EventKind, FeedRow, FillEvent, LimitKind, LimitRow, NO_ROW,
    OpportunityEvent, OrderRow, OrderStatus, Phase, PositionRow, PriceFlags, PriceRow, RiskRow, SpreadFlags, SpreadRow,
    State, TurnRow, amount_words, fixed_text, outcome_number, wide_words,
};
use crosstick_ipc::{History, Mode, Place, Shape, Stage, Writer};
use crosstick_model::decision::{Decline, Outcome};
use crosstick_model::{
    Amount, DenyCode, FeeAsset, Fees, Instrument, InstrumentId, Kind, Line, Liquidity, Market, MarketId, Protocol,
    Purpose, Scale, Side, Universe, Venue, VenueId,
};

/// 2023-11-14 22:13:20 UTC: the second look.
pub const NOW_NS: u64 = 1_700_000_000_000_000_000;
const MS: u64 = 1_000_000;
const S: u64 = 1_000 * MS;
const LINES: [(VenueId, Line); 3] = [(VenueId(0), 0), (VenueId(1), 0), (VenueId(2), 0)];
const STAGES: [Stage<'static>; 4] = [
    Stage { name: "reach_core", from: "socket read", to: "taken by the core", thread: "ct-core" },
    Stage { name: "decide", from: "taken by the core", to: "decided", thread: "ct-core" },
    Stage { name: "tick_to_order", from: "socket read", to: "order bytes written", thread: "ct-core" },
    Stage { name: "decode", from: "socket read", to: "tick in the ring", thread: "ct-reader-0" },
];

/// Hundredths of a unit as an amount.
pub fn cents(cents: i64) -> [u64; 2] {
    amount_words(Amount(i128::from(cents) * (crosstick_model::amount::AMOUNT_ONE / 100)))
}

fn universe() -> Universe {
    let mut universe = Universe::default();
    let fees = Fees { maker_e8: 100_000, taker_e8: 100_000, asset: FeeAsset::Received };
    for (name, protocol) in
        [("alpha", Protocol::BinanceSpot), ("beta", Protocol::BinanceSpot), ("gamma", Protocol::BinanceSpot)]
    {
        universe.add_venue(Venue { id: VenueId(0), name: name.into(), protocol, fees }).unwrap();
    }
    for (market, base, scale, venues) in
        [("BTC-USDT", "BTC", Scale::new(8, 8).unwrap(), 3u8), ("PEPE-USDT", "PEPE", Scale::new(8, 2).unwrap(), 2)]
    {
        let (base, quote) = (universe.asset(base).unwrap(), universe.asset("USDT").unwrap());
        let mut instruments = Vec::new();
        for venue in 0..venues {
            let id = InstrumentId(universe.instruments.len() as u16);
            let instrument = Instrument {
                id,
                venue: VenueId(venue),
                symbol: market.replace('-', "").into(),
                base,
                quote,
                settle: quote,
                kind: Kind::Spot,
                contract_size: Amount::ZERO,
                scale,
                price_step: if market == "BTC-USDT" { 1_000_000 } else { 1 },
                quantity_step: if market == "BTC-USDT" { 1_000 } else { 100 },
                min_quantity: 1_000,
                min_notional: Amount(5 * crosstick_model::amount::AMOUNT_ONE),
                market: None,
            };
            universe.add_instrument(instrument).unwrap();
            instruments.push(id);
        }
        universe.add_market(Market { id: MarketId(0), name: market.into(), instruments, scale }).unwrap();
    }
    universe
}

fn limits() -> Vec<LimitRow> {
    let money = |code: DenyCode, name, used: i64, limit: i64| LimitRow {
        code: code as u32,
        kind: LimitKind::Currency as u32,
        decimals: 16,
        halting: u32::from(matches!(code, DenyCode::DailyLoss | DenyCode::Drawdown)),
        name: fixed_text(name),
        used: cents(used),
        limit: cents(limit),
        headroom: cents(limit - used),
        denied: if code == DenyCode::PositionNotional { 89 } else { 0 },
        breaches: u64::from(code == DenyCode::PositionNotional),
        ..LimitRow::ZERO
    };
    let count = |code: DenyCode, kind: LimitKind, name, used: i128, limit: i128| LimitRow {
        code: code as u32,
        kind: kind as u32,
        name: fixed_text(name),
        used: wide_words(used),
        limit: wide_words(limit),
        headroom: wide_words(limit - used),
        ..LimitRow::ZERO
    };
    vec![
        money(DenyCode::OrderNotional, "max_order_notional", 50_000, 100_000),
        money(DenyCode::PositionNotional, "max_position_notional", 471_250, 500_000),
        money(DenyCode::GrossNotional, "max_gross_notional", 792_050, 1_000_000),
        money(DenyCode::NetNotional, "max_net_notional", 2_125, 200_000),
        count(DenyCode::OpenOrders, LimitKind::Orders, "max_open_orders", 2, 8),
        count(DenyCode::OrderRate, LimitKind::Orders, "max_orders_per_second", 6, 20),
        count(DenyCode::Collar, LimitKind::Ppm, "price_collar_bps", 0, 10_000),
        money(DenyCode::DailyLoss, "max_daily_loss", 0, 20_000),
        money(DenyCode::Drawdown, "max_drawdown", 1_275, 30_000),
    ]
}

fn balances() -> Vec<BalanceRow> {
    let row = |venue, asset, free: i64, locked: i64, initial: i64| BalanceRow {
        venue,
        asset: fixed_text(asset),
        free: cents(free),
        locked: cents(locked),
        total: cents(free + locked),
        initial: cents(initial),
        ..BalanceRow::ZERO
    };
    vec![
        row(0, "USDT", 923_412, 50_000, 1_000_000),
        row(0, "BTC", 62, 0, 50),
        row(1, "USDT", 1_031_022, 0, 1_000_000),
        row(1, "BTC", 38, 0, 50),
    ]
}

fn spreads() -> Vec<SpreadRow> {
    let row = |market, buy: u32, sell: u32, edge: i64, best: i64, usable: bool| SpreadRow {
        market,
        buy_venue: buy,
        sell_venue: sell,
        buy_instrument: market * 3 + buy,
        sell_instrument: market * 3 + sell,
        flags: SpreadFlags::HAS_BEST | if usable { SpreadFlags::USABLE } else { 0 },
        edge_ppm: edge,
        buy_price: if market == 0 { 6_429_214_000_000 } else { 2_346 },
        sell_price: if market == 0 { 6_430_206_000_000 } else { 2_345 },
        quantity: 1,
        buy_fee: 10_000,
        sell_fee: 10_000,
        best_edge_ppm: best,
        best_ns: NOW_NS - 5 * S,
        ..SpreadRow::ZERO
    };
    vec![
        row(0, 0, 1, -46, 154, true),
        row(0, 1, 0, -312, 22, true),
        row(0, 0, 2, 164, 310, true),
        row(0, 2, 0, -401, -120, false),
        row(1, 0, 1, -626, -200, true),
        row(1, 1, 0, -626, 1_034, true),
    ]
}

/// An engine's region that a test writes. It ends with this.
pub struct EngineRegion {
    pub writer: Writer,
}

impl EngineRegion {
    /// As an engine starts it, 754 s ago.
    pub fn start(place: &Place) -> Self {
        let universe = universe();
        let shape = Shape {
            lines: &LINES,
            stages: &STAGES,
            turns: &[TurnRow::of("ct-core", 50_000), TurnRow::of("ct-reader-0", 50_000)],
            limits: &limits(),
            balances: &balances(),
            spreads: &spreads(),
            open_orders: 8,
            history: History { ticks: 16, opportunities: 64, orders: 16, fills: 64, events: 16 },
            mode: Mode::Paper,
            build: "0.1.0 abcdef123456",
            now_ns: NOW_NS - 754 * S,
            ..Shape::of(&universe)
        };
        Self { writer: Writer::create(place, &shape).unwrap() }
    }

    /// Beats and publishes everything, as of `seconds` before [`NOW_NS`]. Counters move on from look to look.
    pub fn publish(&mut self, seconds: u64) {
        let now_ns = NOW_NS - seconds * S;
        self.writer.owner.set_state(State::Running);
        self.writer.owner.beat(now_ns - 340 * MS);
        self.core(now_ns, 1_000 - seconds);
        self.prices(now_ns, 1_000 - seconds);
        self.orders(now_ns);
        self.turns();
        for (i, feed) in self.writer.feeds.iter_mut().enumerate() {
            let i = i as u64;
            feed.publish(&FeedRow {
                connected: u32::from(i != 2),
                frames: (1_000 - seconds) * (381 - i * 80),
                bytes: (1_000 - seconds) * (61_000 - i * 9_000),
                trades: (1_000 - seconds) * 84,
                quotes: (1_000 - seconds) * (297 - i * 80),
                refused: i,
                connects: 1 + i,
                last_recv_ns: if i == 2 { now_ns - 12 * S } else { now_ns - 3 * MS },
                lag_us: 412 + i as i64 * 1_000,
                ..FeedRow::new(i as u32, 0)
            });
        }
    }

    fn turns(&mut self) {
        for (i, turns) in (0..).zip(&mut self.writer.turns) {
            turns.publish(&TurnRow {
                work: 3 * i,
                work_worst_ns: 71_400 * i,
                preempted: 12 + i,
                preempted_worst_ns: 4_012_000,
                stalled: 1_204 * i,
                stalled_worst_ns: 183_000 * i,
                ..turns.row()
            });
        }
    }

    fn core(&mut self, now_ns: u64, n: u64) {
        let core = &mut self.writer.core;
        core.engine(&EngineRow {
            state: State::Running as u32,
            core_ns: now_ns,
            ticks: n * 1_274,
            opportunities_seen: n * 3 / 2,
            opportunities_taken: n,
            opportunities_open: 1,
            orders_sent: n * 2,
            orders_filled: n * 2 - 9,
            orders_partly_filled: 7,
            orders_open: 2,
            orders_denied: 92,
            fills: n * 2 + 4,
            ..EngineRow::ZERO
        });
        core.risk(&RiskRow {
            net: cents(10_098),
            realised: cents(14_250),
            fees: cents(4_102),
            unrealised: cents(-50),
            gross: cents(792_050),
            currency: fixed_text("USDT"),
            ..RiskRow::ZERO
        });
        let mut denied = DeniedRow::ZERO;
        denied.counts[DenyCode::PositionNotional as usize] = 89;
        denied.counts[DenyCode::Stale as usize] = 3;
        core.denied(&denied);
        for (i, quantity) in [778_000i64, -12_000, -766_000, 2_169_527_400, 0].into_iter().enumerate() {
            core.positions.publish(
                i,
                &PositionRow {
                    quantity,
                    realised: cents(2_850 - i as i64 * 700),
                    fees: cents(821),
                    unrealised: cents(-10),
                    net: cents(2_019 - i as i64 * 700),
                    ..PositionRow::ZERO
                },
            );
        }
    }

    fn prices(&mut self, now_ns: u64, n: u64) {
        for i in 0..5u64 {
            let btc = i < 3;
            let (bid, step) = if btc { (6_429_149_000_000 + i as i64 * 57_000_000, 65_000_000) } else { (2_345, 1) };
            let usable = if i == 2 { 0 } else { PriceFlags::USABLE };
            let row = PriceRow {
                bid,
                bid_quantity: if btc { 9_844_000 } else { 11_602_991_200 },
                ask: bid + step,
                ask_quantity: if btc { 3_692_000 } else { 5_794_760_900 },
                trade_price: bid,
                trade_quantity: 1_000,
                quote_recv_ns: if i == 2 { now_ns - 12 * S } else { now_ns - (3 + i * 20) * MS },
                trade_recv_ns: now_ns - (57 + i * 400) * MS,
                flags: PriceFlags::HAS_QUOTE | PriceFlags::HAS_TRADE | usable,
                quotes: n * (196 - i * 30),
                trades: n * 17,
                usable_until_ns: now_ns + S,
                ..PriceRow::ZERO
            };
            self.writer.core.prices.publish(i as usize, &row);
        }
    }

    fn orders(&mut self, now_ns: u64) {
        for (slot, (side, instrument)) in [(Side::Buy, 0u32), (Side::Sell, 1)].into_iter().enumerate() {
            self.writer.core.open_orders.publish(
                slot + 3,
                &OrderRow {
                    id: 1_999 + slot as u64,
                    group: 1_000,
                    instrument,
                    status: if slot == 0 { OrderStatus::PartlyFilled as u32 } else { OrderStatus::Sent as u32 },
                    side: side as u8,
                    purpose: Purpose::Open as u8,
                    leg: slot as u8,
                    price: 6_429_214_000_000,
                    quantity: 778_000,
                    filled: if slot == 0 { 250_000 } else { 0 },
                    sent_ns: now_ns - 2 * MS,
                    changed_ns: now_ns - MS,
                    ..OrderRow::ZERO
                },
            );
        }
    }

    /// Latencies, a made-up crowd with a tail.
    pub fn latencies(&mut self) {
        for (i, recorder) in self.writer.recorders.iter_mut().enumerate() {
            if i == 1 {
                continue;
            }
            for sample in 0u64..2_000 {
                // Between 8 and 64 µs, one in a hundred ten times that.
                let ns = 8_000 + sample * sample * 14 / 1_000 + i as u64 * 500;
                recorder.record(if sample % 100 == 7 { ns * 10 } else { ns });
            }
        }
    }

    /// `count` opportunities, one in a second, the last of them open; fills and events with them.
    pub fn history(&mut self, count: u64) {
        let core = &mut self.writer.core;
        for n in 1..=count {
            let begin_ns = NOW_NS - (count - n + 1) * S - 123 * MS;
            let (buy, sell) = ((n % 3) as u32, ((n + 1) % 3) as u32);
            let begun = OpportunityEvent {
                id: n,
                phase: Phase::Begin as u32,
                buy_venue: buy,
                sell_venue: sell,
                buy_instrument: buy,
                sell_instrument: sell,
                begin_ns,
                first_edge_ppm: 150 + n as i64,
                best_edge_ppm: 150 + n as i64,
                buy_price: 6_429_214_000_000,
                sell_price: 6_430_206_000_000,
                quantity: 778_000,
                ..OpportunityEvent::ZERO
            };
            core.opportunities.push(&begun);
            if n == count {
                break;
            }
            let outcome = match n % 4 {
                0 => Outcome::Declined(Decline::Cooldown),
                1 => Outcome::Denied(DenyCode::PositionNotional),
                _ => Outcome::Taken,
            };
            core.opportunities.push(&OpportunityEvent {
                phase: Phase::End as u32,
                end_ns: begin_ns + n * 17 * MS,
                best_edge_ppm: 150 + n as i64 * 3,
                outcome: outcome_number(outcome),
                ..begun
            });
            core.fills.push(&FillEvent {
                order: 2 * n,
                group: n,
                instrument: buy,
                side: (n % 2) as u8,
                liquidity: Liquidity::Taker as u8,
                at_ns: begin_ns + 4 * MS,
                price: 6_429_214_000_000,
                quantity: 778_000,
                fee: amount_words(Amount(7_780_000_000)),
                fee_asset: fixed_text("BTC"),
                ..FillEvent::ZERO
            });
        }
        let nothing =
            EngineEvent { code: NO_ROW, venue: NO_ROW, line: NO_ROW, instrument: NO_ROW, ..EngineEvent::ZERO };
        core.events.push(&EngineEvent { at_ns: NOW_NS - 754 * S, kind: EventKind::Started as u32, ..nothing });
        let line = EngineEvent { venue: 2, line: 0, ..nothing };
        core.events.push(&EngineEvent { at_ns: NOW_NS - 750 * S, kind: EventKind::LineLive as u32, ..line });
        let text = fixed_text("no frame for 10 s");
        core.events.push(&EngineEvent { at_ns: NOW_NS - 2 * S, kind: EventKind::LineDown as u32, text, ..line });
    }

    /// Risk halts trading.
    pub fn halt(&mut self) {
        self.writer.owner.set_state(State::Halted);
        let row = RiskRow {
            halted: 1,
            code: DenyCode::DailyLoss as u32,
            changed_ns: NOW_NS - 42 * S,
            net: cents(-20_111),
            currency: fixed_text("USDT"),
            reason: fixed_text("The day's net loss has reached max_daily_loss."),
            ..RiskRow::ZERO
        };
        self.writer.core.risk(&row);
    }
}

/// Makes the owner of the region in that file a process that cannot exist.
pub fn kill_owner(file: &Path) {
    const PID_AT: u64 = 64;
    let file = OpenOptions::new().write(true).open(file).unwrap();
    file.write_all_at(&99_999_999u64.to_le_bytes(), PID_AT).unwrap();
}
