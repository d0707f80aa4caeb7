//! From a venue's description to an exchange: assets, filters, accounts with their balances and keys.

use std::collections::{BTreeMap, VecDeque};

use crosstick_model::{Amount, AssetId, Decimal, Kind, Scale};

use super::SpotVenue;
use super::history::History;
use super::tape::Tape;
use crate::account::{self, SimAccount};
use crate::api::limits::{Limits, RateLimits};
use crate::exchange::{
    AssetSpec, Exchange, ExchangeFilters, Filters, InstrumentSpec, NotionalRange, PercentPrice, Range, StpMode,
    TradingStatus,
};
use crate::fault::Skew;
use crate::instrument::SimInstrument;
use crate::operator::books::Races;

/// Decimals of commissions in any asset.
const COMMISSION_DECIMALS: u8 = 8;
/// The highest price, in quote units, and the highest quantity, in base units, of an order.
const PRICE_MAX: i64 = 1_000_000;
const QUANTITY_MAX: i64 = 92_141_578;
/// The most that an order may be worth, in quote units.
const NOTIONAL_MAX: i64 = 9_000_000;
/// Minutes of the average price that filters refer to.
const AVERAGE_MINS: u32 = 5;

/// A whole number as a mantissa; what does not fit stands at the largest.
fn whole(value: i64, decimals: u8) -> i64 {
    Decimal::from(value).at_scale(decimals).unwrap_or(i64::MAX)
}

fn filters(instrument: &SimInstrument, scale: Scale) -> Filters {
    let price = |value: Decimal| value.at_scale(scale.price_decimals).unwrap_or(0);
    let quantity = |value: Decimal| value.at_scale(scale.quantity_decimals).unwrap_or(0);
    let amount = |value: Decimal| Amount::from_decimal(value).unwrap_or(Amount::ZERO);
    let percent = PercentPrice { up_e8: 500_000_000, down_e8: 20_000_000, avg_price_mins: AVERAGE_MINS };
    let step = price(instrument.price_step);
    let quantity_max = whole(QUANTITY_MAX, scale.quantity_decimals);
    let notional = NotionalRange {
        min: amount(instrument.min_notional),
        apply_min_to_market: true,
        max: amount(Decimal::from(NOTIONAL_MAX)),
        apply_max_to_market: false,
        avg_price_mins: AVERAGE_MINS,
    };
    Filters {
        price: Some(Range { min: step, max: whole(PRICE_MAX, scale.price_decimals), step }),
        lot: Some(Range {
            min: quantity(instrument.min_quantity),
            max: quantity_max,
            step: quantity(instrument.quantity_step),
        }),
        market_lot: Some(Range { min: 0, max: quantity_max, step: 0 }),
        min_notional: None,
        notional: (!instrument.min_notional.is_zero()).then_some(notional),
        percent_price: None,
        percent_price_by_side: Some([percent, percent]),
        iceberg_parts: Some(100),
        max_orders: Some(200),
        max_algo_orders: Some(5),
        max_iceberg_orders: None,
        max_amends: Some(10),
        max_position: None,
    }
}

fn spec(instrument: &SimInstrument, assets: &[AssetSpec]) -> InstrumentSpec {
    let asset = |name: &str| AssetId(assets.iter().position(|a| a.name == name).unwrap_or_default() as u16);
    let decimals = (instrument.price_step.decimals(), instrument.quantity_step.decimals());
    let scale = Scale::new(decimals.0, decimals.1).unwrap_or(Scale::DEFAULT);
    InstrumentSpec {
        symbol: instrument.symbol.clone(),
        base: asset(&instrument.base),
        quote: asset(&instrument.quote),
        settle: asset(&instrument.settle),
        kind: Kind::Spot,
        contract_size: Amount::from_decimal(Decimal::from(1)).unwrap_or(Amount::ZERO),
        scale,
        status: TradingStatus::Trading,
        filters: filters(instrument, scale),
        default_stp: StpMode::ExpireMaker,
        allowed_stp: StpMode::ALL.to_vec(),
        first_trade_id: 1,
        first_update_id: 1,
    }
}

impl SpotVenue {
    /// A venue with these instruments and accounts. Balances that the ledger cannot hold are left out.
    pub(crate) fn new(instruments: Vec<SimInstrument>, accounts: &[SimAccount], limits: &Limits) -> Self {
        let named = instruments.iter().flat_map(|i| [&i.base, &i.quote, &i.settle]);
        let assets = account::assets(named, accounts, COMMISSION_DECIMALS);
        let specs: Vec<InstrumentSpec> = instruments.iter().map(|i| spec(i, &assets)).collect();
        let histories = specs.iter().map(|s| History::new(s.scale)).collect();
        let mut exchange = Exchange::new(assets, specs, ExchangeFilters::default());
        let keyring = account::open(accounts, &mut exchange);
        Self {
            exchange,
            keyring,
            limits: RateLimits::new(limits),
            instruments,
            histories,
            updated_ns: BTreeMap::new(),
            made_ids: 0,
            user_events: VecDeque::new(),
            races: Races::default(),
            skew: Skew::default(),
            events: Vec::new(),
            tape: Tape::default(),
        }
    }
}
