//! A small exchange to try single rules on: BTC in USDT at whole dollars and thousandths.

use crosstick_model::{Amount, AssetId, InstrumentId, Kind, Scale, Side};
use crosstick_sim::exchange::{
    AccountId, AccountSpec, AssetSpec, Event, EventKind, Exchange, ExchangeFilters, Filters, InstrumentSpec, LevelView,
    NewOrder, OrderKind, OrderUpdate, OrderView, Placed, Reject, StpMode, TradingStatus,
};

pub const BTC: AssetId = AssetId(0);
pub const USDT: AssetId = AssetId(1);
pub const SYMBOL: InstrumentId = InstrumentId(0);
pub const ONE: i128 = 10i128.pow(16);

pub struct Bench {
    pub exchange: Exchange,
    pub now_ns: u64,
}

pub fn spec() -> InstrumentSpec {
    InstrumentSpec {
        symbol: "BTCUSDT".to_owned(),
        base: BTC,
        quote: USDT,
        settle: USDT,
        kind: Kind::Spot,
        contract_size: Amount(ONE),
        scale: Scale::new(0, 3).expect("a scale"),
        status: TradingStatus::Trading,
        filters: Filters::default(),
        default_stp: StpMode::None,
        allowed_stp: StpMode::ALL.to_vec(),
        first_trade_id: 1,
        first_update_id: 0,
    }
}

impl Bench {
    pub fn new(spec: InstrumentSpec) -> Self {
        Self::with(spec, ExchangeFilters::default())
    }

    pub fn with(spec: InstrumentSpec, filters: ExchangeFilters) -> Self {
        let asset = |name: &str| AssetSpec { name: name.to_owned(), commission_decimals: 8 };
        let exchange = Exchange::new(vec![asset("BTC"), asset("USDT")], vec![spec], filters);
        Self { exchange, now_ns: 1_000_000_000_000 }
    }

    pub fn account(&mut self, btc: i128, usdt: i128) -> AccountId {
        self.account_with(AccountSpec { maker_e8: 0, taker_e8: 0, ..AccountSpec::default() }, btc, usdt)
    }

    pub fn account_with(&mut self, spec: AccountSpec, btc: i128, usdt: i128) -> AccountId {
        let account = self.exchange.add_account(spec);
        for (asset, units) in [(BTC, btc), (USDT, usdt)] {
            self.exchange.deposit(self.now_ns, account, asset, Amount(units * ONE)).expect("a deposit");
        }
        account
    }

    pub fn submit(&mut self, account: AccountId, order: &NewOrder) -> Result<Placed, Reject> {
        self.now_ns += 1_000_000;
        self.exchange.submit(self.now_ns, account, order)
    }

    pub fn limit(&mut self, account: AccountId, side: Side, price: i64, quantity: i64) -> OrderView {
        self.submit(account, &NewOrder::limit(SYMBOL, side, price, quantity)).expect("an order").order
    }

    pub fn quotes(&mut self, bids: &[(i64, i64)], asks: &[(i64, i64)]) {
        let view = |levels: &[(i64, i64)]| -> Vec<LevelView> {
            levels.iter().map(|(price, quantity)| LevelView { price: *price, quantity: *quantity }).collect()
        };
        self.now_ns += 1_000_000;
        self.exchange.set_quotes(self.now_ns, SYMBOL, None, &view(bids), &view(asks)).expect("quotes");
    }

    pub fn print(&mut self, side: Side, price: i64, quantity: i64) {
        self.now_ns += 1_000_000;
        self.exchange.print(self.now_ns, SYMBOL, side, price, &[quantity]).expect("a print");
    }

    /// Free and locked, in thousandths of a unit; both must be whole ones.
    pub fn money(&self, account: AccountId, asset: AssetId) -> (i128, i128) {
        let balance = self.exchange.balance(account, asset);
        let milli = |amount: Amount| {
            assert_eq!(amount.0 % (ONE / 1_000), 0, "{amount}");
            amount.0 / (ONE / 1_000)
        };
        (milli(balance.free), milli(balance.locked))
    }

    pub fn book(&self, side: Side) -> Vec<(i64, i64)> {
        self.exchange.depth(SYMBOL, side, 100).iter().map(|l| (l.price, l.quantity)).collect()
    }

    pub fn now(&self, order: &OrderView) -> OrderView {
        let reference = crosstick_sim::exchange::OrderRef::Id(order.id);
        self.exchange.order(order.account, order.instrument, &reference).expect("an order")
    }

    /// Price, quantity and taker side of the trades so far.
    pub fn trades(&self) -> Vec<(i64, i64, Side)> {
        self.exchange.trades(SYMBOL).map(|t| (t.price, t.quantity, t.taker_side)).collect()
    }

    /// What happened since the last call, one word each, orders by their account.
    pub fn story(&mut self) -> Vec<String> {
        let mut events = Vec::new();
        self.exchange.drain_events(&mut events);
        events.iter().map(told).collect()
    }
}

fn told(event: &Event) -> String {
    match &event.kind {
        EventKind::Trade(t) => format!("trade {}@{}", t.quantity, t.price),
        EventKind::Level { side, price, quantity, .. } => format!("{} {quantity}@{price}", side.name()),
        EventKind::Order { update, order } => {
            let what = match update {
                OrderUpdate::New => "new",
                OrderUpdate::Triggered => "triggered",
                OrderUpdate::Trade(_) => "filled",
                OrderUpdate::Prevented(..) => "prevented",
                OrderUpdate::Canceled { .. } => "canceled",
                OrderUpdate::Replaced { .. } => "replaced",
                OrderUpdate::Expired => "expired",
            };
            format!("{} {what} {}", order.account.0, order.status.name())
        }
        EventKind::Balances { account, balances } => format!("{} balances {}", account.0, balances.len()),
        EventKind::Deposit { account, .. } => format!("{} deposit", account.0),
        EventKind::Position { account, .. } => format!("{} position", account.0),
        EventKind::Status { status, .. } => status.name().to_owned(),
    }
}

pub fn stop(kind: OrderKind, side: Side, stop_price: i64, price: Option<i64>, quantity: i64) -> NewOrder {
    NewOrder { kind, price, stop_price: Some(stop_price), ..NewOrder::market(SYMBOL, side, quantity) }
}
