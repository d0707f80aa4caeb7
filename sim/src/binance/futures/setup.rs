//! From a venue's description to an exchange: assets, filters, accounts with their balances and keys.

use std::collections::{BTreeMap, VecDeque};

use crosstick_model::{Amount, AssetId, Decimal, Protocol, Scale};

use super::FuturesVenue;
use super::keys::ListenKeys;
use super::sums::Sums;
use super::tape::Tape;
use crate::account::{self, SimAccount};
use crate::api::limits::{Limits, RateLimits};
use crate::binance::spot::history::History;
use crate::exchange::{AssetSpec, Exchange, ExchangeFilters, Filters, InstrumentSpec, Range, StpMode, TradingStatus};
use crate::fault::Skew;
use crate::instrument::SimInstrument;
use crate::operator::books::Races;

/// Decimals of commissions in any asset.
const COMMISSION_DECIMALS: u8 = 8;
/// The highest price and quantity of an order, as exchangeInfo states them.
pub(super) const PRICE_MAX: i64 = 1_000_000;
pub(super) const QUANTITY_MAX: i64 = 1_000_000_000;
/// Open orders of an account in an instrument.
pub(super) const ORDERS_MAX: usize = 200;
/// Modifications of an order.
const AMENDS_MAX: u32 = 10_000;

fn filters(instrument: &SimInstrument, scale: Scale) -> Filters {
    let whole = |value: i64, decimals: u8| Decimal::from(value).at_scale(decimals).unwrap_or(i64::MAX);
    let quantity = |value: Decimal| value.at_scale(scale.quantity_decimals).unwrap_or(0);
    let step = instrument.price_step.at_scale(scale.price_decimals).unwrap_or(0);
    let (quantity_step, quantity_min) = (quantity(instrument.quantity_step), quantity(instrument.min_quantity));
    let quantity_max = whole(QUANTITY_MAX, scale.quantity_decimals);
    Filters {
        price: Some(Range { min: step, max: whole(PRICE_MAX, scale.price_decimals), step }),
        lot: Some(Range { min: quantity_min, max: quantity_max, step: quantity_step }),
        max_orders: Some(ORDERS_MAX),
        max_amends: Some(AMENDS_MAX),
        // The least notional does not bind reduce-only orders, so it is checked where orders are read.
        ..Filters::default()
    }
}

fn spec(instrument: &SimInstrument, assets: &[AssetSpec]) -> InstrumentSpec {
    let asset = |name: &str| AssetId(assets.iter().position(|a| a.name == name).unwrap_or_default() as u16);
    let decimals = (instrument.price_step.decimals(), instrument.quantity_step.decimals());
    let scale = Scale::new(decimals.0, decimals.1).unwrap_or(Scale::DEFAULT);
    let one = Amount::from_decimal(Decimal::from(1)).unwrap_or(Amount::ZERO);
    InstrumentSpec {
        symbol: instrument.symbol.clone(),
        base: asset(&instrument.base),
        quote: asset(&instrument.quote),
        settle: asset(&instrument.settle),
        kind: instrument.kind,
        contract_size: Amount::from_decimal(instrument.contract_size).filter(|a| a.0 > 0).unwrap_or(one),
        scale,
        status: TradingStatus::Trading,
        filters: filters(instrument, scale),
        default_stp: StpMode::ExpireMaker,
        allowed_stp: vec![StpMode::None, StpMode::ExpireTaker, StpMode::ExpireMaker, StpMode::ExpireBoth],
        first_trade_id: 1,
        first_update_id: 1,
    }
}

impl FuturesVenue {
    /// A venue with these instruments and accounts. Balances that the ledger cannot hold are left out.
    pub(crate) fn new(
        protocol: Protocol,
        instruments: Vec<SimInstrument>,
        accounts: &[SimAccount],
        limits: &Limits,
    ) -> Self {
        let named = instruments.iter().flat_map(|i| [&i.settle, &i.base, &i.quote]);
        let assets = account::assets(named, accounts, COMMISSION_DECIMALS);
        let specs: Vec<InstrumentSpec> = instruments.iter().map(|i| spec(i, &assets)).collect();
        let histories = specs.iter().map(|s| History::new(s.scale)).collect();
        let sums = specs.iter().map(|_| Sums::default()).collect();
        let mut exchange = Exchange::new(assets, specs, ExchangeFilters::default());
        let keyring = account::open(accounts, &mut exchange);
        Self {
            protocol,
            exchange,
            keyring,
            limits: RateLimits::new(limits),
            marks: vec![None; instruments.len()],
            instruments,
            sums,
            histories,
            modify_id: None,
            keys: ListenKeys::default(),
            updated_ns: BTreeMap::new(),
            user_events: VecDeque::new(),
            races: Races::default(),
            skew: Skew::default(),
            events: Vec::new(),
            tape: Tape::default(),
        }
    }
}
