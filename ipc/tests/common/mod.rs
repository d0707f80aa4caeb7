//! A small universe and a place in a directory of its own.
#![allow(dead_code, reason = "each test file uses its part")]

use std::path::Path;

use crosstick_ipc::{Mode, Place, Shape, Stage};
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
    Shape { universe, lines: &LINES, stages: &STAGES, mode: Mode::Paper, build: "1.2.3 abcdef", now_ns: NOW_NS }
}

pub fn place(dir: &Path) -> Place {
    Place::in_dir(dir, "region").unwrap()
}
