//! MEXC spot: REST, listen keys, account events and protobuf market streams over one exchange. Sans I/O: requests and
//! a time in, answers and events out.
//!
//! [`methods`] lists what there is; [`rest`] is the way in, past [`meter`] and [`sign`]; [`orders`], [`batch`],
//! [`queries`], [`market`], [`info`] and [`keys`] do it; [`render`] and [`user_data`] write it down; [`channel`] reads
//! the names of streams and what clients ask for, [`streams`] makes the market streams, [`proto`] is their messages.
//!
//! Where the venue's own way is not published, this is ours. Limit depths, batches and bars are looked at every
//! 100 ms, 100 ms and second, and told when they changed; commissions are taken from what is received, in as many
//! decimals as there are; orders of one account trade with each other; a maker-only order that would take is refused
//! with 30041, a repeated client id with 30026, numbers that fit no step with 33333; an order that does not exist is
//! -2011 for queries, too; refusals are HTTP 400. Account events come as order, deal, balance. A listen key is made
//! anew by each POST and its connections end with it; on a wrong one the connection is told so and closed.
//!
//! **Deliberately absent:** stop and OCO orders, margin, sub-accounts, transfers, the retired JSON channels: what asks
//! for them is refused.

mod batch;
pub(crate) mod channel;
mod errors;
mod info;
mod keys;
mod market;
mod meter;
mod methods;
mod operator;
mod orders;
mod proto;
mod queries;
mod read;
mod render;
mod rest;
mod setup;
mod sign;
pub(crate) mod streams;
mod user_data;

use std::collections::{BTreeMap, VecDeque};

use crosstick_model::{Amount, AssetId, Decimal, InstrumentId, Scale, Side};
use serde_json::{Value, json};

pub(crate) use self::errors::refusal as fault_refusal;
use self::errors::{BAD_SYMBOL, MexcError};
use self::keys::ListenKeys;
use self::meter::Meter;
use self::methods::Op;
use crate::api::auth::Keyring;
use crate::api::params::Params;
use crate::binance::spot::history::History;
use crate::exchange::{AccountId, Event, EventKind, Exchange, InstrumentSpec, Trade};
use crate::fault::Skew;
use crate::operator::books::Races;
use crate::text::decimal_padded;
use crate::venue::listen::AccountEvent;
use crate::venue::trading::Takers;

/// Something public that happened.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Public {
    Trade(Trade),
    /// A level shows another quantity.
    Level {
        instrument: InstrumentId,
        side: Side,
        price: i64,
        quantity: i64,
    },
}

/// A MEXC venue behind its market streams: one exchange, its accounts' keys, its limits, its history.
#[derive(Debug)]
pub(crate) struct MexcVenue {
    exchange: Exchange,
    keyring: Keyring,
    meter: Meter,
    /// By instrument.
    histories: Vec<History>,
    keys: ListenKeys,
    /// Balances as accounts were told them last: free and locked.
    told: BTreeMap<(AccountId, AssetId), (Amount, Amount)>,
    user_events: VecDeque<AccountEvent>,
    /// Fills that cancels race with.
    races: Races,
    /// How far the clock that clients see is ahead.
    skew: Skew,
    events: Vec<Event>,
    /// What the market streams have not seen yet.
    tape: Vec<Public>,
    takers: Takers,
}

/// A request that passed the door.
struct Call<'a> {
    params: &'a Params,
    /// Whose, where it was signed.
    account: Option<usize>,
    /// The true time, in nanoseconds since the epoch; what happens goes by it.
    now: u64,
    /// How far the clock that the client sees is ahead.
    skew: Skew,
}

impl Call<'_> {
    fn account(&self) -> Result<AccountId, MexcError> {
        let index = self.account.and_then(|a| u32::try_from(a).ok());
        index.map(AccountId).ok_or(errors::KEY_MISSING)
    }

    /// A time that a parameter names by the venue's clock, in truth.
    fn time(&self, name: &str) -> Result<Option<u64>, MexcError> {
        Ok(read::time(self.params, name)?.map(|at| self.skew.real(at)))
    }
}

/// A time in the unit of all its times, as it is: market data have no other.
const fn millis(nanos: u64) -> u64 {
    nanos / 1_000_000
}

/// A number without zeros behind its last digit.
fn plain(value: Decimal) -> String {
    decimal_padded(value.normalised(), 0)
}

fn amount_text(amount: Amount) -> String {
    plain(Decimal::new(amount.0, 16))
}

fn price_text(scale: Scale, mantissa: i64) -> String {
    plain(scale.price(mantissa))
}

fn quantity_text(scale: Scale, mantissa: i64) -> String {
    plain(scale.quantity(mantissa))
}

impl MexcVenue {
    /// The exchange, to look at.
    pub(crate) const fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// A time in milliseconds as the venue's clock shows it.
    const fn stamp(&self, nanos: u64) -> u64 {
        millis(self.skew.shown(nanos))
    }

    /// Does what an admitted request asks for.
    fn run(&mut self, op: Op, call: &Call<'_>) -> Result<Value, MexcError> {
        let result = match op {
            Op::Ping => Ok(json!({})),
            Op::Time => Ok(json!({ "serverTime": self.stamp(call.now) })),
            Op::DefaultSymbols | Op::SelfSymbols => Ok(self.symbols(call)),
            Op::ExchangeInfo => self.exchange_info(call),
            Op::Depth => self.depth(call),
            Op::Trades => self.recent_trades(call),
            Op::AggTrades => self.agg_trades(call),
            Op::Klines => self.klines(call),
            Op::AvgPrice => self.average_price(call),
            Op::Ticker24hr => self.ticker_24hr(call),
            Op::TickerPrice => self.ticker_price(call),
            Op::TickerBook => self.ticker_book(call),
            Op::TestOrder => self.test_order(call),
            Op::PlaceOrder => self.place_order(call),
            Op::PlaceBatch => self.place_batch(call),
            Op::CancelOrder => self.cancel_order(call),
            Op::CancelOpenOrders => self.cancel_open_orders(call),
            Op::OrderStatus => self.order_status(call),
            Op::OpenOrders => self.open_orders(call),
            Op::AllOrders => self.all_orders(call),
            Op::Account => self.account_json(call),
            Op::MyTrades => self.my_trades(call),
            Op::TradeFee => self.trade_fee(call),
            Op::StartStream => self.start_stream(call),
            Op::ListStreams => self.list_streams(call),
            Op::KeepStream => self.keep_stream(call),
            Op::CloseStream => self.close_stream(call),
        };
        self.settle_events();
        result
    }

    /// Moves what the exchange did into histories, onto the tape and to the accounts.
    fn settle_events(&mut self) {
        let mut events = std::mem::take(&mut self.events);
        self.exchange.drain_events(&mut events);
        let mut why: Option<&'static str> = None;
        for event in events.drain(..) {
            match &event.kind {
                EventKind::Trade(trade) => {
                    if let Some(history) = self.histories.get_mut(trade.instrument.index()) {
                        history.push(trade);
                    }
                    self.tape.push(Public::Trade(*trade));
                }
                EventKind::Level { instrument, side, price, quantity, .. } => {
                    let (instrument, side, price, quantity) = (*instrument, *side, *price, *quantity);
                    self.tape.push(Public::Level { instrument, side, price, quantity });
                }
                EventKind::Order { update, order } => {
                    why = Some(user_data::reason(update));
                    self.tell_order(update, order, event.at_ns);
                }
                EventKind::Deposit { .. } => why = Some("DEPOSIT"),
                EventKind::Balances { account, balances } => {
                    self.tell_balances(*account, balances, why.unwrap_or("ENTRUST"), event.at_ns);
                }
                EventKind::Position { .. } | EventKind::Status { .. } => {}
            }
        }
        self.events = events;
    }

    /// Moves the tape to the end of `into`.
    pub(crate) fn take_tape(&mut self, into: &mut Vec<Public>) {
        into.append(&mut self.tape);
    }

    /// What was traded of an instrument.
    pub(crate) fn history(&self, instrument: InstrumentId) -> Option<&History> {
        self.histories.get(instrument.index())
    }

    /// The instrument that `symbol` names; symbols are upper case.
    fn instrument_of(&self, params: &Params) -> Result<InstrumentId, MexcError> {
        self.exchange.instrument(read::need(params, "symbol")?).ok_or(BAD_SYMBOL)
    }

    fn spec(&self, instrument: InstrumentId) -> &InstrumentSpec {
        self.exchange.instrument_spec(instrument)
    }

    fn asset_name(&self, asset: AssetId) -> &str {
        &self.exchange.asset_spec(asset).name
    }
}
