//! A small universe and a place in a directory of its own.
#![allow(dead_code, reason = "each test file uses its part")]

pub mod hunt;

use std::path::Path;

use crosstick_ipc::layout::{BalanceRow, LimitKind, LimitRow, SpreadRow, TurnRow, wide_words};
use crosstick_ipc::{History, Mode, Place, Shape, Stage};
use crosstick_model::{
    Amount, FeeAsset, Fees, Instrument, InstrumentId, Kind, Line, Market, MarketId, Protocol, Scale, Universe, Venue,
    VenueId,
};

pub const LINES: [(VenueId, Line); 3] = [(VenueId(0), 0), (VenueId(0), 1), (VenueId(1), 0)];
pub const STAGES: [Stage<'static>; 3] = [
    Stage { name: "read", from: "bytes in the socket", to: "tick in the ring", thread: "reader-0" },
    Stage { name: "read", from: "bytes in the socket", to: "tick in the ring", thread: "reader-1" },
    Stage { name: "decide", from: "tick taken by the core", to: "intent", thread: "core" },
];
pub const HISTORY: History = History { ticks: 64, opportunities: 16, orders: 16, fills: 16, events: 8 };
pub const LIMITS: [LimitRow; 2] =
    [limit(9, LimitKind::Currency, 16, "max_position_notional"), limit(12, LimitKind::Orders, 0, "max_open_orders")];
pub const BALANCES: [BalanceRow; 1] =
    [BalanceRow { venue: 1, asset: padded("BTC"), initial: wide_words(1_000_000_000_000_000), ..BalanceRow::ZERO }];
pub const SPREADS: [SpreadRow; 2] = [spread(0, 1), spread(1, 0)];

pub const TURNS: [TurnRow; 2] = [turns("core"), turns("reader")];

const fn turns(thread: &str) -> TurnRow {
    TurnRow { thread: padded(thread), limit_ns: 50_000, ..TurnRow::ZERO }
}

/// A constant [`fixed_text`](crosstick_ipc::layout::fixed_text).
const fn padded<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    let mut i = 0;
    while i < text.len() {
        bytes[i] = text.as_bytes()[i];
        i += 1;
    }
    bytes
}

const fn limit(code: u32, kind: LimitKind, decimals: u32, name: &str) -> LimitRow {
    LimitRow { code, kind: kind as u32, decimals, name: padded(name), limit: wide_words(8), ..LimitRow::ZERO }
}

/// Buy on one venue, sell on the other; each has the instrument of its own number.
const fn spread(buy: u32, sell: u32) -> SpreadRow {
    SpreadRow { buy_venue: buy, sell_venue: sell, buy_instrument: buy, sell_instrument: sell, ..SpreadRow::ZERO }
}

pub const NOW_NS: u64 = 1_700_000_000_000_000_000;

pub fn universe() -> Universe {
    let mut universe = Universe::default();
    let fees = Fees { maker_e8: 100_000, taker_e8: 100_000, asset: FeeAsset::Received };
    for (name, protocol) in [("alpha", Protocol::BinanceSpot), ("beta", Protocol::BinanceCoinm)] {
        let venue = Venue { id: VenueId(0), name: name.into(), protocol, fees };
        universe.add_venue(venue).unwrap();
    }
    let scale = Scale::new(2, 5).unwrap();
    let (base, quote) = (universe.asset("BTC").unwrap(), universe.asset("USDT").unwrap());
    for (venue, symbol, kind) in [(0, "BTCUSDT", Kind::Spot), (1, "BTCUSD_PERP", Kind::Inverse)] {
        let instrument = Instrument {
            id: InstrumentId(0),
            venue: VenueId(venue),
            symbol: symbol.into(),
            base,
            quote,
            settle: if kind == Kind::Inverse { base } else { quote },
            kind,
            contract_size: Amount(100 * crosstick_model::amount::AMOUNT_ONE),
            scale,
            price_step: 10,
            quantity_step: 1,
            min_quantity: 1,
            min_notional: Amount(5 * crosstick_model::amount::AMOUNT_ONE),
            market: None,
        };
        universe.add_instrument(instrument).unwrap();
    }
    let instruments = vec![InstrumentId(0), InstrumentId(1)];
    universe.add_market(Market { id: MarketId(0), name: "BTC-USD".into(), instruments, scale }).unwrap();
    universe
}

pub fn shape(universe: &Universe) -> Shape<'_> {
    Shape {
        lines: &LINES,
        stages: &STAGES,
        turns: &TURNS,
        worst_ticks: 2,
        limits: &LIMITS,
        balances: &BALANCES,
        spreads: &SPREADS,
        open_orders: 4,
        history: HISTORY,
        mode: Mode::Paper,
        build: "1.2.3 abcdef",
        now_ns: NOW_NS,
        ..Shape::of(universe)
    }
}

pub fn place(dir: &Path) -> Place {
    Place::in_dir(dir, "region").unwrap()
}

/// The schema in a region's bytes, found as the page says.
pub fn schema(bytes: &[u8]) -> serde_json::Value {
    let word = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()) as usize;
    serde_json::from_slice(&bytes[word(32)..word(32) + word(40)]).unwrap()
}
