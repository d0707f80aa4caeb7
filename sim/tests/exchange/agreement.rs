//! The exchange against a slow oracle, over long random sequences of commands: the same refusals, trades, statuses,
//! balances and books after every command, and every asset conserved to the last 1e-16.
//!
//! `PROPTEST_CASES` sets the number of sequences; `--nocapture` prints how many commands were compared.

use crate::oracle;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use crosstick_model::{Amount, AssetId, InstrumentId, Kind, Scale, Side};
use crosstick_sim::exchange::{
    AccountId, AccountSpec, AssetSpec, CancelRestriction, Event, EventKind, Exchange, ExchangeFilters, Filters,
    InstrumentSpec, LevelView, NewOrder, OrderId, OrderKind, OrderRef, OrderStatus, OrderUpdate, OrderView, Range,
    Reject, ReplaceMode, StpMode, Tif, TradingStatus,
};
use proptest::prelude::*;

use oracle::{Account, Instrument, Oracle, Order};

static COMMANDS: AtomicU64 = AtomicU64::new(0);
static TRADES: AtomicU64 = AtomicU64::new(0);
static TRIGGERED: AtomicU64 = AtomicU64::new(0);
static PREVENTED: AtomicU64 = AtomicU64::new(0);

/// Accounts of clients: two alone, two in one trade group; with commissions that leave remainders to round.
const RATES: [(i64, i64, Option<u32>); 4] =
    [(100_000, 100_000, None), (0, 75_000, None), (20_000, 40_001, Some(7)), (33_333, 0, Some(7))];
const ASSETS: usize = 3;
/// Base, quote, decimals of price and quantity, step of quantities.
const INSTRUMENTS: [(u16, u16, u8, u8, i64); 2] = [(0, 1, 2, 3, 1), (2, 0, 4, 2, 5)];

#[derive(Debug, Clone)]
enum Command {
    Submit {
        account: usize,
        instrument: usize,
        order: Wish,
    },
    Replace {
        account: usize,
        instrument: usize,
        which: usize,
        order: Wish,
        always: bool,
    },
    Cancel {
        account: usize,
        instrument: usize,
        which: usize,
        by_client: bool,
        restriction: CancelRestriction,
    },
    CancelAll {
        account: usize,
        instrument: usize,
    },
    Amend {
        account: usize,
        instrument: usize,
        which: usize,
        less: i64,
        client: usize,
    },
    Quotes {
        instrument: usize,
        mid: i64,
        bids: Vec<(i64, i64)>,
        asks: Vec<(i64, i64)>,
    },
    Print {
        instrument: usize,
        side: Side,
        price: i64,
        quantities: Vec<i64>,
    },
    /// One of the house's quotes gets another quantity.
    Requote {
        instrument: usize,
        which: usize,
        quantity: i64,
    },
    /// An order joins the best quote of its side.
    Join {
        account: usize,
        instrument: usize,
        side: Side,
        steps: i64,
    },
    /// A print or a market order hits the best quote.
    Hit {
        account: Option<usize>,
        instrument: usize,
        side: Side,
        steps: i64,
    },
    Move {
        account: usize,
        asset: usize,
        steps: i64,
    },
}

/// A new order before it is known which of its fields its type takes.
#[derive(Debug, Clone)]
struct Wish {
    side: Side,
    kind: OrderKind,
    tif: Tif,
    price: i64,
    stop: i64,
    steps: i64,
    by_value: bool,
    iceberg: i64,
    stp: StpMode,
    client: usize,
}

const CLIENT_IDS: [&str; 6] = ["", "", "", "a", "b", "c"];

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![Just(Side::Buy), Just(Side::Sell)]
}

fn wish() -> impl Strategy<Value = Wish> {
    let kind = prop_oneof![
        6 => Just(OrderKind::Limit),
        2 => Just(OrderKind::Market),
        1 => Just(OrderKind::LimitMaker),
        1 => Just(OrderKind::StopLoss),
        1 => Just(OrderKind::StopLossLimit),
        1 => Just(OrderKind::TakeProfit),
        1 => Just(OrderKind::TakeProfitLimit),
    ];
    let tif = prop_oneof![4 => Just(Tif::Gtc), 1 => Just(Tif::Ioc), 1 => Just(Tif::Fok)];
    let stp = prop_oneof![
        2 => Just(StpMode::None),
        1 => Just(StpMode::ExpireTaker),
        1 => Just(StpMode::ExpireMaker),
        1 => Just(StpMode::ExpireBoth),
        1 => Just(StpMode::Decrement),
    ];
    let iceberg = prop_oneof![3 => Just(0i64), 1 => 1i64..8];
    let numbers = (90i64..111, 90i64..111, 1i64..30);
    (side(), kind, tif, numbers, any::<bool>(), iceberg, stp, 0usize..CLIENT_IDS.len()).prop_map(
        |(side, kind, tif, (price, stop, steps), by_value, iceberg, stp, client)| Wish {
            side,
            kind,
            tif,
            price,
            stop,
            steps,
            by_value,
            iceberg,
            stp,
            client,
        },
    )
}

fn command() -> impl Strategy<Value = Command> {
    let account = || 0usize..RATES.len();
    let instrument = || prop_oneof![3 => Just(0usize), 1 => Just(1usize)];
    let restriction = prop_oneof![
        4 => Just(CancelRestriction::None),
        1 => Just(CancelRestriction::OnlyNew),
        1 => Just(CancelRestriction::OnlyPartiallyFilled),
    ];
    let levels = || prop::collection::vec((1i64..6, 1i64..25), 0..4);
    prop_oneof![
        12 => (account(), instrument(), wish())
            .prop_map(|(account, instrument, order)| Command::Submit { account, instrument, order }),
        1 => (account(), instrument(), 0usize..6, wish(), any::<bool>()).prop_map(
            |(account, instrument, which, order, always)| {
                Command::Replace { account, instrument, which, order, always }
            }
        ),
        2 => (account(), instrument(), 0usize..6, any::<bool>(), restriction).prop_map(
            |(account, instrument, which, by_client, restriction)| {
                Command::Cancel { account, instrument, which, by_client, restriction }
            }
        ),
        1 => (account(), instrument(), 0usize..30).prop_map(|(account, instrument, _)| {
            Command::CancelAll { account, instrument }
        }),
        2 => (account(), instrument(), 0usize..6, -1i64..12, 0usize..CLIENT_IDS.len()).prop_map(
            |(account, instrument, which, less, client)| Command::Amend { account, instrument, which, less, client }
        ),
        5 => (instrument(), prop_oneof![3 => Just(100), 2 => 94i64..107], levels(), levels())
            .prop_map(|(instrument, mid, bids, asks)| Command::Quotes { instrument, mid, bids, asks }),
        3 => (instrument(), side(), 92i64..109, prop::collection::vec(1i64..30, 1..4))
            .prop_map(|(instrument, side, price, quantities)| Command::Print { instrument, side, price, quantities }),
        3 => (instrument(), 0usize..6, 1i64..25)
            .prop_map(|(instrument, which, quantity)| Command::Requote { instrument, which, quantity }),
        3 => (account(), instrument(), side(), 1i64..20)
            .prop_map(|(account, instrument, side, steps)| Command::Join { account, instrument, side, steps }),
        3 => (prop::option::weighted(0.4, account()), instrument(), side(), 1i64..30)
            .prop_map(|(account, instrument, side, steps)| Command::Hit { account, instrument, side, steps }),
        1 => (account(), 0usize..ASSETS, -40i64..60)
            .prop_map(|(account, asset, steps)| Command::Move { account, asset, steps }),
    ]
}

struct Pair {
    exchange: Exchange,
    oracle: Oracle,
    now_ns: u64,
    seq: u64,
    trades: usize,
    update_ids: [u64; 2],
    /// Both books as the events tell them.
    told: [BTreeMap<i64, i64>; 4],
}

fn plain(kind: OrderKind, side: Side, price: i64, steps: i64) -> Wish {
    let (tif, stp) = (Tif::Gtc, StpMode::None);
    Wish { side, kind, tif, price, stop: 0, steps, by_value: false, iceberg: 0, stp, client: 0 }
}

fn account_id(account: usize) -> AccountId {
    AccountId(account as u32 + 2)
}

impl Pair {
    fn new() -> Self {
        let asset = |name: &str| AssetSpec { name: name.to_owned(), commission_decimals: 8 };
        let assets = ["BTC", "USDT", "ETH"].map(asset).to_vec();
        let listed =
            INSTRUMENTS.iter().enumerate().map(|(i, (base, quote, prices, quantities, step))| InstrumentSpec {
                symbol: format!("S{i}"),
                base: AssetId(*base),
                quote: AssetId(*quote),
                settle: AssetId(*quote),
                kind: Kind::Spot,
                contract_size: Amount(10i128.pow(16)),
                scale: Scale::new(*prices, *quantities).expect("a scale"),
                status: TradingStatus::Trading,
                filters: Filters { lot: Some(Range { min: 0, max: 0, step: *step }), ..Filters::default() },
                default_stp: StpMode::None,
                allowed_stp: StpMode::ALL.to_vec(),
                first_trade_id: 1,
                first_update_id: 0,
            });
        let mut exchange = Exchange::new(assets, listed.collect(), ExchangeFilters::default());
        let mut accounts: Vec<Account> = Vec::new();
        for (maker_e8, taker_e8, trade_group) in [(0, 0, None), (0, 0, None)].into_iter().chain(RATES) {
            if accounts.len() >= 2 {
                exchange.add_account(AccountSpec { maker_e8, taker_e8, can_trade: true, trade_group });
            }
            accounts.push(Account {
                maker_e8: i128::from(maker_e8),
                taker_e8: i128::from(taker_e8),
                group: trade_group,
                owns: vec![0; ASSETS],
            });
        }
        let listed = INSTRUMENTS.iter().map(|(base, quote, prices, quantities, step)| Instrument {
            base: usize::from(*base),
            quote: usize::from(*quote),
            per_quantity: 10i128.pow(16 - u32::from(*quantities)),
            per_product: 10i128.pow(16 - u32::from(*prices) - u32::from(*quantities)),
            step: *step,
        });
        let oracle = Oracle::new(listed.collect(), accounts);
        let told = std::array::from_fn(|_| BTreeMap::new());
        let mut pair = Self { exchange, oracle, now_ns: 0, seq: 0, trades: 0, update_ids: [0; 2], told };
        for account in 0..RATES.len() {
            for asset in 0..ASSETS {
                pair.deposit(account, asset, 120 * 10i128.pow(if asset == 2 { 15 } else { 13 }));
            }
        }
        pair
    }

    fn deposit(&mut self, account: usize, asset: usize, delta: i128) {
        let free = self.oracle.free(account + 2, asset);
        let told = self.exchange.deposit(self.now_ns, account_id(account), AssetId(asset as u16), Amount(delta));
        if free + delta < 0 {
            assert_eq!(told, Err(Reject::InsufficientBalance));
        } else {
            assert_eq!(told, Ok(()));
            self.oracle.accounts[account + 2].owns[asset] += delta;
        }
    }

    fn run(&mut self, command: &Command) {
        self.now_ns += 1_000_000;
        COMMANDS.fetch_add(1, Ordering::Relaxed);
        match command {
            Command::Submit { account, instrument, order } => self.submit(*account, *instrument, order),
            Command::Replace { account, instrument, which, order, always } => {
                self.replace(*account, *instrument, *which, order, *always);
            }
            Command::Cancel { account, instrument, which, by_client, restriction } => {
                self.cancel(*account, *instrument, *which, *by_client, *restriction);
            }
            Command::CancelAll { account, instrument } => self.cancel_all(*account, *instrument),
            Command::Amend { account, instrument, which, less, client } => {
                self.amend(*account, *instrument, *which, *less, CLIENT_IDS[*client]);
            }
            Command::Quotes { instrument, mid, bids, asks } => self.quotes(*instrument, *mid, bids, asks),
            Command::Print { instrument, side, price, quantities } => {
                self.print(*instrument, *side, *price, quantities);
            }
            Command::Requote { instrument, which, quantity } => self.requote(*instrument, *which, *quantity),
            Command::Join { account, instrument, side, steps } => {
                let Some((price, _)) = self.oracle.depth(*instrument, *side).first().copied() else { return };
                self.submit(*account, *instrument, &plain(OrderKind::Limit, *side, price, *steps));
            }
            Command::Hit { account: Some(account), instrument, side, steps } => {
                self.submit(*account, *instrument, &plain(OrderKind::Market, *side, 1, *steps));
            }
            Command::Hit { account: None, instrument, side, steps } => {
                let best = self.oracle.depth(*instrument, side.opposite()).first().copied();
                let Some((price, _)) = best else { return };
                self.print(*instrument, *side, price, &[*steps * INSTRUMENTS[*instrument].4]);
            }
            Command::Move { account, asset, steps } => {
                self.deposit(*account, *asset, i128::from(*steps) * 10i128.pow(if *asset == 2 { 14 } else { 12 }));
            }
        }
        self.compare();
    }

    /// The same order in both languages.
    fn translate(&self, account: usize, instrument: usize, wish: &Wish) -> (NewOrder, Order) {
        let step = INSTRUMENTS[instrument].4;
        let (market, stops) = (wish.kind.is_market(), wish.kind.is_stop());
        let by_value = wish.by_value && wish.kind == OrderKind::Market;
        let i = &self.oracle.instruments[instrument];
        // Not a multiple of anything.
        let value = i128::from(wish.steps) * i128::from(wish.price) * i.per_product + 7 * i.per_product / 2;
        let quantity = wish.steps * step;
        let tif = if market || wish.kind == OrderKind::LimitMaker { Tif::Gtc } else { wish.tif };
        let iceberg =
            if market || tif != Tif::Gtc || wish.iceberg * step >= quantity { 0 } else { wish.iceberg * step };
        let new = NewOrder {
            kind: wish.kind,
            tif: wish.tif,
            quantity: (!by_value).then_some(quantity),
            quote_quantity: by_value.then_some(Amount(value)),
            price: (!market).then_some(wish.price),
            stop_price: stops.then_some(wish.stop),
            iceberg_quantity: iceberg,
            stp: Some(wish.stp),
            client_order_id: CLIENT_IDS[wish.client].to_owned(),
            ..NewOrder::market(InstrumentId(instrument as u16), wish.side, 0)
        };
        let order = Order {
            id: 0,
            account: account + 2,
            instrument,
            side: wish.side,
            kind: wish.kind,
            tif,
            price: if market { 0 } else { wish.price },
            stop: if stops { wish.stop } else { 0 },
            quantity: if by_value { 0 } else { quantity },
            by_value: if by_value { value } else { 0 },
            iceberg,
            stp: wish.stp,
            client: CLIENT_IDS[wish.client].to_owned(),
            executed: 0,
            value: 0,
            prevented: 0,
            prevented_value: 0,
            status: OrderStatus::New,
            expiry: None,
            waiting: stops,
            amends: 0,
        };
        // A maker-only order with another time in force than GTC has none at all.
        let new = if wish.kind == OrderKind::LimitMaker { NewOrder { tif: Tif::Gtc, ..new } } else { new };
        (new, order)
    }

    fn submit(&mut self, account: usize, instrument: usize, wish: &Wish) {
        let (new, order) = self.translate(account, instrument, wish);
        let tested = self.exchange.test(self.now_ns, account_id(account), &new);
        let placed = self.exchange.submit(self.now_ns, account_id(account), &new);
        assert_eq!(tested, placed.as_ref().map(|_| ()).map_err(|r| *r), "a test says what becomes of the order");
        let expected = self.oracle.submit(order);
        assert_eq!(placed.as_ref().map(|p| p.order.id.0).map_err(|r| *r), expected);
        if let (Ok(placed), Ok(id)) = (placed, expected) {
            same_order(&placed.order, self.oracle.order(id));
            let filled: i64 = placed.fills.iter().map(|f| f.quantity).sum();
            assert_eq!(filled, placed.order.executed, "the fills of an answer are all there are");
        }
        self.oracle.run_stops(instrument);
    }

    /// An open order of an account, or one that ended, or none.
    fn pick(&self, account: usize, instrument: usize, which: usize) -> Option<Order> {
        let mine = |o: &&Order| o.account == account + 2 && o.instrument == instrument;
        let open: Vec<&Order> = self.oracle.orders.iter().filter(mine).filter(|o| o.is_open()).collect();
        let ended = self.oracle.orders.iter().filter(mine).rfind(|o| !o.is_open());
        open.get(which).copied().or(ended).cloned()
    }

    fn may_cancel(order: Option<&Order>, restriction: CancelRestriction) -> Result<u64, Reject> {
        let order = order.filter(|o| o.is_open()).ok_or(Reject::UnknownOrder)?;
        match restriction {
            CancelRestriction::OnlyNew if order.status != OrderStatus::New => Err(Reject::CancelRestriction),
            CancelRestriction::OnlyPartiallyFilled if order.status == OrderStatus::New => {
                Err(Reject::CancelRestriction)
            }
            _ => Ok(order.id),
        }
    }

    fn cancel(
        &mut self,
        account: usize,
        instrument: usize,
        which: usize,
        by_client: bool,
        restriction: CancelRestriction,
    ) {
        let order = self.pick(account, instrument, which);
        let reference = match &order {
            Some(o) if by_client && o.is_open() && !o.client.is_empty() => OrderRef::Client(o.client.clone()),
            Some(o) => OrderRef::Id(OrderId(o.id)),
            None => OrderRef::Id(OrderId(u64::MAX)),
        };
        let id = InstrumentId(instrument as u16);
        let told = self.exchange.cancel(self.now_ns, account_id(account), id, &reference, restriction, "");
        let expected = Self::may_cancel(order.as_ref(), restriction);
        assert_eq!(told.map(|o| o.id.0), expected);
        if let Ok(id) = expected {
            self.oracle.cancel(id);
        }
    }

    fn replace(&mut self, account: usize, instrument: usize, which: usize, wish: &Wish, always: bool) {
        let (new, order) = self.translate(account, instrument, wish);
        let old = self.pick(account, instrument, which);
        let reference = OrderRef::Id(OrderId(old.as_ref().map_or(u64::MAX, |o| o.id)));
        let mode = if always { ReplaceMode::AllowFailure } else { ReplaceMode::StopOnFailure };
        let (now, none) = (self.now_ns, CancelRestriction::None);
        let told = self.exchange.cancel_replace(now, account_id(account), &reference, none, "", mode, &new);
        let told = told.expect("no filter fails");
        let expected = Self::may_cancel(old.as_ref(), none);
        assert_eq!(told.cancel.map(|o| o.id.0), expected);
        if let Ok(id) = expected {
            self.oracle.cancel(id);
        }
        let attempted = expected.is_ok() || always;
        let expected = attempted.then(|| self.oracle.submit(order));
        assert_eq!(told.new.map(|n| n.map(|p| p.order.id.0)), expected);
        self.oracle.run_stops(instrument);
    }

    fn cancel_all(&mut self, account: usize, instrument: usize) {
        let id = InstrumentId(instrument as u16);
        let told = self.exchange.cancel_all(self.now_ns, account_id(account), id);
        let mine = |o: &&Order| o.account == account + 2 && o.instrument == instrument && o.is_open();
        let ids: Vec<u64> = self.oracle.orders.iter().filter(mine).map(|o| o.id).collect();
        match told {
            Ok(orders) => assert_eq!(orders.iter().map(|o| o.id.0).collect::<Vec<_>>(), ids),
            Err(reject) => assert!(reject == Reject::UnknownOrder && ids.is_empty()),
        }
        ids.into_iter().for_each(|id| self.oracle.cancel(id));
    }

    fn amend(&mut self, account: usize, instrument: usize, which: usize, less: i64, client: &str) {
        let Some(order) = self.pick(account, instrument, which).filter(Order::is_open) else { return };
        let step = INSTRUMENTS[instrument].4;
        let quantity = (order.quantity - less * step).max(step);
        let (reference, id) = (OrderRef::Id(OrderId(order.id)), InstrumentId(instrument as u16));
        let told = self.exchange.amend(self.now_ns, account_id(account), id, &reference, quantity, client);
        let expected = self.oracle.amend(order.id, quantity, client);
        assert_eq!(told.map(|_| ()), expected, "{order:?} to {quantity}");
    }

    fn quotes(&mut self, instrument: usize, mid: i64, bids: &[(i64, i64)], asks: &[(i64, i64)]) {
        let step = INSTRUMENTS[instrument].4;
        let unique = |levels: &[(i64, i64)], sign: i64| -> Vec<(i64, i64)> {
            let levels: BTreeMap<i64, i64> = levels.iter().copied().collect();
            levels.into_iter().map(|(off, quantity)| (mid + sign * off, quantity * step)).collect()
        };
        self.set_quotes(instrument, &unique(bids, -1), &unique(asks, 1));
    }

    fn set_quotes(&mut self, instrument: usize, bids: &[(i64, i64)], asks: &[(i64, i64)]) {
        let view = |levels: &[(i64, i64)]| -> Vec<LevelView> {
            levels.iter().map(|(price, quantity)| LevelView { price: *price, quantity: *quantity }).collect()
        };
        let id = InstrumentId(instrument as u16);
        self.exchange.set_quotes(self.now_ns, id, None, &view(bids), &view(asks)).expect("quotes");
        self.oracle.set_quotes(instrument, bids, asks);
        self.oracle.run_stops(instrument);
    }

    fn print(&mut self, instrument: usize, side: Side, price: i64, quantities: &[i64]) {
        let id = InstrumentId(instrument as u16);
        self.exchange.print(self.now_ns, id, side, price, quantities).expect("a print");
        self.oracle.print(instrument, side, price, quantities);
        self.oracle.run_stops(instrument);
    }

    fn requote(&mut self, instrument: usize, which: usize, quantity: i64) {
        let step = INSTRUMENTS[instrument].4;
        let said = self.oracle.said.iter().filter(|s| s.0 == instrument);
        let mut levels: Vec<(Side, i64, i64)> = said.map(|s| (s.1, s.2, s.3)).collect();
        if let Some(level) = levels.get_mut(which) {
            level.2 = quantity * step;
        }
        let of =
            |side: Side| -> Vec<(i64, i64)> { levels.iter().filter(|l| l.0 == side).map(|l| (l.1, l.2)).collect() };
        self.set_quotes(instrument, &of(Side::Buy), &of(Side::Sell));
    }

    fn compare(&mut self) {
        let mut events = Vec::new();
        self.exchange.drain_events(&mut events);
        for event in &events {
            self.take(event);
        }
        assert_eq!(self.trades, self.oracle.trades.len(), "as many trades");
        for order in &self.oracle.orders {
            let (account, instrument) = (AccountId(order.account as u32), InstrumentId(order.instrument as u16));
            let told = self.exchange.order(account, instrument, &OrderRef::Id(OrderId(order.id)));
            same_order(&told.expect("an order"), order);
        }
        self.compare_books();
        self.compare_money();
    }

    fn take(&mut self, event: &Event) {
        self.seq += 1;
        assert_eq!(event.seq, self.seq, "events are numbered without a gap");
        match &event.kind {
            EventKind::Trade(trade) => {
                let told = oracle::Trade {
                    instrument: trade.instrument.index(),
                    price: trade.price,
                    quantity: trade.quantity,
                    taker_side: trade.taker_side,
                    taker: trade.taker_order.0,
                    maker: trade.maker_order.0,
                };
                assert_eq!(Some(&told), self.oracle.trades.get(self.trades), "trade {}", self.trades);
                self.trades += 1;
                TRADES.fetch_add(1, Ordering::Relaxed);
                let same = |t: &&oracle::Trade| t.instrument == told.instrument;
                let number = self.oracle.trades[..self.trades].iter().filter(same).count();
                assert_eq!(trade.id, number as u64, "trade ids are contiguous");
            }
            EventKind::Level { instrument, update_id, side, price, quantity } => {
                let last = &mut self.update_ids[instrument.index()];
                assert!(*update_id >= *last);
                *last = *update_id;
                let told = &mut self.told[instrument.index() * 2 + *side as usize];
                let before = told.insert(*price, *quantity).unwrap_or(0);
                assert_ne!(before, *quantity, "a level is told when it changes");
                told.retain(|_, quantity| *quantity > 0);
            }
            EventKind::Order { update: OrderUpdate::Triggered, .. } => {
                TRIGGERED.fetch_add(1, Ordering::Relaxed);
            }
            EventKind::Order { update: OrderUpdate::Prevented(..), .. } => {
                PREVENTED.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
    }

    fn compare_books(&self) {
        for instrument in 0..INSTRUMENTS.len() {
            let id = InstrumentId(instrument as u16);
            for side in [Side::Buy, Side::Sell] {
                let depth: Vec<(i64, i64)> =
                    self.exchange.depth(id, side, usize::MAX).iter().map(|l| (l.price, l.quantity)).collect();
                assert_eq!(depth, self.oracle.depth(instrument, side), "{side:?} of {instrument}");
                let mut told: Vec<(i64, i64)> =
                    self.told[instrument * 2 + side as usize].iter().map(|(p, q)| (*p, *q)).collect();
                if side == Side::Buy {
                    told.reverse();
                }
                assert_eq!(told, depth, "the events tell the book");
            }
            let best = |side| self.exchange.best(id, side).map(|l| l.price);
            if let (Some(bid), Some(ask)) = (best(Side::Buy), best(Side::Sell)) {
                assert!(bid < ask, "crossed: {bid} {ask}");
            }
        }
    }

    fn compare_money(&self) {
        for asset in 0..ASSETS {
            let id = AssetId(asset as u16);
            let mut sum = 0;
            for account in self.exchange.accounts() {
                let balance = self.exchange.balance(account, id);
                sum += balance.free.0 + balance.locked.0;
                let locked = self.oracle.locked(account.index(), asset);
                let owns = self.oracle.accounts[account.index()].owns[asset];
                assert_eq!((balance.free.0, balance.locked.0), (owns - locked, locked), "{account:?} {asset}");
                if account != AccountId::HOUSE {
                    assert!(balance.free.0 >= 0 && balance.locked.0 >= 0, "{account:?} owes {asset}");
                }
            }
            assert_eq!(sum, self.exchange.deposited(id).0, "asset {asset} is conserved");
        }
    }
}

fn same_order(told: &OrderView, order: &Order) {
    let fast = (told.id.0, told.status, told.quantity, told.executed, told.executed_value.0, told.prevented);
    let slow = (order.id, order.status, order.quantity, order.executed, order.value, order.prevented);
    assert_eq!(fast, slow, "{told:?}\n{order:?}");
    assert_eq!((told.expiry, told.waits(), told.amends), (order.expiry, order.waiting, order.amends), "{told:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 4_000, ..ProptestConfig::default() })]
    #[test]
    fn does_what_the_oracle_does(commands in prop::collection::vec(command(), 1..160)) {
        let mut pair = Pair::new();
        for command in &commands {
            pair.run(command);
        }
        println!(
            "{} commands, {} trades, {} stops triggered, {} matches prevented",
            COMMANDS.load(Ordering::Relaxed),
            TRADES.load(Ordering::Relaxed),
            TRIGGERED.load(Ordering::Relaxed),
            PREVENTED.load(Ordering::Relaxed),
        );
    }
}
