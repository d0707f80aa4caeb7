//! The universe that detector and gate work in, here and in the benchmarks. Cold.

use crosstick_model::amount::AMOUNT_ONE;
use crosstick_model::{
    Amount, FeeAsset, Fees, Instrument, InstrumentId, Kind, Market, MarketId, Protocol, Scale, Universe, Venue, VenueId,
};

/// Decimals of [`one_market`]: prices in cents, quantities in hundred-thousandths.
pub const SCALE: Scale = Scale { price_decimals: 2, quantity_decimals: 5 };

/// Whole units of a currency.
#[must_use]
pub const fn currency(units: i128) -> Amount {
    Amount(units * AMOUNT_ONE)
}

/// One market, BTC against USDT, over so many spot venues: 1 bps taker fee, a price step of a cent, a quantity step of
/// 0.00001, a least notional of 5. Instrument and venue numbers agree.
///
/// # Panics
/// With more venues than a universe holds.
#[must_use]
pub fn one_market(venues: u16) -> Universe {
    let mut universe = Universe::default();
    let usdt = universe.asset("USDT").expect("room");
    let btc = universe.asset("BTC").expect("room");
    let fees = Fees { maker_e8: 10_000, taker_e8: 10_000, asset: FeeAsset::Quote };
    for number in 0..venues {
        let name = format!("venue-{number}").into();
        let venue = Venue { id: VenueId(0), name, protocol: Protocol::BinanceSpot, fees };
        let venue = universe.add_venue(venue).expect("room");
        let instrument = Instrument {
            id: InstrumentId(0),
            venue,
            symbol: "BTCUSDT".into(),
            base: btc,
            quote: usdt,
            settle: usdt,
            kind: Kind::Spot,
            contract_size: Amount(AMOUNT_ONE),
            scale: SCALE,
            price_step: 1,
            quantity_step: 1,
            min_quantity: 1,
            min_notional: currency(5),
            market: None,
        };
        universe.add_instrument(instrument).expect("room");
    }
    let instruments = (0..venues).map(InstrumentId).collect();
    let market = Market { id: MarketId(0), name: "BTC-USDT".into(), instruments, scale: SCALE };
    universe.add_market(market).expect("room");
    universe
}
