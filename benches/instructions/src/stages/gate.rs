//! Risk's decision on groups of opening intents: all limits set and balances tracked, none of them reached.

use std::hint::black_box;

use crosstick_model::{
    DenyCode, GroupId, InstrumentId, Intent, Purpose, Quote, Side, Tick, TimeInForce, Universe, VenueId,
};
use crosstick_risk::{Approved, Balances, Limits, Rates, Risk};

use super::Stage;
use super::world::{currency, one_market};

const GROUPS: u64 = 16;
const SECOND_NS: u64 = 1_000_000_000;
/// 60 000.00 and 0.005: a notional of 300.
const BID: i64 = 6_000_000;
const ASK: i64 = 6_000_005;
const QUANTITY: i64 = 500;

struct Desk {
    risk: Risk,
    now_ns: u64,
    group: u64,
    intents: Vec<Intent>,
    approved: Vec<Approved>,
}

impl Desk {
    fn new() -> Self {
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
        let rates = Rates::new(&universe, universe.find_asset("USDT").expect("the quote asset"), &[]);
        let risk = Risk::new(&universe, limits, rates, Some(&balances(&universe)));
        let (intents, approved) = (Vec::with_capacity(64), Vec::with_capacity(64));
        Self { risk, now_ns: 1_700_000_000 * SECOND_NS, group: 0, intents, approved }
    }

    /// Two seconds on, so that the order rate counts afresh; new quotes, and intents of new groups.
    fn prepare(&mut self, groups: u64, legs: usize, quantity: i64) {
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

    fn gate_all(&mut self, legs: usize) -> u64 {
        for group in self.intents.chunks(legs) {
            let _ = black_box(self.risk.gate(self.now_ns, black_box(group), &mut self.approved));
        }
        self.approved.len() as u64
    }
}

fn balances(universe: &Universe) -> Balances {
    let find = |name: &str| universe.find_asset(name).expect("an asset of the market");
    let both = [VenueId(0), VenueId(1)];
    Balances(both.iter().flat_map(|v| [(*v, find("USDT"), currency(20_000)), (*v, find("BTC"), currency(1))]).collect())
}

/// One group of so many legs.
pub fn groups(legs: usize) -> Stage {
    let mut desk = Desk::new();
    for _ in 0..3 {
        desk.prepare(GROUPS, legs, QUANTITY);
        assert_eq!(desk.gate_all(legs), GROUPS * legs as u64, "all are approved");
    }
    desk.prepare(1, legs, 2 * QUANTITY + 1);
    let denied = desk.risk.gate(desk.now_ns, &desk.intents, &mut desk.approved);
    assert_eq!(denied, Err((0, DenyCode::OrderNotional)), "and one that is too large is not");
    desk.prepare(GROUPS, legs, QUANTITY);
    Stage::new(GROUPS, move || desk.gate_all(legs))
}

/// Orders as the gate approves them, on two venues in turn.
pub fn approved() -> Vec<Approved> {
    let mut desk = Desk::new();
    desk.prepare(GROUPS, 2, QUANTITY);
    desk.gate_all(2);
    std::mem::take(&mut desk.approved)
}
