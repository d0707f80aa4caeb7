//! A whole strategy: buys on the first venue when its ask is 5 ppm or more below the second venue's bid.
//!
//! `cargo run -p crosstick-strategy --example hello`

use crosstick_model::{
    Amount, Fees, Instrument, InstrumentId, Kind, Protocol, Quote, Scale, Side, Tick, Universe, UniverseError, Venue,
    VenueId, amount::AMOUNT_ONE, instrument::FeeAsset,
};
use crosstick_strategy::{Freshness, Item, Leg, Outbox, PriceCache, Strategy, View};

struct Hello {
    here: InstrumentId,
    there: InstrumentId,
}

impl Strategy for Hello {
    fn name(&self) -> &'static str {
        "hello"
    }

    fn on_tick(&mut self, view: View<'_>, _tick: &Tick, out: &mut Outbox) {
        let (Some(here), Some(there)) = (view.quote(self.here), view.quote(self.there)) else { return };
        if there.bid - here.ask > here.ask / 200_000 {
            out.group(&[Leg::ioc(self.here, Side::Buy, here.ask, here.ask_quantity)]);
        }
    }
}

fn main() -> Result<(), UniverseError> {
    let universe = universe()?;
    let mut hello = Hello { here: InstrumentId(0), there: InstrumentId(1) };
    let mut cache = PriceCache::new(&universe, Freshness { max_age_ns: 1_000_000_000, max_lag_us: 0 });
    let mut out = Outbox::with_capacity(hello.outbox_capacity());
    // instrument, bid, ask; prices at two decimals
    for (i, (instrument, bid, ask)) in
        [(0, 6_000_000, 6_000_010), (1, 6_000_020, 6_000_030), (1, 6_000_055, 6_000_060), (0, 6_000_050, 6_000_070)]
            .into_iter()
            .enumerate()
    {
        let quote = Quote { bid, bid_quantity: 50_000, ask, ask_quantity: 20_000 };
        let tick = Tick::quote(InstrumentId(instrument), 0, quote, 1_000 * (i as u64 + 1), i as u64);
        cache.apply(&tick);
        hello.on_tick(View { now_ns: tick.recv_ns, cache: &cache }, &tick, &mut out);
        while let Some(item) = out.pop() {
            if let Item::Group(group) = item {
                for intent in group.intents() {
                    let instrument = universe.instrument(intent.instrument);
                    println!(
                        "tick {i}: {} {} {} at {} on {}",
                        intent.side.name(),
                        instrument.scale.quantity(intent.quantity),
                        instrument.symbol,
                        instrument.scale.price(intent.price),
                        universe.venue(instrument.venue).name,
                    );
                }
            }
        }
    }
    Ok(())
}

/// Two venues with one instrument each, prices at 2 decimals, quantities at 5.
fn universe() -> Result<Universe, UniverseError> {
    let mut universe = Universe::default();
    let (base, quote) = (universe.asset("BTC")?, universe.asset("USDT")?);
    for name in ["north", "south"] {
        let fees = Fees { maker_e8: 0, taker_e8: 0, asset: FeeAsset::Quote };
        let venue =
            universe.add_venue(Venue { id: VenueId(0), name: name.into(), protocol: Protocol::BinanceSpot, fees })?;
        universe.add_instrument(Instrument {
            id: InstrumentId(0),
            venue,
            symbol: "BTCUSDT".into(),
            base,
            quote,
            settle: quote,
            kind: Kind::Spot,
            contract_size: Amount(AMOUNT_ONE),
            scale: Scale { price_decimals: 2, quantity_decimals: 5 },
            price_step: 1,
            quantity_step: 1,
            min_quantity: 1,
            min_notional: Amount::ZERO,
            market: None,
        })?;
    }
    Ok(universe)
}
