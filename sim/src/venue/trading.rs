//! What every venue that takes orders has behind its protocol, and what the flow, faults and operators do with it.

use crosstick_model::{Amount, Decimal, InstrumentId, Protocol, Side};
use serde_json::{Value, json};

use super::VenueMachine;
use super::futures::Futures;
use super::mexc::Mexc;
use crate::account::SimAccount;
use crate::api::Limits;
use crate::binance::spot::SpotVenue;
use crate::exchange::{AccountId, Exchange, Filters, LevelView, OrderId, TradingStatus};
use crate::fault::{FaultSpec, Skew};
use crate::flow::FlowTimes;
use crate::operator::books::Races;

/// What an order in a symbol must obey, as far as an operator may change it.
#[derive(Debug, Clone)]
pub(crate) struct SymbolRules {
    pub(crate) filters: Filters,
    /// The least notional, where the venue itself checks it and not its exchange.
    pub(crate) least: Option<Decimal>,
}

/// A venue's trading side. Whoever acts on the exchange calls [`Self::settle`] behind it.
pub(crate) trait Trading {
    /// Its exchange, to look at.
    fn exchange(&self) -> &Exchange;

    /// Its exchange.
    fn exchange_mut(&mut self) -> &mut Exchange;

    /// Moves what the exchange did to accounts and streams.
    fn settle(&mut self);

    /// Fills that cancels race with.
    fn races(&mut self) -> &mut Races;

    /// From now on clients see times by a clock that is so far ahead.
    fn set_skew(&mut self, skew: Skew);

    /// The flow's orders so far.
    fn takers(&mut self) -> &mut Takers;

    /// The event time that the flow states, while it acts.
    fn flow_time(&mut self, event_ns: Option<u64>);

    /// The flow quoted.
    fn quoted(&mut self, instrument: InstrumentId, quote: [i64; 4], times: FlowTimes);

    /// The first id of an instrument's sums of trades.
    fn number_sums_from(&mut self, instrument: InstrumentId, sum: u64);

    /// Whether each call of [`flow_trade`] with several trades is so many; else it is one.
    fn counts_trades(&self) -> bool {
        false
    }

    /// A symbol's filters, as its listing shows them.
    fn filters_json(&self, instrument: InstrumentId) -> Value;

    /// The rules of a symbol.
    fn rules(&self, instrument: InstrumentId) -> SymbolRules {
        SymbolRules { filters: self.exchange().instrument_spec(instrument).filters.clone(), least: None }
    }

    /// Gives a symbol other rules.
    fn set_rules(&mut self, instrument: InstrumentId, rules: SymbolRules) {
        // An instrument that it was asked for exists.
        let _ = self.exchange_mut().set_filters(instrument, rules.filters);
    }
}

impl VenueMachine {
    /// Puts an exchange behind the protocol.
    pub(super) fn open_exchange(&mut self, accounts: &[SimAccount], limits: &Limits) {
        let instruments = self.instruments.clone();
        match self.protocol {
            Protocol::BinanceSpot => self.spot = Some(Box::new(SpotVenue::new(instruments, accounts, limits))),
            Protocol::BinanceUsdm | Protocol::BinanceCoinm => {
                self.futures = Some(Box::new(Futures::new(self.protocol, instruments, accounts, limits)));
            }
            Protocol::MexcSpot => self.mexc = Some(Box::new(Mexc::new(&instruments, accounts, limits))),
        }
    }

    /// What stands behind the protocol.
    pub(super) fn trading(&self) -> Option<&dyn Trading> {
        let spot = self.spot.as_deref().map(|s| s as &dyn Trading);
        let futures = self.futures.as_deref().map(|f| &f.venue as &dyn Trading);
        spot.or(futures).or(self.mexc.as_deref().map(|m| &m.venue as &dyn Trading))
    }

    pub(super) fn trading_mut(&mut self) -> Option<&mut dyn Trading> {
        let spot = self.spot.as_deref_mut().map(|s| s as &mut dyn Trading);
        let futures = self.futures.as_deref_mut().map(|f| &mut f.venue as &mut dyn Trading);
        spot.or(futures).or(self.mexc.as_deref_mut().map(|m| &mut m.venue as &mut dyn Trading))
    }
}

/// By instrument: the flow's number, side and id of its last order.
#[derive(Debug, Default)]
pub(crate) struct Takers(Vec<Option<(u64, Side, OrderId)>>);

impl Takers {
    /// Whether the flow's order `number` goes on.
    fn going_on(&self, instrument: InstrumentId, number: u64, side: Side) -> Option<OrderId> {
        let (of, at, order) = (*self.0.get(instrument.index())?)?;
        ((of, at) == (number, side)).then_some(order)
    }

    fn remember(&mut self, instrument: InstrumentId, number: u64, side: Side, order: OrderId) {
        if self.0.len() <= instrument.index() {
            self.0.resize(instrument.index() + 1, None);
        }
        self.0[instrument.index()] = Some((number, side, order));
    }
}

/// Pays into an account, or out of it where the amount is below zero; why not, in words.
pub(crate) fn deposit(
    venue: &mut dyn Trading,
    account: AccountId,
    asset: &str,
    amount: Decimal,
    now: u64,
) -> Result<(), String> {
    let asset = venue.exchange().asset(asset).ok_or_else(|| format!("no asset is named {asset}"))?;
    let amount = Amount::from_decimal(amount).ok_or_else(|| format!("{amount} has more than 16 decimals"))?;
    venue.exchange_mut().deposit(now, account, asset, amount).map_err(|e| e.to_string())?;
    venue.settle();
    Ok(())
}

/// The first ids of a flow's trades and of their sums, as long as nothing was traded.
pub(crate) fn number_from(venue: &mut dyn Trading, symbol: &str, trade: u64, sum: u64) {
    let Some(instrument) = venue.exchange().instrument(symbol) else { return };
    let fresh = venue.exchange().trades(instrument).len() == 0;
    if fresh && venue.exchange_mut().number_trades_from(instrument, trade).is_ok() {
        venue.number_sums_from(instrument, sum);
    }
}

/// The house's quotes: the simulated market's best prices and quantities, which client orders meet.
pub(crate) fn house_quotes(
    venue: &mut dyn Trading,
    symbol: &str,
    update_id: Option<u64>,
    bids: &[LevelView],
    asks: &[LevelView],
    now: u64,
) {
    let Some(instrument) = venue.exchange().instrument(symbol) else { return };
    if let Err(e) = venue.exchange_mut().set_quotes(now, instrument, update_id, bids, asks) {
        tracing::debug!("{symbol}: the flow's quote is not taken: {e}");
    }
    venue.settle();
}

/// The house trades: what rests at this price or better is hit first.
pub(crate) fn house_print(
    venue: &mut dyn Trading,
    symbol: &str,
    taker: Side,
    price: i64,
    quantities: &[i64],
    now: u64,
) {
    let Some(instrument) = venue.exchange().instrument(symbol) else { return };
    if let Err(e) = venue.exchange_mut().print(now, instrument, taker, price, quantities) {
        tracing::debug!("{symbol}: the flow's trade is not taken: {e}");
    }
    venue.settle();
}

/// The flow quotes: the best level of each side first.
pub(crate) fn flow_quotes(
    venue: &mut dyn Trading,
    symbol: &str,
    update_id: u64,
    bids: &[LevelView],
    asks: &[LevelView],
    times: FlowTimes,
) {
    let Some(instrument) = venue.exchange().instrument(symbol) else { return };
    venue.flow_time(Some(times.event_ns));
    house_quotes(venue, symbol, Some(update_id), bids, asks, times.match_ns);
    if let ([bid, ..], [ask, ..]) = (bids, asks) {
        venue.quoted(instrument, [bid.price, bid.quantity, ask.price, ask.quantity], times);
    }
    venue.flow_time(None);
}

/// The flow trades `quantity` in so many trades. Calls of one side with one number of an order are one order's.
pub(crate) fn flow_trade(
    venue: &mut dyn Trading,
    symbol: &str,
    taker: Side,
    price: i64,
    (quantity, trades): (i64, u64),
    times: FlowTimes,
) {
    let Some(instrument) = venue.exchange().instrument(symbol) else { return };
    let going_on = venue.takers().going_on(instrument, times.order, taker);
    let order = going_on.unwrap_or_else(|| venue.exchange_mut().house_order());
    venue.takers().remember(instrument, times.order, taker, order);
    venue.flow_time(Some(times.event_ns));
    let parts = parts(quantity, if venue.counts_trades() { trades } else { 1 });
    let printed = venue.exchange_mut().print_as(times.match_ns, instrument, order, taker, price, &parts);
    if let Err(e) = printed {
        tracing::debug!("{symbol}: the flow's trade is not taken: {e}");
    }
    venue.settle();
    venue.flow_time(None);
}

/// A quantity in so many parts: what each is does not matter, how many there are does.
fn parts(quantity: i64, trades: u64) -> Vec<i64> {
    let count = i64::try_from(trades).unwrap_or(1).clamp(1, quantity.clamp(1, 1_000));
    let each = quantity / count;
    let mut list = vec![each; usize::try_from(count).unwrap_or(1)];
    if let Some(last) = list.last_mut() {
        *last += quantity - each * count;
    }
    list
}

/// A symbol's status; what it was. `None`: no such symbol.
pub(crate) fn set_status(
    venue: &mut dyn Trading,
    symbol: &str,
    status: TradingStatus,
    now: u64,
) -> Option<TradingStatus> {
    let id = venue.exchange().instrument(symbol)?;
    let before = venue.exchange().status(id);
    venue.exchange_mut().set_status(now, id, status).ok()?;
    venue.settle();
    Some(before)
}

/// A symbol's rules; what they were. `None`: no such symbol.
pub(crate) fn set_rules(venue: &mut dyn Trading, symbol: &str, rules: SymbolRules) -> Option<SymbolRules> {
    let id = venue.exchange().instrument(symbol)?;
    let before = venue.rules(id);
    venue.set_rules(id, rules);
    Some(before)
}

/// A symbol's rules as a fault changes them. `Err`: what of it the symbol's decimals cannot hold.
pub(crate) fn rules_by(venue: &dyn Trading, symbol: &str, spec: &FaultSpec) -> Result<SymbolRules, &'static str> {
    let id = venue.exchange().instrument(symbol).ok_or("symbol")?;
    let scale = venue.exchange().instrument_spec(id).scale;
    let SymbolRules { mut filters, mut least } = venue.rules(id);
    let at = |text: &Option<String>, decimals, field| match text.as_deref().map(str::parse::<Decimal>) {
        None => Ok(None),
        Some(Ok(value)) => value.at_scale(decimals).map(Some).ok_or(field),
        Some(Err(_)) => Err(field),
    };
    if let (Some(step), Some(rule)) =
        (at(&spec.price_step, scale.price_decimals, "price_step")?, filters.price.as_mut())
    {
        (rule.step, rule.min) = (step, step);
    }
    if let Some(lot) = filters.lot.as_mut() {
        lot.step = at(&spec.quantity_step, scale.quantity_decimals, "quantity_step")?.unwrap_or(lot.step);
        lot.min = at(&spec.min_quantity, scale.quantity_decimals, "min_quantity")?.unwrap_or(lot.min);
    }
    if let Some(text) = &spec.min_notional {
        let value: Decimal = text.parse().map_err(|_| "min_notional")?;
        let amount = Amount::from_decimal(value).ok_or("min_notional")?;
        match least.as_mut() {
            Some(least) => *least = value,
            None => filters.notional.as_mut().ok_or("min_notional")?.min = amount,
        }
    }
    if let Some(most) = spec.max_orders {
        filters.max_orders = Some(usize::try_from(most).unwrap_or(usize::MAX));
    }
    Ok(SymbolRules { filters, least })
}

/// Every symbol with its status and filters, as exchangeInfo states them.
pub(crate) fn list_symbols(venue: &dyn Trading) -> Vec<Value> {
    let exchange = venue.exchange();
    let list = exchange.instruments().map(|(id, spec)| {
        let status = exchange.status(id).name();
        json!({ "symbol": spec.symbol, "status": status, "filters": venue.filters_json(id) })
    });
    list.collect()
}
