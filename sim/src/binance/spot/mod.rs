//! Spot: REST and WebSocket API over one exchange. Sans I/O: requests and a time in, answers and events out.
//!
//! [`methods`] lists what there is; [`rest`] and [`ws_api`] are the two ways in; [`orders`], [`queries`], [`market`]
//! and [`info`] do it; [`render`] and [`user_data`] write it down.

pub(crate) mod bars;
pub(crate) mod history;
mod info;
mod market;
mod methods;
mod operator;
mod orders;
mod queries;
mod render;
mod rest;
mod setup;
mod tape;
mod user_data;
mod ws_api;

use std::collections::{BTreeMap, VecDeque};

use crosstick_model::{Amount, AssetId, Decimal, InstrumentId, Scale};
use serde_json::Value;

use self::history::History;
pub(crate) use self::market::{percent, weighted};
use self::methods::Op;
pub(crate) use self::tape::Public;
use self::tape::Tape;
pub(crate) use self::user_data::UserEvent;
pub(crate) use self::ws_api::{ApiSession, Reply};
use crate::api::auth::Keyring;
use crate::api::errors::ApiError;
use crate::api::limits::RateLimits;
use crate::api::params::Params;
use crate::exchange::{AccountId, Event, EventKind, Exchange, InstrumentSpec, OrderUpdate};
use crate::fault::Skew;
use crate::instrument::SimInstrument;
use crate::operator::books::Races;
use crate::rules::TimeUnit;
use crate::text::decimal_padded;

/// Decimals of every price and quantity that spot writes.
pub(crate) const PAD: u8 = 8;

/// A spot venue behind its market streams: one exchange, its accounts' keys, its limits, its history.
#[derive(Debug)]
pub(crate) struct SpotVenue {
    exchange: Exchange,
    keyring: Keyring,
    limits: RateLimits,
    /// By instrument.
    instruments: Vec<SimInstrument>,
    histories: Vec<History>,
    /// By account: when its balances last changed.
    updated_ns: BTreeMap<usize, u64>,
    /// How many client ids were made for those who named none.
    made_ids: u64,
    user_events: VecDeque<UserEvent>,
    /// Fills that cancels race with.
    races: Races,
    /// How far the clock that clients see is ahead.
    skew: Skew,
    events: Vec<Event>,
    /// What the market streams have not seen yet.
    tape: Tape,
}

/// A request that passed the door.
pub(crate) struct Call<'a> {
    params: &'a Params,
    /// Whose, where it was signed.
    account: Option<usize>,
    /// The true time, in nanoseconds since the epoch; what happens goes by it.
    now: u64,
    /// How far the clock that the client sees is ahead.
    skew: Skew,
    unit: TimeUnit,
}

impl Call<'_> {
    fn account(&self) -> Result<AccountId, ApiError> {
        let index = self.account.and_then(|a| u32::try_from(a).ok());
        index.map(AccountId).ok_or_else(ApiError::key_malformed)
    }

    /// Writes times by the venue's clock.
    const fn stamp(&self) -> Stamp {
        Stamp(self.unit, self.skew)
    }

    /// Writes times of market data, which are true.
    const fn market_stamp(&self) -> Stamp {
        Stamp(self.unit, Skew(0))
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

/// Writes times in the unit that a client wants, by a clock that is so far ahead.
#[derive(Debug, Clone, Copy)]
struct Stamp(TimeUnit, Skew);

impl Stamp {
    const fn at(self, nanos: u64) -> u64 {
        let shown = self.1.shown(nanos);
        match self.0 {
            TimeUnit::Millis => shown / 1_000_000,
            TimeUnit::Micros => shown / 1_000,
        }
    }
}

/// The unit that a client names.
fn time_unit(word: &str) -> Result<TimeUnit, ApiError> {
    match word {
        "MICROSECOND" | "microsecond" => Ok(TimeUnit::Micros),
        "MILLISECOND" | "millisecond" => Ok(TimeUnit::Millis),
        _ => {
            let text = "Invalid value for time unit; expected either MICROSECOND or MILLISECOND.";
            Err(ApiError::new(-1194, text))
        }
    }
}

fn sbe_disabled() -> ApiError {
    ApiError::new(-1155, "SBE is not enabled.")
}

pub(crate) fn price_text(scale: Scale, mantissa: i64) -> String {
    decimal_padded(scale.price(mantissa), PAD)
}

pub(crate) fn quantity_text(scale: Scale, mantissa: i64) -> String {
    decimal_padded(scale.quantity(mantissa), PAD)
}

/// An amount with eight decimals, what is below them cut off.
pub(crate) fn amount_text(amount: Amount) -> String {
    decimal_padded(Decimal::new(amount.0 / 100_000_000, PAD), PAD)
}

impl SpotVenue {
    /// The exchange, to look at.
    pub(crate) const fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// Does what an admitted request asks for.
    fn run(&mut self, op: Op, call: &Call<'_>) -> Result<Value, ApiError> {
        let result = match op {
            Op::Ping => Ok(Value::Object(serde_json::Map::new())),
            Op::Time => Ok(serde_json::json!({ "serverTime": call.stamp().at(call.now) })),
            Op::ExchangeInfo => self.exchange_info(call),
            Op::Depth => self.depth(call),
            Op::Trades => self.recent_trades(call, false),
            Op::HistoricalTrades => self.recent_trades(call, true),
            Op::AggTrades => self.agg_trades(call),
            Op::Klines => self.klines(call),
            Op::AvgPrice => self.average_price(call),
            Op::Ticker24hr => self.ticker_24hr(call),
            Op::TickerPrice => self.ticker_price(call),
            Op::TickerBook => self.ticker_book(call),
            Op::ReferencePrice => self.reference_price(call),
            Op::PlaceOrder => self.place_order(call),
            Op::TestOrder => self.test_order(call),
            Op::CancelOrder => self.cancel_order(call),
            Op::CancelOpenOrders => self.cancel_open_orders(call),
            Op::CancelReplace => self.cancel_replace(call),
            Op::AmendOrder => self.amend_order(call),
            Op::OrderStatus => self.order_status(call),
            Op::OpenOrders => self.open_orders(call),
            Op::AllOrders => self.all_orders(call),
            Op::Account => self.account(call),
            Op::MyTrades => self.my_trades(call),
            Op::OrderCounts => Ok(self.limits.order_counts(call.account()?.index(), call.now).into()),
            Op::Commission => self.commission(call),
            Op::PreventedMatches => self.prevented_matches(call),
            Op::SessionLogon
            | Op::SessionStatus
            | Op::SessionLogout
            | Op::SessionSubscriptions
            | Op::Subscribe
            | Op::SubscribeSigned
            | Op::Unsubscribe => Err(ApiError::unsupported()),
        };
        self.settle_events();
        result
    }

    /// The next thing that an account has to be told.
    pub(crate) fn take_user_event(&mut self) -> Option<UserEvent> {
        self.user_events.pop_front()
    }

    /// Moves what the exchange did into histories, order counts and user events.
    pub(super) fn settle_events(&mut self) {
        let mut events = std::mem::take(&mut self.events);
        self.exchange.drain_events(&mut events);
        for event in events.drain(..) {
            match &event.kind {
                EventKind::Trade(trade) => {
                    if let Some(history) = self.histories.get_mut(trade.instrument.index()) {
                        let aggregate = history.push(trade);
                        self.tape.push(event.at_ns, Public::Trade { trade: *trade, aggregate });
                    }
                }
                EventKind::Order { update, order } => {
                    if let OrderUpdate::Trade(fill) = update
                        && order.executed == fill.quantity
                    {
                        self.limits.first_fill(order.account.index(), fill.is_maker, event.at_ns);
                    }
                    let account = order.account;
                    self.tell(account, event);
                }
                EventKind::Balances { account, .. } | EventKind::Deposit { account, .. } => {
                    let account = *account;
                    self.updated_ns.insert(account.index(), event.at_ns);
                    self.tell(account, event);
                }
                EventKind::Level { instrument, side, price, quantity, .. } => {
                    let (instrument, side, price, quantity) = (*instrument, *side, *price, *quantity);
                    self.tape.push(event.at_ns, Public::Level { instrument, side, price, quantity });
                }
                EventKind::Position { .. } | EventKind::Status { .. } => {}
            }
        }
        self.events = events;
    }

    fn tell(&mut self, account: AccountId, event: Event) {
        if !matches!(account, AccountId::HOUSE | AccountId::FEES) {
            self.user_events.push_back(UserEvent { account: account.index(), event });
        }
    }

    /// The instrument that `symbol` names.
    fn instrument_of(&self, call: &Call<'_>) -> Result<InstrumentId, ApiError> {
        self.exchange.instrument(call.params.symbol()?).ok_or_else(ApiError::bad_symbol)
    }

    fn spec(&self, instrument: InstrumentId) -> &InstrumentSpec {
        self.exchange.instrument_spec(instrument)
    }

    fn asset_name(&self, asset: AssetId) -> &str {
        &self.exchange.asset_spec(asset).name
    }

    /// A client id for one who named none.
    fn make_id(&mut self) -> String {
        self.made_ids += 1;
        format!("crosstick{:013}", self.made_ids)
    }
}
