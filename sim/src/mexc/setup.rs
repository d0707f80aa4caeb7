//! From a venue's description to an exchange: assets, filters, accounts with their balances and keys.

use std::collections::VecDeque;

use crosstick_model::{Amount, AssetId, Decimal, Kind, Scale};

use super::MexcVenue;
use super::keys::ListenKeys;
use super::meter::Meter;
use crate::account::{self, SimAccount};
use crate::api::Limits;
use crate::binance::spot::history::History;
use crate::exchange::{
    AssetSpec, Exchange, ExchangeFilters, Filters, InstrumentSpec, NotionalRange, PercentPrice, Range, StpMode,
    TradingStatus,
};
use crate::fault::Skew;
use crate::instrument::SimInstrument;
use crate::operator::books::Races;
use crate::venue::trading::Takers;

/// Decimals of commissions in any asset: as many as the ledger has.
const COMMISSION_DECIMALS: u8 = 16;
/// Open orders of an account.
const ORDERS_MAX: usize = 500;
/// The most that an order may be worth, in quote units.
const NOTIONAL_MAX: i64 = 4_000_000;
/// How far a buy may be above the last price, and a sell below it: half a percent, at 1e-8, as recorded of BTCUSDT.
const FAR_E8: i64 = 500_000;
const ONE_E8: i64 = 100_000_000;
/// What no price is beyond.
const EVER_E8: i64 = 1_000_000 * ONE_E8;

fn filters(instrument: &SimInstrument, scale: Scale) -> Filters {
    let price = |value: Decimal| value.at_scale(scale.price_decimals).unwrap_or(0);
    let quantity = |value: Decimal| value.at_scale(scale.quantity_decimals).unwrap_or(0);
    let amount = |value: Decimal| Amount::from_decimal(value).unwrap_or(Amount::ZERO);
    let step = price(instrument.price_step);
    let percent = |up_e8, down_e8| PercentPrice { up_e8, down_e8, avg_price_mins: 0 };
    Filters {
        price: Some(Range { min: step, max: 0, step }),
        lot: Some(Range { min: quantity(instrument.min_quantity), max: 0, step: quantity(instrument.quantity_step) }),
        notional: Some(NotionalRange {
            min: amount(instrument.min_notional),
            apply_min_to_market: true,
            max: amount(Decimal::from(NOTIONAL_MAX)),
            apply_max_to_market: true,
            avg_price_mins: 0,
        }),
        percent_price_by_side: Some([percent(ONE_E8 + FAR_E8, 0), percent(EVER_E8, ONE_E8 - FAR_E8)]),
        ..Filters::default()
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
        settle: asset(&instrument.quote),
        kind: Kind::Spot,
        contract_size: Amount::from_decimal(Decimal::from(1)).unwrap_or(Amount::ZERO),
        scale,
        status: TradingStatus::Trading,
        filters: filters(instrument, scale),
        default_stp: StpMode::None,
        allowed_stp: vec![StpMode::None],
        first_trade_id: 1,
        first_update_id: 1,
    }
}

impl MexcVenue {
    /// A venue with these instruments and accounts. Balances that the ledger cannot hold are left out.
    pub(crate) fn new(instruments: &[SimInstrument], accounts: &[SimAccount], limits: &Limits) -> Self {
        let named = instruments.iter().flat_map(|i| [&i.base, &i.quote]);
        let assets = account::assets(named, accounts, COMMISSION_DECIMALS);
        let specs: Vec<InstrumentSpec> = instruments.iter().map(|i| spec(i, &assets)).collect();
        let histories = specs.iter().map(|s| History::new(s.scale)).collect();
        let own = ExchangeFilters { max_orders: Some(ORDERS_MAX), ..ExchangeFilters::default() };
        let mut exchange = Exchange::new(assets, specs, own);
        let keyring = account::open(accounts, &mut exchange);
        let balances = exchange.accounts().flat_map(|id| exchange.balances(id).map(move |(asset, b)| ((id, asset), b)));
        let told = balances.map(|(of, balance)| (of, (balance.free, balance.locked))).collect();
        Self {
            exchange,
            keyring,
            meter: Meter::new(limits),
            histories,
            keys: ListenKeys::default(),
            told,
            user_events: VecDeque::new(),
            races: Races::default(),
            skew: Skew::default(),
            events: Vec::new(),
            tape: Vec::new(),
            takers: Takers::default(),
        }
    }
}
