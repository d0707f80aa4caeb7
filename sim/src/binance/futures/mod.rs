//! USD-M and COIN-M futures: REST, listen keys and account events over one exchange. Sans I/O: requests and a time
//! in, answers and events out.
//!
//! [`methods`] lists what there is; [`rest`] is the way in; [`orders`], [`batch`], [`queries`], [`account`], [`market`]
//! and [`bars`] do it; [`render`] and [`user_data`] write it down; [`streams`] makes the market streams.
//!
//! Where the venue's own way is not published, this is ours. Mark and index price are the middle of the best quotes
//! (the last trade's price where a side is empty); no funding is paid and its rate is zero; nothing is liquidated, so
//! maintenance margin is zero and there is no liquidation price; the break-even price is the entry price. A sum of
//! trades (`aggTrade`) is of one order at one price and told when the order is done, not after 100 ms. All that a
//! command did to an account comes as TRADE_LITE of each fill, ORDER_TRADE_UPDATE of each change, one ACCOUNT_UPDATE
//! with what then is. Refusals that are not in the documentation's list have the code that fits best. Prices and
//! quantities have the decimals of their steps, zero is `0`, amounts have eight decimals.
//!
//! **Deliberately absent:** the algo orders, GTD and RPI orders, price match, isolated margin, the WebSocket API: what
//! asks for them is refused, with -4120, -1115, -1106, -4167 or -5000.

mod account;
mod bars;
mod batch;
mod info;
mod keys;
mod market;
mod methods;
mod operator;
mod orders;
mod queries;
mod render;
mod rest;
mod setup;
pub(crate) mod streams;
mod sums;
mod tape;
mod user_data;

use std::collections::{BTreeMap, VecDeque};

use crosstick_model::{Amount, AssetId, Decimal, InstrumentId, Protocol, Scale};
use serde_json::Value;

use self::keys::ListenKeys;
use self::methods::Op;
pub(crate) use self::sums::Sum;
use self::sums::Sums;
pub(crate) use self::tape::Public;
use self::tape::Tape;
use crate::api::auth::Keyring;
use crate::api::errors::ApiError;
use crate::api::limits::RateLimits;
use crate::api::params::Params;
use crate::binance::spot::history::History;
use crate::exchange::{AccountId, Event, Exchange, InstrumentSpec, PositionSide};
use crate::fault::Skew;
use crate::instrument::SimInstrument;
use crate::operator::books::Races;
use crate::text::decimal_padded;
use crate::venue::listen::AccountEvent;

/// A futures venue behind its market streams: one exchange, its accounts' keys, its limits, its listen keys.
#[derive(Debug)]
pub(crate) struct FuturesVenue {
    protocol: Protocol,
    exchange: Exchange,
    keyring: Keyring,
    limits: RateLimits,
    /// By instrument.
    instruments: Vec<SimInstrument>,
    sums: Vec<Sums>,
    histories: Vec<History>,
    /// By instrument: what positions are valued at.
    marks: Vec<Option<i64>>,
    keys: ListenKeys,
    /// The client's number of the modification that is being done.
    modify_id: Option<u64>,
    /// When positions last changed.
    updated_ns: BTreeMap<(AccountId, InstrumentId, PositionSide), u64>,
    user_events: VecDeque<AccountEvent>,
    /// Fills that cancels race with.
    races: Races,
    /// How far the clock that clients see is ahead.
    skew: Skew,
    events: Vec<Event>,
    /// What the market streams have not seen yet.
    tape: Tape,
}

/// A request that passed the door.
struct Call<'a> {
    params: &'a Params,
    /// Whose, where a key was given.
    account: Option<usize>,
    /// The true time, in nanoseconds since the epoch; what happens goes by it.
    now: u64,
    /// How far the clock that the client sees is ahead.
    skew: Skew,
    /// The version in its path.
    version: u8,
}

impl Call<'_> {
    fn account(&self) -> Result<AccountId, ApiError> {
        let index = self.account.and_then(|a| u32::try_from(a).ok());
        index.map(AccountId).ok_or_else(ApiError::key_malformed)
    }

    /// What a client may take for the present.
    fn latest(&self) -> u64 {
        self.skew.shown(self.now).max(self.now)
    }

    /// A time that a parameter names by the venue's clock, in truth.
    fn time(&self, name: &str) -> Result<Option<u64>, ApiError> {
        let shown = self.params.time(name, self.skew.shown(self.now))?;
        Ok(shown.map(|at| self.skew.real(at)))
    }
}

/// A time in the unit of all futures times, as it is: market data have no other.
const fn millis(nanos: u64) -> u64 {
    nanos / 1_000_000
}

fn price_text(scale: Scale, mantissa: i64) -> String {
    if mantissa == 0 { "0".to_owned() } else { decimal_padded(scale.price(mantissa), 0) }
}

fn quantity_text(scale: Scale, mantissa: i64) -> String {
    if mantissa == 0 { "0".to_owned() } else { decimal_padded(scale.quantity(mantissa), 0) }
}

/// An amount with eight decimals, what is below them cut off.
fn amount_text(amount: Amount) -> String {
    decimal_padded(Decimal::new(amount.0 / 100_000_000, 8), 8)
}

impl FuturesVenue {
    /// The exchange, to look at.
    pub(crate) const fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// A time in milliseconds as the venue's clock shows it.
    const fn stamp(&self, nanos: u64) -> u64 {
        millis(self.skew.shown(nanos))
    }

    /// Whether its contracts are inverse: COIN-M.
    fn is_coin(&self) -> bool {
        self.protocol == Protocol::BinanceCoinm
    }

    /// Does what an admitted request asks for.
    fn run(&mut self, op: Op, call: &Call<'_>) -> Result<Value, ApiError> {
        let result = match op {
            Op::Ping => Ok(Value::Object(serde_json::Map::new())),
            Op::Time => Ok(serde_json::json!({ "serverTime": self.stamp(call.now) })),
            Op::ExchangeInfo => Ok(self.exchange_info(call.now)),
            Op::Depth => self.depth(call),
            Op::Trades => self.recent_trades(call),
            Op::AggTrades => self.agg_trades(call),
            Op::Klines => self.klines(call),
            Op::TickerPrice => self.ticker_price(call),
            Op::TickerBook => self.ticker_book(call),
            Op::Ticker24hr => self.ticker_24hr(call),
            Op::PremiumIndex => self.premium_index(call),
            Op::PlaceOrder => self.place_order(call),
            Op::TestOrder => self.test_order(call),
            Op::ModifyOrder => self.modify_order(call),
            Op::CancelOrder => self.cancel_order(call),
            Op::CancelOpenOrders => self.cancel_open_orders(call),
            Op::PlaceBatch => self.place_batch(call),
            Op::ModifyBatch => self.modify_batch(call),
            Op::CancelBatch => self.cancel_batch(call),
            Op::OrderStatus => self.order_status(call),
            Op::OpenOrders => self.open_orders(call),
            Op::AllOrders => self.all_orders(call),
            Op::UserTrades => self.user_trades(call),
            Op::Account => self.account_json(call),
            Op::Balance => self.balance_json(call),
            Op::PositionRisk => self.position_risk(call),
            Op::LeverageBracket => self.leverage_brackets(call),
            Op::SetLeverage => self.set_leverage(call),
            Op::SetDual => self.set_dual(call),
            Op::GetDual => self.get_dual(call),
            Op::StartStream => self.start_stream(call),
            Op::KeepStream => self.keep_stream(call),
            Op::CloseStream => self.close_stream(call),
        };
        self.settle_events();
        result
    }

    /// The instrument that `symbol` names.
    fn instrument_of(&self, params: &Params) -> Result<InstrumentId, ApiError> {
        self.exchange.instrument(params.symbol()?).ok_or_else(ApiError::bad_symbol)
    }

    /// The instruments that a request is about, and whether it named one.
    fn chosen(&self, params: &Params) -> Result<(Vec<InstrumentId>, bool), ApiError> {
        if params.text("symbol")?.is_some() {
            return Ok((vec![self.instrument_of(params)?], true));
        }
        let pair = params.text("pair")?;
        let all = self.exchange.instruments().filter(|(_, s)| pair.is_none_or(|p| pair_of(&s.symbol) == p));
        Ok((all.map(|(id, _)| id).collect(), false))
    }

    fn spec(&self, instrument: InstrumentId) -> &InstrumentSpec {
        self.exchange.instrument_spec(instrument)
    }

    fn asset_name(&self, asset: AssetId) -> &str {
        &self.exchange.asset_spec(asset).name
    }
}

/// The pair of a contract: its symbol up to the underscore.
fn pair_of(symbol: &str) -> &str {
    symbol.split_once('_').map_or(symbol, |(pair, _)| pair)
}
