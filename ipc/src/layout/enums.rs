//! COLD: what the numbers in records mean. The region's own enumerations are declared here; those of the model are
//! listed by their own names.

use crosstick_model::decision::{Decline, Outcome};
use crosstick_model::{DenyCode, Kind, Liquidity, Purpose, RejectReason, Side, TickKind, TimeInForce};

macro_rules! numbered {
    ($(
        $(#[doc = $doc:literal])+
        pub enum $name:ident {
            $($(#[doc = $variant_doc:literal])+ $variant:ident = $number:literal, $word:literal;)*
        }
    )*) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum $name {
            $($(#[doc = $variant_doc])+ $variant = $number,)*
        }

        impl $name {
            /// All, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The one of that number.
            #[must_use]
            pub const fn from_number(number: u32) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The word for it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            fn words() -> Words {
                Self::ALL.iter().map(|v| (*v as u32, v.name())).collect()
            }
        }
    )*};
}

numbered! {
    /// What an engine does at the moment.
    pub enum State {
        /// Not ready yet.
        Starting = 0, "starting";
        /// At work.
        Running = 1, "running";
        /// At work, but risk has halted trading.
        Halted = 2, "halted";
        /// Ended in order.
        Stopped = 3, "stopped";
    }

    /// Whose money it is.
    pub enum Mode {
        /// Nobody's.
        Paper = 0, "paper";
        /// Real orders.
        Live = 1, "live";
    }

    /// Where an order stands, as slots and events tell it.
    pub enum OrderStatus {
        /// The slot is free.
        Free = 0, "free";
        /// Given to a gateway; nothing heard yet.
        Sent = 1, "sent";
        /// The venue has it.
        Accepted = 2, "accepted";
        /// Some of it executed, the rest stands.
        PartlyFilled = 3, "partly_filled";
        /// All of it executed.
        Filled = 4, "filled";
        /// Ended with a rest, executed in part or not at all.
        Cancelled = 5, "cancelled";
        /// The venue refused it, or what was left of it.
        Rejected = 6, "rejected";
    }

    /// What a limit is counted in.
    pub enum LimitKind {
        /// The risk currency.
        Currency = 0, "currency";
        /// Orders.
        Orders = 1, "orders";
        /// Millionths of the price.
        Ppm = 2, "ppm";
    }

    /// Which end of an opportunity an event tells.
    pub enum Phase {
        /// It began.
        Begin = 0, "begin";
        /// It ended.
        End = 1, "end";
    }

    /// What a tick led to.
    pub enum LedTo {
        /// No intent.
        Nothing = 0, "nothing";
        /// Intents that risk denied.
        Denied = 1, "denied";
        /// Orders that a gateway took.
        Orders = 2, "orders";
        /// Orders for which no gateway had room.
        Unsent = 3, "unsent";
    }

    /// What happened.
    pub enum EventKind {
        /// The engine is at work.
        Started = 1, "started";
        /// The engine is about to end.
        Stopping = 2, "stopping";
        /// A line of a venue went live.
        LineLive = 3, "line_live";
        /// A line of a venue went down; its prices are forgotten.
        LineDown = 4, "line_down";
        /// A line lags; its quotes are not used.
        LineLagging = 5, "line_lagging";
        /// A line does not lag any more.
        LineCaughtUp = 6, "line_caught_up";
        /// Trading is halted.
        Halted = 7, "halted";
        /// Trading goes on after a halt.
        Resumed = 8, "resumed";
        /// A limit was reached or exceeded.
        Breach = 9, "breach";
        /// An order found no free slot in `open_orders`.
        NoSlot = 10, "no_slot";
    }
}

/// Numbers and their words.
pub type Words = Vec<(u32, &'static str)>;

/// First number of the deny codes among outcomes.
const DENIED: u32 = 16;
/// First number of the strategy's own reasons among outcomes.
const DECLINED: u32 = 64;
/// The opportunity is not over, or nothing was decided about it yet.
pub const OUTCOME_OPEN: u32 = 0;
/// At least one order was sent.
pub const OUTCOME_TAKEN: u32 = 1;

const _: () = assert!(DENIED as usize + DenyCode::ALL.len() <= DECLINED as usize, "outcomes overlap");

/// What became of an opportunity, as one number.
#[inline]
#[must_use]
pub const fn outcome_number(outcome: Outcome) -> u32 {
    match outcome {
        Outcome::Taken => OUTCOME_TAKEN,
        Outcome::Denied(code) => DENIED + code as u32,
        Outcome::Declined(reason) => DECLINED + reason as u32,
    }
}

/// The word of an outcome's number, as the opportunity file spells it; `open` for [`OUTCOME_OPEN`].
#[must_use]
pub fn outcome_name(number: u32) -> Option<&'static str> {
    outcomes().into_iter().find(|(n, _)| *n == number).map(|(_, word)| word)
}

fn outcomes() -> Words {
    let denied = DenyCode::ALL.iter().map(|code| Outcome::Denied(*code));
    let declined = Decline::ALL.into_iter().map(Outcome::Declined);
    let decided = std::iter::once(Outcome::Taken).chain(denied).chain(declined);
    std::iter::once((OUTCOME_OPEN, "open")).chain(decided.map(|o| (outcome_number(o), o.code()))).collect()
}

/// A reject reason as a number: 0 is none.
#[inline]
#[must_use]
pub const fn reject_number(reason: Option<RejectReason>) -> u32 {
    match reason {
        None => 0,
        Some(reason) => 1 + reason as u32,
    }
}

fn reject_reasons() -> Words {
    let all = [RejectReason::Simulated, RejectReason::NoQuote, RejectReason::Venue];
    let named = all.into_iter().map(|r| (reject_number(Some(r)), r.name()));
    std::iter::once((reject_number(None), "none")).chain(named).collect()
}

/// Every enumeration that records refer to, by name.
#[must_use]
pub fn enums() -> Vec<(&'static str, Words)> {
    vec![
        ("state", State::words()),
        ("mode", Mode::words()),
        ("order_status", OrderStatus::words()),
        ("limit_kind", LimitKind::words()),
        ("phase", Phase::words()),
        ("event_kind", EventKind::words()),
        ("led_to", LedTo::words()),
        ("outcome", outcomes()),
        ("reject_reason", reject_reasons()),
        ("deny_code", DenyCode::ALL.iter().map(|c| (*c as u32, c.code())).collect()),
        ("side", [Side::Buy, Side::Sell].into_iter().map(|s| (s as u32, s.name())).collect()),
        (
            "instrument_kind",
            [Kind::Spot, Kind::Linear, Kind::Inverse].into_iter().map(|k| (k as u32, k.name())).collect(),
        ),
        ("tick_kind", vec![(TickKind::Quote as u32, "quote"), (TickKind::Trade as u32, "trade")]),
        ("time_in_force", vec![(TimeInForce::Ioc as u32, "ioc"), (TimeInForce::Gtc as u32, "gtc")]),
        ("purpose", vec![(Purpose::Open as u32, "open"), (Purpose::Close as u32, "close")]),
        ("liquidity", vec![(Liquidity::Maker as u32, "maker"), (Liquidity::Taker as u32, "taker")]),
    ]
}
