//! Futures on the same books: positions, margin, reduce-only orders; linear and inverse.

use crosstick_model::{Amount, AssetId, InstrumentId, Kind, Scale, Side};
use crosstick_sim::exchange::{
    AccountId, AccountSpec, AssetSpec, CancelRestriction, EventKind, Exchange, ExchangeFilters, Filters,
    InstrumentSpec, LevelView, NewOrder, OrderId, OrderRef, OrderStatus, OrderUpdate, OrderView, PositionSide, Reject,
    StpMode, Tif, TradingStatus,
};
use proptest::prelude::*;

use PositionSide::Both as BOTH;
use Side::{Buy, Sell};

const BTC: AssetId = AssetId(0);
const USDT: AssetId = AssetId(1);
const LINEAR: InstrumentId = InstrumentId(0);
const INVERSE: InstrumentId = InstrumentId(1);
const ONE: i128 = 10i128.pow(16);

/// Linear: whole dollars and thousandths. Inverse: tenths of dollars and contracts of 100 dollars.
fn exchange() -> Exchange {
    let asset = |name: &str| AssetSpec { name: name.to_owned(), commission_decimals: 8 };
    let linear = InstrumentSpec {
        symbol: "BTCUSDT".to_owned(),
        base: BTC,
        quote: USDT,
        settle: USDT,
        kind: Kind::Linear,
        contract_size: Amount(ONE),
        scale: Scale::new(0, 3).expect("a scale"),
        status: TradingStatus::Trading,
        filters: Filters::default(),
        default_stp: StpMode::None,
        allowed_stp: StpMode::ALL.to_vec(),
        first_trade_id: 1,
        first_update_id: 0,
    };
    let inverse = InstrumentSpec {
        symbol: "BTCUSD_PERP".to_owned(),
        settle: BTC,
        kind: Kind::Inverse,
        contract_size: Amount(100 * ONE),
        scale: Scale::new(1, 0).expect("a scale"),
        ..linear.clone()
    };
    Exchange::new(vec![asset("BTC"), asset("USDT")], vec![linear, inverse], ExchangeFilters::default())
}

fn account(exchange: &mut Exchange, rate_e8: i64, btc: i128, usdt: i128) -> AccountId {
    let spec = AccountSpec { maker_e8: rate_e8, taker_e8: rate_e8, ..AccountSpec::default() };
    let account = exchange.add_account(spec);
    exchange.deposit(0, account, BTC, Amount(btc * ONE)).expect("a deposit");
    exchange.deposit(0, account, USDT, Amount(usdt * ONE)).expect("a deposit");
    account
}

/// Trades at a price with the house.
fn trade(exchange: &mut Exchange, account: AccountId, instrument: InstrumentId, side: Side, price: i64, quantity: i64) {
    let level = [LevelView { price, quantity }];
    let (bids, asks): (&[LevelView], &[LevelView]) = if side == Buy { (&[], &level) } else { (&level, &[]) };
    exchange.set_quotes(0, instrument, None, &[], &[]).expect("quotes");
    exchange.set_quotes(0, instrument, None, bids, asks).expect("quotes");
    let placed = exchange.submit(0, account, &NewOrder::limit(instrument, side, price, quantity)).expect("an order");
    assert_eq!(placed.order.status, OrderStatus::Filled);
}

fn position(exchange: &Exchange, account: AccountId, instrument: InstrumentId) -> (i64, i64) {
    let p = exchange.position(account, instrument, BOTH).expect("an instrument");
    (p.quantity, p.entry_price)
}

#[test]
fn a_linear_position_averages_realises_and_turns() {
    let mut x = exchange();
    let me = account(&mut x, 50_000, 0, 10_000);
    trade(&mut x, me, LINEAR, Buy, 100, 1_000);
    trade(&mut x, me, LINEAR, Buy, 110, 1_000);
    assert_eq!(position(&x, me, LINEAR), (2_000, 105));
    trade(&mut x, me, LINEAR, Sell, 120, 500);
    // (120 − 105) × 0.5 = 7.5.
    assert_eq!(x.position(me, LINEAR, BOTH).expect("a position").realised, Amount(75 * ONE / 10));
    x.set_mark_price(LINEAR, 90).expect("a price");
    assert_eq!(x.position(me, LINEAR, BOTH).expect("a position").unrealised, Amount(-225 * ONE / 10));
    // Closes 1.5 at 101, which loses 6, and opens 0.5 short.
    trade(&mut x, me, LINEAR, Sell, 101, 2_000);
    assert_eq!(position(&x, me, LINEAR), (-500, 101));
    assert_eq!(x.position(me, LINEAR, BOTH).expect("a position").realised, Amount(15 * ONE / 10));
    // 0.05 % of 100 + 110 + 60 + 202 = 472 dollars.
    assert_eq!(x.balance(me, USDT).free, Amount(10_000 * ONE + 15 * ONE / 10 - 236 * ONE / 1_000));
    assert_eq!(x.balance(AccountId::FEES, USDT).free, Amount(236 * ONE / 1_000));
    assert_eq!(x.account_trades(me, LINEAR).len(), 4);
}

#[test]
fn an_inverse_position_settles_in_coins() {
    let mut x = exchange();
    let me = account(&mut x, 0, 1, 0);
    trade(&mut x, me, INVERSE, Buy, 500_000, 10);
    assert_eq!(position(&x, me, INVERSE), (10, 500_000));
    x.set_mark_price(INVERSE, 400_000).expect("a price");
    // 10 × 100 × (1/50000 − 1/40000) = −0.005.
    assert_eq!(x.position(me, INVERSE, BOTH).expect("a position").unrealised, Amount(-5 * ONE / 1_000));
    trade(&mut x, me, INVERSE, Sell, 550_000, 10);
    // 10 × 100 × (1/50000 − 1/55000) = 0.00181818…, whose last digit falls to the side that gives.
    assert_eq!(x.balance(me, BTC).free, Amount(ONE + 18_181_818_181_819));
    assert_eq!(position(&x, me, INVERSE), (0, 0));
    let house = x.position(AccountId::HOUSE, INVERSE, BOTH).expect("a position");
    assert_eq!((house.quantity, house.realised), (0, Amount(-18_181_818_181_819)));
}

#[test]
fn margin_is_asked_for_the_worse_side_at_the_leverage() {
    let mut x = exchange();
    let me = account(&mut x, 0, 0, 100);
    x.set_mark_price(LINEAR, 100).expect("a price");
    let limit = |side, quantity| NewOrder::limit(LINEAR, side, 100, quantity);
    // 20 times: 100 dollars carry 20 BTC at 100.
    assert_eq!(x.submit(0, me, &limit(Buy, 20_001)), Err(Reject::InsufficientMargin));
    assert!(x.submit(0, me, &limit(Buy, 20_000)).is_ok());
    assert_eq!(x.initial_margin(me, USDT), Amount(100 * ONE));
    // The other side costs nothing more.
    let sell = NewOrder::limit(LINEAR, Sell, 101, 20_000);
    assert!(x.submit(0, me, &sell).is_ok());
    assert_eq!(x.submit(0, me, &NewOrder::limit(LINEAR, Sell, 101, 1)), Err(Reject::InsufficientMargin));
    assert_eq!(x.set_leverage(me, LINEAR, 10), Err(Reject::InsufficientMargin));
    assert_eq!(x.set_leverage(me, LINEAR, 126), Err(Reject::BadLeverage));
    assert_eq!(x.position(me, LINEAR, BOTH).expect("a position").leverage, 20);
    x.cancel_all(0, me, LINEAR).expect("a cancel");
    assert_eq!(x.set_leverage(me, LINEAR, 1), Ok(()));
    assert_eq!(x.submit(0, me, &limit(Buy, 1_001)), Err(Reject::InsufficientMargin));
    trade(&mut x, me, LINEAR, Buy, 100, 1_000);
    // A loss on paper: nothing can be added, but everything given back.
    x.set_mark_price(LINEAR, 60).expect("a price");
    assert_eq!(x.equity(me, USDT), Amount(60 * ONE));
    assert_eq!(x.submit(0, me, &limit(Buy, 1)), Err(Reject::InsufficientMargin));
    assert!(x.submit(0, me, &limit(Sell, 2_000)).is_ok());
}

#[test]
fn reduce_only_orders_reduce_and_follow_the_position() {
    let mut x = exchange();
    let (me, other) = (account(&mut x, 0, 0, 1_000), account(&mut x, 0, 0, 1_000));
    let reduce =
        |side, price, quantity| NewOrder { reduce_only: true, ..NewOrder::limit(LINEAR, side, price, quantity) };
    assert_eq!(x.submit(0, me, &reduce(Sell, 110, 100)), Err(Reject::ReduceOnly));
    trade(&mut x, me, LINEAR, Buy, 100, 1_000);
    assert_eq!(x.submit(0, me, &reduce(Buy, 90, 100)), Err(Reject::ReduceOnly));
    let now = |x: &Exchange, order: &OrderView| {
        x.order(order.account, order.instrument, &OrderRef::Id(order.id)).expect("an order")
    };
    let first = x.submit(0, me, &reduce(Sell, 110, 800)).expect("an order").order;
    let second = x.submit(0, me, &reduce(Sell, 110, 800)).expect("an order").order;
    // Of a plan for 1.6 only 1 is there: both can close no more than the position together.
    let taken = x.submit(0, other, &NewOrder { tif: Tif::Ioc, ..NewOrder::limit(LINEAR, Buy, 110, 1_600) });
    assert_eq!(taken.expect("an order").order.executed, 1_000);
    assert_eq!((now(&x, &first).status, now(&x, &second).status), (OrderStatus::Filled, OrderStatus::Filled));
    assert_eq!(now(&x, &second).executed, 200);
    assert_eq!(position(&x, me, LINEAR).0, 0);
    // As a taker it stops where the position ends.
    trade(&mut x, me, LINEAR, Buy, 100, 1_000);
    let waiting = x.submit(0, me, &reduce(Sell, 120, 700)).expect("an order").order;
    x.set_quotes(0, LINEAR, None, &[LevelView { price: 95, quantity: 5_000 }], &[]).expect("quotes");
    let market = NewOrder { reduce_only: true, ..NewOrder::market(LINEAR, Sell, 3_000) };
    let placed = x.submit(0, me, &market).expect("an order").order;
    assert_eq!((placed.status, placed.executed), (OrderStatus::Expired, 1_000));
    assert_eq!(now(&x, &waiting).status, OrderStatus::Expired);
    assert!(x.depth(LINEAR, Sell, 10).is_empty());
}

#[test]
fn maker_only_and_modified_orders() {
    let mut x = exchange();
    let me = account(&mut x, 0, 0, 10_000);
    x.set_quotes(0, LINEAR, None, &[], &[LevelView { price: 100, quantity: 500 }]).expect("quotes");
    let gtx = |price| NewOrder { tif: Tif::Gtx, ..NewOrder::limit(LINEAR, Buy, price, 1_000) };
    assert_eq!(x.submit(0, me, &gtx(100)), Err(Reject::WouldMatchImmediately));
    let order = x.submit(0, me, &gtx(99)).expect("an order").order;
    let reference = OrderRef::Id(order.id);
    let same = x.modify(0, me, LINEAR, &reference, 99, 1_000);
    assert_eq!(same.map(|p| p.order.id), Err(Reject::NoChange));
    let modified = x.modify(0, me, LINEAR, &reference, 98, 2_000).expect("a modification").order;
    assert_eq!((modified.price, modified.open_quantity(), modified.status), (98, 2_000, OrderStatus::New));
    let crossing = x.modify(0, me, LINEAR, &reference, 100, 2_000).expect("a modification").order;
    assert_eq!(crossing.status, OrderStatus::Canceled);
    let order = x.submit(0, me, &NewOrder::limit(LINEAR, Buy, 90, 1_000)).expect("an order").order;
    let reference = OrderRef::Id(order.id);
    let placed = x.modify(0, me, LINEAR, &reference, 100, 700).expect("a modification");
    assert_eq!((placed.order.executed, placed.order.open_quantity(), placed.fills.len()), (500, 200, 1));
    let ended = x.modify(0, me, LINEAR, &reference, 100, 500).expect("a modification").order;
    assert_eq!((ended.status, ended.executed), (OrderStatus::Canceled, 500));
    let too_much = x.submit(0, me, &NewOrder::limit(LINEAR, Buy, 90, 10)).expect("an order").order;
    let refused = x.modify(0, me, LINEAR, &OrderRef::Id(too_much.id), 90, 10_000_000);
    assert_eq!(refused.map(|p| p.order.id), Err(Reject::InsufficientMargin));
    // An order that takes all the margin there is can be moved: it is not counted twice.
    let poor = account(&mut x, 0, 0, 100);
    x.set_mark_price(LINEAR, 100).expect("a price");
    let all = x.submit(0, poor, &NewOrder::limit(LINEAR, Buy, 90, 20_000)).expect("an order").order;
    assert!(x.modify(0, poor, LINEAR, &OrderRef::Id(all.id), 91, 20_000).is_ok());
}

#[test]
fn hedge_mode_keeps_two_positions_and_closes_each_by_its_side() {
    let mut x = exchange();
    let me = account(&mut x, 0, 0, 1_000);
    let order =
        |which, side, quantity| NewOrder { position_side: which, ..NewOrder::limit(LINEAR, side, 100, quantity) };
    let (long, short) = (PositionSide::Long, PositionSide::Short);
    assert_eq!(x.submit(0, me, &order(long, Buy, 1)), Err(Reject::PositionSideMismatch));
    let resting = x.submit(0, me, &NewOrder::limit(LINEAR, Buy, 1, 1)).expect("an order").order;
    assert_eq!(x.set_hedge_mode(me, true), Err(Reject::ModeOpenOrders));
    x.cancel(0, me, LINEAR, &OrderRef::Id(resting.id), CancelRestriction::None, "").expect("a cancel");
    assert_eq!((x.set_hedge_mode(me, true), x.set_hedge_mode(me, true)), (Ok(()), Err(Reject::NoChange)));
    assert_eq!(x.submit(0, me, &order(BOTH, Buy, 1)), Err(Reject::PositionSideMismatch));
    let reduce = NewOrder { reduce_only: true, ..order(long, Sell, 1) };
    assert_eq!(x.submit(0, me, &reduce), Err(Reject::PositionSideMismatch));
    // Nothing to close yet.
    assert_eq!(x.submit(0, me, &order(short, Buy, 1)), Err(Reject::ReduceOnly));
    let quotes = |x: &mut Exchange, price| {
        let (bid, ask) = (LevelView { price: price - 1, quantity: 9_000 }, LevelView { price, quantity: 9_000 });
        x.set_quotes(0, LINEAR, None, &[bid], &[ask]).expect("quotes");
    };
    let market = |which, side, quantity| NewOrder { position_side: which, ..NewOrder::market(LINEAR, side, quantity) };
    quotes(&mut x, 100);
    x.submit(0, me, &market(long, Buy, 2_000)).expect("an order");
    x.submit(0, me, &market(short, Sell, 1_000)).expect("an order");
    let held = |x: &Exchange, which| {
        let p = x.position(me, LINEAR, which).expect("a position");
        (p.quantity, p.entry_price, p.realised)
    };
    assert_eq!((held(&x, long), held(&x, short)), ((2_000, 100, Amount::ZERO), (-1_000, 99, Amount::ZERO)));
    assert_eq!(x.set_hedge_mode(me, false), Err(Reject::ModeOpenPositions));
    // Both are carried: 3 BTC at 110 and 20 times.
    x.set_mark_price(LINEAR, 110).expect("a price");
    assert_eq!(x.initial_margin(me, USDT), Amount(165 * ONE / 10));
    quotes(&mut x, 121);
    // It may sell more than there is: what is there is closed, the other position stays.
    let placed = x.submit(0, me, &market(long, Sell, 5_000)).expect("an order").order;
    assert_eq!((placed.executed, placed.status), (2_000, OrderStatus::Expired));
    assert_eq!((held(&x, long), held(&x, short).0), ((0, 0, Amount(40 * ONE)), -1_000));
    x.submit(0, me, &market(short, Buy, 1_000)).expect("an order");
    assert_eq!(held(&x, short), (0, 0, Amount(-22 * ONE)));
    assert_eq!(x.balance(me, USDT).free, Amount(1_018 * ONE));
    assert_eq!(x.set_hedge_mode(me, false), Ok(()));
}

#[derive(Debug, Clone)]
enum Command {
    Order {
        account: usize,
        inverse: bool,
        side: Side,
        offset: i64,
        quantity: i64,
        tif: Tif,
        market: bool,
        reduce: bool,
    },
    Modify {
        account: usize,
        inverse: bool,
        which: usize,
        offset: i64,
        quantity: i64,
    },
    Cancel {
        account: usize,
        inverse: bool,
    },
    Quotes {
        inverse: bool,
        offset: i64,
        bid: i64,
        ask: i64,
    },
    Mark {
        inverse: bool,
        offset: i64,
    },
}

fn command() -> impl Strategy<Value = Command> {
    let side = prop_oneof![Just(Buy), Just(Sell)];
    let tif = prop_oneof![3 => Just(Tif::Gtc), 1 => Just(Tif::Ioc), 1 => Just(Tif::Fok), 1 => Just(Tif::Gtx)];
    let flags = (any::<bool>(), prop::bool::weighted(0.2), prop::bool::weighted(0.4));
    prop_oneof![
        10 => (0usize..3, side, -8i64..9, 1i64..40, tif, flags).prop_map(
            |(account, side, offset, quantity, tif, (inverse, market, reduce))| {
                Command::Order { account, inverse, side, offset, quantity, tif, market, reduce }
            }
        ),
        2 => (0usize..3, any::<bool>(), 0usize..4, -8i64..9, 1i64..40).prop_map(
            |(account, inverse, which, offset, quantity)| Command::Modify { account, inverse, which, offset, quantity }
        ),
        1 => (0usize..3, any::<bool>()).prop_map(|(account, inverse)| Command::Cancel { account, inverse }),
        3 => (any::<bool>(), -6i64..7, 1i64..30, 1i64..30)
            .prop_map(|(inverse, offset, bid, ask)| Command::Quotes { inverse, offset, bid, ask }),
        1 => (any::<bool>(), -10i64..11).prop_map(|(inverse, offset)| Command::Mark { inverse, offset }),
    ]
}

/// What an account's fills say it must have, kept apart from the exchange: cash moved, and what is open.
#[derive(Debug, Clone, Copy, Default)]
struct Books {
    quantity: i64,
    /// Sum of what fills brought less what they cost.
    flow: i128,
    realised: i128,
    commission: i128,
}

/// The account in hedge mode.
const HEDGED: usize = 2;

struct Run {
    x: Exchange,
    accounts: Vec<AccountId>,
    /// By account, instrument and position side.
    books: Vec<[[Books; 3]; 2]>,
}

impl Run {
    fn new() -> Self {
        let mut x = exchange();
        let accounts: Vec<AccountId> = [40_000, 0, 33_333].iter().map(|rate| account(&mut x, *rate, 1, 400)).collect();
        x.set_mark_price(LINEAR, 1_000).expect("a price");
        x.set_mark_price(INVERSE, 10_000).expect("a price");
        x.set_hedge_mode(accounts[HEDGED], true).expect("a mode");
        let books = vec![[[Books::default(); 3]; 2]; accounts.len()];
        Self { x, accounts, books }
    }

    fn instrument(inverse: bool) -> (InstrumentId, i64) {
        if inverse { (INVERSE, 10_000) } else { (LINEAR, 1_000) }
    }

    fn step(&mut self, command: &Command) {
        match *command {
            Command::Order { account, inverse, side, offset, quantity, tif, market, reduce } => {
                let (instrument, mid) = Self::instrument(inverse);
                let limit = NewOrder { tif, ..NewOrder::limit(instrument, side, mid + offset, quantity) };
                let order = if market { NewOrder::market(instrument, side, quantity) } else { limit };
                // In hedge mode the flag chooses a position instead.
                let order = match (account == HEDGED, reduce) {
                    (false, reduce_only) => NewOrder { reduce_only, ..order },
                    (true, true) => NewOrder { position_side: PositionSide::Long, ..order },
                    (true, false) => NewOrder { position_side: PositionSide::Short, ..order },
                };
                let settle = if inverse { BTC } else { USDT };
                let before = self.x.initial_margin(self.accounts[account], settle);
                let placed = self.x.submit(0, self.accounts[account], &order);
                if let Ok(placed) = placed
                    && placed.order.status == OrderStatus::New
                    && self.x.initial_margin(self.accounts[account], settle) > before
                {
                    let margin = self.x.initial_margin(self.accounts[account], settle);
                    assert!(margin <= self.x.equity(self.accounts[account], settle), "{order:?}");
                }
            }
            Command::Modify { account, inverse, which, offset, quantity } => {
                let (instrument, mid) = Self::instrument(inverse);
                let open = self.x.open_orders(self.accounts[account], Some(instrument));
                let id = open.get(which).map_or(OrderId(0), |o| o.id);
                let told =
                    self.x.modify(0, self.accounts[account], instrument, &OrderRef::Id(id), mid + offset, quantity);
                assert!(id != OrderId(0) || told.is_err());
            }
            Command::Cancel { account, inverse } => {
                // Nothing open is a refusal, and as good.
                let _ = self.x.cancel_all(0, self.accounts[account], Self::instrument(inverse).0);
            }
            Command::Quotes { inverse, offset, bid, ask } => {
                let (instrument, mid) = Self::instrument(inverse);
                let (bid, ask) = (
                    LevelView { price: mid + offset - 1, quantity: bid },
                    LevelView { price: mid + offset + 1, quantity: ask },
                );
                self.x.set_quotes(0, instrument, None, &[bid], &[ask]).expect("quotes");
            }
            Command::Mark { inverse, offset } => {
                let (instrument, mid) = Self::instrument(inverse);
                self.x.set_mark_price(instrument, mid + offset * mid / 100).expect("a price");
            }
        }
        self.take_events();
        self.check();
    }

    /// Books every fill by the rule that a position's average price stays where it is when a part of it is closed.
    fn take_events(&mut self) {
        let mut events = Vec::new();
        self.x.drain_events(&mut events);
        for event in events {
            let EventKind::Order { update: OrderUpdate::Trade(fill), order } = event.kind else { continue };
            let at = self.accounts.iter().position(|a| *a == order.account).expect("an account");
            let inverse = order.instrument == INVERSE;
            let books = &mut self.books[at][usize::from(inverse)][order.position_side as usize];
            let signed = fill.side.sign() * fill.quantity;
            if order.reduce_only {
                let smaller = books.quantity.signum() == -signed.signum() && fill.quantity <= books.quantity.abs();
                assert!(smaller, "a reduce-only fill of {signed} on {}", books.quantity);
            }
            if inverse {
                // 100 dollars a contract; price in tenths.
                let exact = i128::from(fill.quantity) * 100 * ONE * 10 / i128::from(fill.price);
                assert_eq!(fill.value.0, exact);
            } else {
                assert_eq!(fill.value.0, i128::from(fill.quantity) * i128::from(fill.price) * ONE / 1_000);
            }
            let flow = fill.value.0 * i128::from(if inverse { fill.side.sign() } else { -fill.side.sign() });
            let closes = books.quantity.signum() * signed < 0;
            assert!(closes || fill.realised == Amount::ZERO, "opening realises nothing");
            books.quantity += signed;
            books.flow += flow;
            books.realised += fill.realised.0;
            books.commission += fill.commission.0;
        }
    }

    fn check(&self) {
        for (inverse, asset) in [(false, USDT), (true, BTC)] {
            let instrument = Self::instrument(inverse).0;
            let (mut sum, mut net) = (0, 0);
            for account in self.x.accounts() {
                let balance = self.x.balance(account, asset);
                assert_eq!(balance.locked, Amount::ZERO);
                sum += balance.free.0;
                for side in PositionSide::ALL {
                    let p = self.x.position(account, instrument, side).expect("a position");
                    sum += p.basis.0;
                    net += p.quantity;
                    assert!(p.quantity != 0 || p.basis == Amount::ZERO, "a flat position owes nothing: {p:?}");
                    let fits = match side {
                        PositionSide::Both => true,
                        PositionSide::Long => p.quantity >= 0,
                        PositionSide::Short => p.quantity <= 0,
                    };
                    assert!(fits, "{p:?}");
                }
            }
            assert_eq!(net, 0, "for every long there is a short");
            assert_eq!(sum, self.x.deposited(asset).0, "every unit is somewhere");
            for (account, books) in self.accounts.iter().zip(&self.books) {
                let mut wallet = if inverse { ONE } else { 400 * ONE };
                for side in PositionSide::ALL {
                    let books = books[usize::from(inverse)][side as usize];
                    let p = self.x.position(*account, instrument, side).expect("a position");
                    assert_eq!((p.quantity, p.realised.0), (books.quantity, books.realised));
                    // All cash moved is either realised or the basis of what is open.
                    assert_eq!(p.basis.0, books.flow - books.realised);
                    wallet += books.realised - books.commission;
                }
                assert_eq!(self.x.balance(*account, asset).free.0, wallet);
                for order in self.x.open_orders(*account, Some(instrument)).iter().filter(|o| o.reduce_only) {
                    let p = self.x.position(*account, instrument, order.position_side).expect("a position");
                    let closes = -p.quantity * order.side.sign();
                    assert!(order.open_quantity() <= closes, "{order:?} on {}", p.quantity);
                }
            }
            let best = |side| self.x.best(instrument, side).map(|l| l.price);
            assert!(best(Buy).zip(best(Sell)).is_none_or(|(bid, ask)| bid < ask), "crossed");
        }
    }
}

proptest! {
    #[test]
    fn positions_wallets_and_bases_always_add_up(commands in prop::collection::vec(command(), 1..200)) {
        let mut run = Run::new();
        for command in &commands {
            run.step(command);
        }
    }

    /// Closing a position in any parts realises what closing it at once would, to a unit a part.
    #[test]
    fn parts_realise_what_the_whole_would(
        inverse in any::<bool>(), open in prop::collection::vec((1i64..400, 1i64..60), 1..6),
        close in 1i64..400, cuts in prop::collection::vec(1i64..60, 0..12),
    ) {
        let (instrument, mid) = Run::instrument(inverse);
        let mut results = Vec::new();
        for parts in [true, false] {
            let mut x = exchange();
            let me = account(&mut x, 0, 1_000, 1_000_000);
            open.iter().for_each(|(offset, quantity)| trade(&mut x, me, instrument, Buy, mid + offset, *quantity));
            let mut left: i64 = open.iter().map(|(_, quantity)| quantity).sum();
            for cut in cuts.iter().filter(|_| parts) {
                let part = (*cut).min(left - 1);
                if part > 0 {
                    trade(&mut x, me, instrument, Sell, mid + close, part);
                    left -= part;
                }
            }
            trade(&mut x, me, instrument, Sell, mid + close, left);
            results.push(x.position(me, instrument, BOTH).expect("a position").realised.0);
        }
        let apart = (results[0] - results[1]).abs();
        prop_assert!(apart <= if inverse { 13 } else { 0 }, "{results:?}");
    }
}
