//! Decision records back from their bytes. Cold: for journals and whoever explains them.

use super::{Decision, Decline, Outcome, Route};
use crate::deny::DenyCode;
use crate::instrument::{InstrumentId, MarketId, VenueId};
use crate::order::{GroupId, Intent, Order, OrderId, Purpose, Side, TimeInForce};

/// Bytes that are read front to back.
struct From<'a>(&'a [u8]);

impl From<'_> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_le_bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    fn code(&mut self) -> Option<DenyCode> {
        DenyCode::ALL.get(usize::from(self.u8()?)).copied()
    }

    fn intent(&mut self) -> Option<Intent> {
        Some(Intent {
            group: GroupId(self.u64()?),
            leg: self.u8()?,
            instrument: InstrumentId(self.u16()?),
            side: match self.u8()? {
                0 => Side::Buy,
                1 => Side::Sell,
                _ => return None,
            },
            time_in_force: match self.u8()? {
                0 => TimeInForce::Ioc,
                1 => TimeInForce::Gtc,
                _ => return None,
            },
            purpose: match self.u8()? {
                0 => Purpose::Open,
                1 => Purpose::Close,
                _ => return None,
            },
            price: self.i64()?,
            quantity: self.i64()?,
        })
    }

    fn outcome(&mut self) -> Option<Outcome> {
        Some(match self.u8()? {
            0 => match self.u8()? {
                0 => Outcome::Taken,
                _ => return None,
            },
            1 => Outcome::Denied(self.code()?),
            2 => Outcome::Declined(*Decline::ALL.get(usize::from(self.u8()?))?),
            _ => return None,
        })
    }
}

impl Decision {
    /// The decision that [`Decision::write`] wrote; `None` when the bytes are not exactly one.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let mut from = From(bytes);
        let decision = match from.u8()? {
            1 => Self::OpportunityBegin {
                id: from.u64()?,
                route: Route { market: MarketId(from.u16()?), buy: VenueId(from.u8()?), sell: VenueId(from.u8()?) },
                at_ns: from.u64()?,
                edge_ppm: from.i64()?,
                buy_price: from.i64()?,
                sell_price: from.i64()?,
                quantity: from.i64()?,
            },
            2 => Self::OpportunityEnd {
                id: from.u64()?,
                at_ns: from.u64()?,
                best_edge_ppm: from.i64()?,
                outcome: from.outcome()?,
            },
            3 => Self::Intent { at_ns: from.u64()?, intent: from.intent()? },
            4 => Self::Verdict {
                at_ns: from.u64()?,
                group: GroupId(from.u64()?),
                denied: match from.array()? {
                    [0, 0, 0] => None,
                    [1, leg, code] => Some((leg, *DenyCode::ALL.get(usize::from(code))?)),
                    _ => return None,
                },
            },
            5 => Self::Order(Order { id: OrderId(from.u64()?), decided_ns: from.u64()?, intent: from.intent()? }),
            6 => Self::Halt { at_ns: from.u64()?, code: from.code()? },
            7 => Self::Resume { at_ns: from.u64()? },
            _ => return None,
        };
        from.0.is_empty().then_some(decision)
    }
}
