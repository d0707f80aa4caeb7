//! Nothing is lost: books, results and balances against a slow model in big integers and fractions, over random
//! fills of every kind of instrument.

mod common;

use common::*;
use crosstick_model::{Amount, DenyCode, InstrumentId, Intent, Side};
use crosstick_risk::exact::{self, mul_div_ceil, mul_div_floor, mul_rate_ceil};
use crosstick_risk::{Balances, Limits};
use num_bigint::BigInt;
use proptest::prelude::*;

/// 10^16.
fn one() -> BigInt {
    BigInt::from(10u8).pow(16)
}

fn floor_div(a: &BigInt, b: &BigInt) -> BigInt {
    let (q, r) = (a / b, a % b);
    if (r.sign() == num_bigint::Sign::Minus) != (b.sign() == num_bigint::Sign::Minus) && r != BigInt::ZERO {
        q - 1
    } else {
        q
    }
}

fn ceil_div(a: &BigInt, b: &BigInt) -> BigInt {
    -floor_div(&-a, b)
}

fn big(value: Amount) -> BigInt {
    BigInt::from(value.0)
}

/// A fraction in lowest terms; without that its size would double with every trade.
#[derive(Clone)]
struct Fraction {
    num: BigInt,
    den: BigInt,
}

impl Default for Fraction {
    fn default() -> Self {
        Self::new(BigInt::ZERO, BigInt::from(1))
    }
}

impl Fraction {
    fn new(num: BigInt, den: BigInt) -> Self {
        let (mut a, mut b) = (magnitude(&num), magnitude(&den));
        while b != BigInt::ZERO {
            (a, b) = (b.clone(), a % b);
        }
        Self { num: num / &a, den: den / a }
    }

    fn plus(&self, other: &Self) -> Self {
        Self::new(&self.num * &other.den + &other.num * &self.den, &self.den * &other.den)
    }

    fn minus(&self, other: &Self) -> Self {
        Self::new(&self.num * &other.den - &other.num * &self.den, &self.den * &other.den)
    }

    fn times(&self, num: &BigInt, den: &BigInt) -> Self {
        Self::new(&self.num * num, &self.den * den)
    }
}

/// One instrument's fills by the book, in exact numbers: what was paid and received, and average cost as a fraction.
#[derive(Default)]
struct Model {
    quantity: BigInt,
    cash: BigInt,
    fees: BigInt,
    /// Average-cost result, and the basis of the open quantity.
    realised: Fraction,
    basis: Fraction,
    trades: u32,
}

fn magnitude(a: &BigInt) -> BigInt {
    BigInt::from(a.magnitude().clone())
}

impl Model {
    fn trade(&mut self, quantity: &BigInt, flow: &BigInt) {
        self.trades += 1;
        self.cash += flow;
        let flow = Fraction::new(flow.clone(), BigInt::from(1));
        let flat = self.quantity == BigInt::ZERO || quantity == &BigInt::ZERO;
        if flat || self.quantity.sign() == quantity.sign() {
            self.basis = self.basis.plus(&flow);
        } else {
            let (open, closing) = (magnitude(&self.quantity), magnitude(quantity));
            let matched = if closing < open { closing.clone() } else { open.clone() };
            let from_basis = self.basis.times(&matched, &open);
            let from_flow = flow.times(&matched, &closing);
            self.realised = self.realised.plus(&from_basis).plus(&from_flow);
            self.basis = self.basis.minus(&from_basis).plus(&flow).minus(&from_flow);
        }
        self.quantity += quantity;
    }
}

/// What one step does: an order, what of it fills at which price, what it costs, and how it ends.
#[derive(Debug, Clone)]
struct Step {
    instrument: u16,
    buy: bool,
    limit: i64,
    price: i64,
    quantity: i64,
    parts: i64,
    fee: i64,
    fee_in_base: bool,
    bid: i64,
    spread: i64,
    keep_open: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let numbers = (0u16..4, any::<bool>(), 180_000i64..220_000, 150_000i64..250_000, 1i64..5000, 0i64..4);
    let more = (0i64..1_000_000_000_000, any::<bool>(), 180_000i64..220_000, 1i64..200, any::<bool>());
    let step = (numbers, more).prop_map(
        |((instrument, buy, limit, price, quantity, parts), (fee, fee_in_base, bid, spread, keep_open))| Step {
            instrument,
            buy,
            limit: limit * 5,
            price: price * 5 + 1,
            quantity,
            parts,
            fee,
            fee_in_base,
            bid: bid * 5,
            spread,
            keep_open,
        },
    );
    prop::collection::vec(step, 1..40)
}

struct Run {
    desk: Desk,
    models: [Model; 4],
    bids: [i64; 4],
    asks: [i64; 4],
    open: Vec<(crosstick_model::OrderId, i64)>,
}

impl Run {
    fn new() -> Self {
        let world = world();
        let funds = [A, B, C]
            .into_iter()
            .flat_map(|v| [world.usdt, world.btc, world.usd].map(|a| (v, a, amount("1000000000"))));
        let balances = Balances(funds.collect());
        let limits = Limits { price_collar_e8: 100_000_000, ..Limits::NONE };
        let desk = Desk::with(world, limits, Some(balances));
        Self { desk, models: Default::default(), bids: [1_000_000; 4], asks: [1_000_100; 4], open: Vec::new() }
    }

    fn step(&mut self, step: &Step) {
        let desk = &mut self.desk;
        desk.now += S;
        let i = InstrumentId(step.instrument);
        let n = usize::from(step.instrument);
        let quantity = step.quantity * [2, 1, 1, 1000][n] * 2;
        let side = if step.buy { Side::Buy } else { Side::Sell };
        let intent: Intent = desk.intent(i, side, step.limit, quantity);
        let order = desk.gate_one(intent).unwrap();
        let mut left = quantity;
        for part in 0..step.parts {
            let fill = if part == 2 { left } else { left / 2 };
            if fill == 0 {
                break;
            }
            left -= fill;
            let price = step.price + 7 * part;
            let asset = if step.fee_in_base { desk.world.btc } else { desk.world.usdt };
            assert_eq!(desk.fill_fee(order, price, fill, Amount(step.fee.into()), asset), None);
            self.models[n].take(n, side, price, fill, step.fee, step.fee_in_base);
        }
        if left > 0 {
            if step.keep_open {
                self.open.push((order, left));
            } else {
                desk.cancelled(order, left);
            }
        }
        (self.bids[n], self.asks[n]) = (step.bid, step.bid + step.spread);
        desk.quote(i, self.bids[n], self.asks[n]);
    }

    fn check(&self) {
        let mut sum = [BigInt::ZERO, BigInt::ZERO, BigInt::ZERO];
        for (n, view) in self.desk.risk.positions().take(4).enumerate() {
            let model = &self.models[n];
            assert_eq!(big(view.quantity), model.quantity);
            // realised + basis is all cash, to the last unit.
            assert_eq!(BigInt::from(view.book.realised) + view.book.basis, model.cash);
            // Average cost: each trade rounds by less than one unit.
            let off = BigInt::from(view.book.realised) * &model.realised.den - &model.realised.num;
            assert!(magnitude(&off) <= &model.realised.den * model.trades, "off by {off} / {}", model.realised.den);
            let marked = marked(n, &model.quantity, self.bids[n], self.asks[n]);
            let pnl = view.pnl;
            let bid = BigInt::from(self.bids[n]);
            let convert = |x: BigInt| if n == 3 { floor_div(&(x * &bid), &BigInt::from(100)) } else { x };
            assert_eq!(big(pnl.unrealised), convert(view.book.basis + marked.clone()));
            assert_eq!(big(pnl.realised), convert(BigInt::from(view.book.realised)));
            if n != 3 {
                assert_eq!(big(pnl.realised) + big(pnl.unrealised), &model.cash + marked);
                assert_eq!(big(pnl.fees), model.fees);
            }
            assert_eq!(big(pnl.net), big(pnl.realised) - big(pnl.fees) + big(pnl.unrealised));
            for (sum, part) in sum.iter_mut().zip([pnl.realised, pnl.fees, pnl.unrealised]) {
                *sum += big(part);
            }
        }
        let total = self.desk.risk.pnl();
        assert_eq!([big(total.realised), big(total.fees), big(total.unrealised)], sum);
        assert_eq!(big(total.net), big(total.realised) - big(total.fees) + big(total.unrealised));
    }
}

/// What the position would bring: long at the bid, short at the ask, rounded down.
fn marked(n: usize, quantity: &BigInt, bid: i64, ask: i64) -> BigInt {
    let price = BigInt::from(if quantity.sign() == num_bigint::Sign::Plus { bid } else { ask });
    if n == 3 {
        // contracts × 100 / price, with the price at 2 decimals.
        floor_div(&(-quantity * 100 * 100), &price)
    } else {
        floor_div(&(quantity * price), &BigInt::from(100))
    }
}

impl Model {
    fn take(&mut self, n: usize, side: Side, price: i64, quantity: i64, fee: i64, fee_in_base: bool) {
        // Quantities have 3 decimals, prices 2.
        let quantity = BigInt::from(quantity) * side.sign() * one() / 1000;
        let fee = BigInt::from(fee);
        let price = BigInt::from(price);
        if n == 3 {
            self.trade(&quantity, &floor_div(&(&quantity * 100 * 100), &price));
            return;
        }
        // Exact: a multiple of 10^13 divided by 10^2.
        self.trade(&quantity, &(-&quantity * &price / 100));
        if fee_in_base {
            let value = ceil_div(&(&fee * &price), &BigInt::from(100));
            self.fees += &value;
            if n < 2 {
                self.trade(&-fee, &value);
            }
        } else {
            self.fees += fee;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn results_are_exact_cash_flows_and_reservations_never_leak(steps in steps()) {
        let mut run = Run::new();
        for step in &steps {
            run.step(step);
            run.check();
        }
        // Once every order has ended nothing is set aside for orders, and exposure is the positions' alone.
        for (order, left) in std::mem::take(&mut run.open) {
            run.desk.cancelled(order, left);
        }
        run.check();
        prop_assert_eq!(run.desk.risk.open_orders().count(), 0);
        for balance in run.desk.risk.balances() {
            prop_assert_eq!(balance.reserved, Amount::ZERO);
        }
        prop_assert_eq!(run.desk.risk.report_counts(), Default::default());
        let mut gross = BigInt::ZERO;
        for (n, view) in run.desk.risk.positions().take(4).enumerate() {
            let step = one() / 1000;
            let whole = ceil_div(&magnitude(&run.models[n].quantity), &step) * step;
            let worth: BigInt = if n == 3 { whole * 100 } else { whole * run.asks[n] / 100 };
            prop_assert_eq!(big(view.exposure), worth.clone());
            gross += worth;
        }
        let uses = run.desk.risk.limit_uses(run.desk.now);
        let used = uses.iter().find(|u| u.code == DenyCode::GrossNotional).unwrap().used;
        prop_assert_eq!(BigInt::from(used), gross);
        // A contract's margin is its basis: what it was opened for.
        let basis: Vec<i128> = run.desk.risk.positions().map(|p| p.book.basis.abs()).collect();
        let margin = |asset| run.desk.risk.balances().find(|b| b.venue == C && b.asset == asset).unwrap().margin;
        prop_assert_eq!(margin(run.desk.world.usdt), Amount(basis[2]));
        prop_assert_eq!(margin(run.desk.world.btc), Amount(basis[3]));
    }

    #[test]
    fn spot_balances_change_by_what_was_traded_and_fees_alone(steps in steps()) {
        let mut run = Run::new();
        let start = amount("1000000000");
        for step in steps.iter().filter(|s| s.instrument == 1) {
            run.step(step);
        }
        let of = |asset| run.desk.risk.balances().find(|b| b.venue == B && b.asset == asset).unwrap().total;
        let (usdt, btc) = (of(run.desk.world.usdt), of(run.desk.world.btc));
        prop_assert_eq!(big(btc) - big(start), run.models[1].quantity.clone());
        // The model sells the base fee to itself at the fill's price and books that as the fee; so net of fees, its
        // cash is what the quote balance moved by.
        let book = run.desk.risk.positions().nth(1).unwrap().book;
        prop_assert_eq!(big(usdt) - big(start), &run.models[1].cash - &run.models[1].fees);
        prop_assert_eq!(big(usdt) - big(start), BigInt::from(book.cash()) - book.fees);
    }

    #[test]
    fn wide_division_agrees_with_big_integers(
        a in any::<i128>(), b in any::<i128>(), c in 1..=i128::MAX, shifts in (0u32..127, 0u32..127, 0u32..127),
    ) {
        // Shifted, so that small factors and divisors are as common as large ones, and so that most results fit.
        let (a, b, c) = (a >> shifts.0, b >> shifts.1, (c >> shifts.2).max(1));
        let product = BigInt::from(a) * b;
        let expect = |value: BigInt| i128::try_from(value).ok();
        prop_assert_eq!(mul_div_floor(a, b, c), expect(floor_div(&product, &BigInt::from(c))));
        prop_assert_eq!(mul_div_ceil(a, b, c), expect(ceil_div(&product, &BigInt::from(c))));
        prop_assert_eq!(mul_div_floor(a, b, 0), None);
        prop_assert_eq!(mul_div_ceil(a, b, -c), None);
    }

    #[test]
    fn division_by_a_short_divisor_agrees_at_its_edges(
        c in 1..=i128::from(u32::MAX), quotient in 0..1i128 << 94, shifts in (0u32..32, 0u32..96), past in -1..=1i128,
    ) {
        let c = (c >> shifts.0).max(1);
        let multiple = (quotient >> shifts.1) * c + past;
        let edge = (1i128 << 96) + past;
        for amount in [multiple, -multiple, edge, -edge, c * past, past] {
            let (amount, by) = (BigInt::from(amount), BigInt::from(c));
            let number = i128::try_from(amount.clone()).expect("128 bits");
            prop_assert_eq!(mul_div_floor(number, 1, c), i128::try_from(floor_div(&amount, &by)).ok());
            prop_assert_eq!(mul_div_ceil(number, 1, c), i128::try_from(ceil_div(&amount, &by)).ok());
        }
    }

    #[test]
    fn a_step_divides_what_has_no_remainder(step in 1..i64::MAX, number in 0..i64::MAX, shifts in (0u32..63, 0u32..63)) {
        let (step, number) = ((step >> shifts.0).max(1), number >> shifts.1);
        let multiple = number - number % step;
        for number in [number, multiple, multiple.saturating_add(1), multiple.saturating_add(step / 2), 0, step, i64::MAX] {
            prop_assert_eq!(exact::Step::new(step).divides(number), number % step == 0, "{} {}", number, step);
        }
    }

    #[test]
    fn parts_of_a_rate_agree_with_big_integers(a in any::<i128>(), rate in any::<i64>(), shifts in (0u32..127, 0u32..63)) {
        let (a, rate) = (a >> shifts.0, rate >> shifts.1);
        let product = BigInt::from(a) * rate;
        prop_assert_eq!(mul_rate_ceil(a, rate), i128::try_from(ceil_div(&product, &BigInt::from(100_000_000))).ok());
    }
}
