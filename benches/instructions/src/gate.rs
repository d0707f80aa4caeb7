//! Risk's decisions on groups of intents, over and over.

use std::hint::black_box;

use crosstick_model::{
    Amount, DenyCode, GroupId, InstrumentId, Intent, Purpose, Quote, Side, Tick, TimeInForce, Universe, VenueId,
};
use crosstick_risk::{Approved, Balances, Limits, Rates, Risk};

use crate::world::{currency, one_market};

/// Groups that are in flight at most.
pub const GROUPS: u64 = 16;
const SECOND_NS: u64 = 1_000_000_000;
/// 60 000.00 and 0.005: a notional of 300.
const BID: i64 = 6_000_000;
const ASK: i64 = 6_000_005;
const QUANTITY: i64 = 500;

/// Risk over two venues, all limits set, balances tracked.
#[derive(Debug)]
pub struct GateDesk {
    risk: Risk,
    now_ns: u64,
    group: u64,
    intents: Vec<Intent>,
    /// What the gate let through and nobody took back yet.
    pub approved: Vec<Approved>,
}

impl GateDesk {
    /// With flat positions.
    #[must_use]
    pub fn new() -> Self {
        let universe = one_market(2);
        let limits = Limits {
            max_order_notional: currency(600),
            max_position_notional: currency(20_000),
            max_gross_notional: currency(100_000),
            max_net_notional: currency(20_000),
            max_open_orders: 64,
            max_orders_per_second: 64,
            price_collar_e8: 500_000,
            max_daily_loss: currency(1_000),
            max_drawdown: currency(1_000),
            max_age_ns: 2 * SECOND_NS,
        };
        let risk = Risk::new(&universe, limits, rates(&universe), Some(&balances(&universe)));
        let (intents, approved) = (Vec::with_capacity(64), Vec::with_capacity(64));
        Self { risk, now_ns: 1_700_000_000 * SECOND_NS, group: 0, intents, approved }
    }

    /// Two seconds on, so that the order rate counts afresh; new quotes, and intents of new groups.
    ///
    /// # Panics
    /// When the gate halts at a quote, which it must not.
    pub fn prepare(&mut self, groups: u64, legs: usize) {
        self.prepare_of(groups, legs, QUANTITY);
    }

    fn prepare_of(&mut self, groups: u64, legs: usize, quantity: i64) {
        for order in self.approved.drain(..) {
            self.risk.withdraw(order);
        }
        self.now_ns += 2 * SECOND_NS;
        let quote = Quote { bid: BID, bid_quantity: 10_000, ask: ASK, ask_quantity: 10_000 };
        for id in 0..2 {
            let halted = self.risk.on_tick(self.now_ns, &Tick::quote(InstrumentId(id), 0, quote, self.now_ns, 1));
            assert!(halted.is_none());
        }
        self.intents.clear();
        for _ in 0..groups {
            self.group += 1;
            for leg in 0..legs as u8 {
                let (side, price) = if leg == 0 { (Side::Buy, ASK) } else { (Side::Sell, BID) };
                self.intents.push(Intent {
                    group: GroupId(self.group),
                    leg,
                    instrument: InstrumentId(leg.into()),
                    side,
                    price,
                    quantity,
                    time_in_force: TimeInForce::Ioc,
                    purpose: Purpose::Open,
                });
            }
        }
    }

    /// Puts all prepared groups through the gate.
    #[inline]
    pub fn gate_all(&mut self, legs: usize) {
        for group in self.intents.chunks(legs) {
            let _ = black_box(self.risk.gate(self.now_ns, black_box(group), &mut self.approved));
        }
    }

    /// All are approved, with ids in order; a group that is too large is denied; taken back, nothing is left.
    ///
    /// # Panics
    /// When that is not so.
    pub fn verify(&mut self, legs: usize) {
        self.prepare(GROUPS, legs);
        self.gate_all(legs);
        let orders: Vec<_> = self.approved.iter().map(|approved| *approved.order()).collect();
        assert_eq!(orders.iter().map(|order| order.intent).collect::<Vec<_>>(), self.intents, "every leg, in order");
        assert!(orders.windows(2).all(|pair| pair[0].id.0 + 1 == pair[1].id.0));
        self.prepare_of(1, legs, 2 * QUANTITY + 1);
        let denied = self.risk.gate(self.now_ns, &self.intents, &mut self.approved);
        assert_eq!(denied, Err((0, DenyCode::OrderNotional)));
        assert!(self.approved.is_empty());
        assert!(
            self.risk.positions().all(|position| position.exposure == Amount::ZERO),
            "nothing is set aside any more"
        );
    }
}

impl Default for GateDesk {
    fn default() -> Self {
        Self::new()
    }
}

fn rates(universe: &Universe) -> Rates {
    Rates::new(universe, universe.find_asset("USDT").expect("the quote asset"), &[])
}

fn balances(universe: &Universe) -> Balances {
    let find = |name: &str| universe.find_asset(name).expect("an asset of the market");
    let both = [VenueId(0), VenueId(1)];
    Balances(both.iter().flat_map(|v| [(*v, find("USDT"), currency(20_000)), (*v, find("BTC"), currency(1))]).collect())
}
