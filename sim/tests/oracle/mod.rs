//! The exchange once more, slow and plain, and written without looking at the fast one: all orders in one vector,
//! sorted anew for every match; fill-or-kill and the price of a market order are found by trying them on a copy; a
//! balance is what was deposited and traded, and what is locked is summed over the open orders each time.

use crosstick_model::Side;
use crosstick_sim::exchange::{ExpiryReason, OrderKind, OrderStatus, Reject, StpMode, Tif};

pub const HOUSE: usize = 0;
pub const FEES: usize = 1;

/// One instrument: its assets, and the factors from mantissas to 1e-16.
#[derive(Clone)]
pub struct Instrument {
    pub base: usize,
    pub quote: usize,
    pub per_quantity: i128,
    pub per_product: i128,
    pub step: i64,
}

#[derive(Clone)]
pub struct Account {
    pub maker_e8: i128,
    pub taker_e8: i128,
    pub group: Option<u32>,
    /// What it owns of each asset, locked or not.
    pub owns: Vec<i128>,
}

#[derive(Clone, Debug)]
pub struct Order {
    pub id: u64,
    pub account: usize,
    pub instrument: usize,
    pub side: Side,
    pub kind: OrderKind,
    pub tif: Tif,
    pub price: i64,
    pub stop: i64,
    pub quantity: i64,
    pub by_value: i128,
    pub iceberg: i64,
    pub stp: StpMode,
    pub client: String,
    pub executed: i64,
    pub value: i128,
    pub prevented: i64,
    pub prevented_value: i128,
    pub status: OrderStatus,
    pub expiry: Option<ExpiryReason>,
    pub waiting: bool,
    pub amends: u32,
}

impl Order {
    pub fn is_open(&self) -> bool {
        matches!(self.status, OrderStatus::New | OrderStatus::PartiallyFilled)
    }

    pub fn left(&self) -> i64 {
        self.quantity - self.executed - self.prevented
    }

    fn above(&self) -> bool {
        match self.kind {
            OrderKind::StopLoss | OrderKind::StopLossLimit => self.side == Side::Buy,
            _ => self.side == Side::Sell,
        }
    }
}

/// A place in a book: an order's shown part, or a quote of the house.
#[derive(Clone, Debug)]
pub struct Place {
    uid: u64,
    instrument: usize,
    side: Side,
    price: i64,
    age: i64,
    shown: i64,
    order: Option<u64>,
    printed: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trade {
    pub instrument: usize,
    pub price: i64,
    pub quantity: i64,
    pub taker_side: Side,
    pub taker: u64,
    pub maker: u64,
}

#[derive(Clone)]
pub struct Oracle {
    pub instruments: Vec<Instrument>,
    pub accounts: Vec<Account>,
    pub orders: Vec<Order>,
    pub places: Vec<Place>,
    pub said: Vec<(usize, Side, i64, i64)>,
    pub trades: Vec<Trade>,
    pub last_id: u64,
    age: i64,
    last_uid: u64,
    /// How many trades stop orders have seen.
    seen: usize,
}

impl Oracle {
    pub fn new(instruments: Vec<Instrument>, accounts: Vec<Account>) -> Self {
        Self {
            instruments,
            accounts,
            orders: Vec::new(),
            places: Vec::new(),
            said: Vec::new(),
            trades: Vec::new(),
            last_id: 0,
            age: 0,
            last_uid: 0,
            seen: 0,
        }
    }

    pub fn order(&self, id: u64) -> &Order {
        self.orders.iter().find(|o| o.id == id).expect("an order")
    }

    fn order_mut(&mut self, id: u64) -> &mut Order {
        self.orders.iter_mut().find(|o| o.id == id).expect("an order")
    }

    /// What open orders of an account lock of an asset.
    pub fn locked(&self, account: usize, asset: usize) -> i128 {
        let mut sum = 0;
        for o in self.orders.iter().filter(|o| o.account == account && o.is_open()) {
            let i = &self.instruments[o.instrument];
            let market = matches!(o.kind, OrderKind::Market | OrderKind::StopLoss | OrderKind::TakeProfit);
            if o.side == Side::Sell && i.base == asset {
                sum += i128::from(o.left()) * i.per_quantity;
            }
            if o.side == Side::Buy && i.quote == asset && !market {
                sum += i128::from(o.left()) * i128::from(o.price) * i.per_product;
            }
        }
        sum
    }

    pub fn free(&self, account: usize, asset: usize) -> i128 {
        self.accounts[account].owns[asset] - self.locked(account, asset)
    }

    /// Shown quantities by price, the best first.
    pub fn depth(&self, instrument: usize, side: Side) -> Vec<(i64, i64)> {
        let mut places: Vec<&Place> =
            self.places.iter().filter(|p| p.instrument == instrument && p.side == side).collect();
        places.sort_by_key(|p| if side == Side::Buy { -p.price } else { p.price });
        let mut levels: Vec<(i64, i64)> = Vec::new();
        for p in places {
            match levels.last_mut() {
                Some((price, quantity)) if *price == p.price => *quantity += p.shown,
                _ => levels.push((p.price, p.shown)),
            }
        }
        levels
    }

    fn last_price(&self, instrument: usize) -> Option<i64> {
        self.trades.iter().rev().find(|t| t.instrument == instrument).map(|t| t.price)
    }

    /// All places on a side in the order in which they trade.
    fn queue(&self, instrument: usize, side: Side) -> Vec<Place> {
        let mut places: Vec<Place> =
            self.places.iter().filter(|p| p.instrument == instrument && p.side == side).cloned().collect();
        places.sort_by_key(|p| (if side == Side::Buy { -p.price } else { p.price }, p.age));
        places
    }

    fn reaches(side: Side, limit: i64, price: i64) -> bool {
        if side == Side::Buy { price <= limit } else { price >= limit }
    }

    pub fn submit(&mut self, mut order: Order) -> Result<u64, Reject> {
        let mine = |o: &&Order| o.account == order.account && o.instrument == order.instrument && o.is_open();
        if !order.client.is_empty() && self.orders.iter().filter(mine).any(|o| o.client == order.client) {
            return Err(Reject::DuplicateClientOrderId);
        }
        if order.waiting
            && let Some(last) = self.last_price(order.instrument)
        {
            let passed = if order.above() { last >= order.stop } else { last <= order.stop };
            if passed {
                return Err(Reject::WouldTriggerImmediately);
            }
        }
        if order.kind == OrderKind::LimitMaker
            && let Some(best) = self.queue(order.instrument, order.side.opposite()).first()
            && Self::reaches(order.side, order.price, best.price)
        {
            return Err(Reject::WouldMatchImmediately);
        }
        order.id = self.last_id + 1;
        let (asset, need) = self.need(&order);
        if self.free(order.account, asset) < need {
            return Err(Reject::InsufficientBalance);
        }
        self.last_id += 1;
        let id = order.id;
        let waiting = order.waiting;
        self.orders.push(order);
        if !waiting {
            self.offer(id);
        }
        Ok(id)
    }

    /// What an order must have free when it is offered, or when it begins to wait.
    fn need(&self, order: &Order) -> (usize, i128) {
        let i = &self.instruments[order.instrument];
        let quantity = i128::from(order.quantity);
        let market = matches!(order.kind, OrderKind::Market | OrderKind::StopLoss | OrderKind::TakeProfit);
        match order.side {
            Side::Buy if !market => (i.quote, quantity * i128::from(order.price) * i.per_product),
            Side::Buy if order.waiting => (i.quote, 0),
            Side::Buy if order.by_value > 0 => (i.quote, order.by_value),
            Side::Buy => (i.quote, self.tried(order).value),
            Side::Sell if order.by_value > 0 => (i.base, i128::from(self.tried(order).executed) * i.per_quantity),
            Side::Sell => (i.base, quantity * i.per_quantity),
        }
    }

    /// What an order would come to, on a copy.
    fn tried(&self, order: &Order) -> Order {
        let mut copy = self.clone();
        copy.orders.retain(|o| o.id != order.id);
        copy.orders.push(Order { waiting: false, ..order.clone() });
        copy.offer(order.id);
        copy.order(order.id).clone()
    }

    fn wanted(&self, order: &Order, price: i64) -> i64 {
        if order.by_value == 0 {
            return order.left();
        }
        let i = &self.instruments[order.instrument];
        let left = order.by_value - order.value - order.prevented_value;
        let most = left / (i128::from(price) * i.per_product);
        (most - most % i128::from(i.step)) as i64
    }

    fn offer(&mut self, id: u64) {
        let order = self.order(id).clone();
        if order.tif == Tif::Fok {
            let tried = self.tried(&Order { tif: Tif::Ioc, ..order.clone() });
            if tried.executed < order.quantity {
                return self.expire(id, ExpiryReason::UnfilledFokOrderExpired);
            }
        }
        let market = matches!(order.kind, OrderKind::Market | OrderKind::StopLoss | OrderKind::TakeProfit);
        loop {
            let order = self.order(id).clone();
            let Some(best) = self.queue(order.instrument, order.side.opposite()).into_iter().next() else { break };
            if !market && !Self::reaches(order.side, order.price, best.price) {
                break;
            }
            let wanted = self.wanted(&order, best.price);
            if wanted == 0 {
                if order.executed > 0 {
                    self.order_mut(id).status = OrderStatus::Filled;
                    return;
                }
                break;
            }
            let owner = best.order.map(|o| self.order(o).account);
            if order.stp != StpMode::None && owner.is_some_and(|owner| self.related(owner, order.account)) {
                if self.prevent(id, &best, wanted) {
                    return;
                }
            } else {
                self.trade(id, order.account, order.side, &best, wanted.min(best.shown));
            }
            if self.order(id).status == OrderStatus::Filled {
                return;
            }
            // By value: what is left buys not even a step more here.
            let order = self.order(id).clone();
            if order.by_value > 0 && self.wanted(&order, best.price) == 0 {
                self.order_mut(id).status = OrderStatus::Filled;
                return;
            }
        }
        if market {
            self.expire(id, ExpiryReason::InsufficientLiquidity);
        } else if order.tif != Tif::Gtc {
            self.expire(id, ExpiryReason::UnfilledIocQuantityExpired);
        } else {
            self.show(id);
        }
    }

    fn related(&self, one: usize, other: usize) -> bool {
        let (a, b) = (self.accounts[one].group, self.accounts[other].group);
        one == other || (a.is_some() && a == b)
    }

    fn expire(&mut self, id: u64, why: ExpiryReason) {
        let order = self.order_mut(id);
        order.status = OrderStatus::Expired;
        order.expiry = Some(why);
    }

    /// Queues an order, or the next part of an iceberg.
    fn show(&mut self, id: u64) {
        let o = self.order(id).clone();
        let shown = if o.iceberg > 0 { o.left().min(o.iceberg) } else { o.left() };
        self.place(o.instrument, o.side, o.price, shown, Some(id));
    }

    fn place(&mut self, instrument: usize, side: Side, price: i64, shown: i64, order: Option<u64>) {
        self.age += 1;
        self.last_uid += 1;
        let (uid, age) = (self.last_uid, self.age);
        self.places.push(Place { uid, instrument, side, price, age, shown, order, printed: 0 });
    }

    fn place_mut(&mut self, uid: u64) -> &mut Place {
        self.places.iter_mut().find(|p| p.uid == uid).expect("a place")
    }

    /// Self-trade prevention between a taker and a place; whether the taker ended.
    fn prevent(&mut self, id: u64, place: &Place, wanted: i64) -> bool {
        let maker = place.order.expect("an order");
        let open = self.order(maker).left();
        let (lost, maker_lost, mut ends) = match self.order(id).stp {
            StpMode::None => unreachable!("prevention is off"),
            StpMode::ExpireTaker => (wanted, 0, true),
            StpMode::ExpireMaker => (0, open, false),
            StpMode::ExpireBoth => (wanted, open, true),
            StpMode::Decrement => (wanted.min(open), wanted.min(open), false),
        };
        let m = self.order_mut(maker);
        m.prevented += maker_lost;
        if m.left() == 0 {
            m.status = OrderStatus::ExpiredInMatch;
        }
        let left = self.order(maker).left();
        self.places.retain_mut(|p| {
            if p.order == Some(maker) {
                p.shown = p.shown.min(left);
            }
            p.shown > 0
        });
        let factor = self.instruments[place.instrument].per_product;
        let order = self.order_mut(id);
        order.prevented += lost;
        order.prevented_value += i128::from(lost) * i128::from(place.price) * factor;
        if order.by_value > 0 {
            order.quantity += lost;
        }
        let order = self.order(id).clone();
        ends |= self.wanted(&order, place.price) == 0;
        if ends {
            self.order_mut(id).status = OrderStatus::ExpiredInMatch;
        }
        ends
    }

    /// A trade of an order, or of the house's aggressive order, with a place.
    fn trade(&mut self, taker: u64, taker_account: usize, taker_side: Side, place: &Place, quantity: i64) {
        let i = self.instruments[place.instrument].clone();
        let (amount, value) =
            (i128::from(quantity) * i.per_quantity, i128::from(quantity) * i128::from(place.price) * i.per_product);
        let maker_account = place.order.map_or(HOUSE, |o| self.order(o).account);
        let (instrument, price, maker) = (place.instrument, place.price, place.order.unwrap_or(0));
        self.trades.push(Trade { instrument, price, quantity, taker_side, taker, maker });
        for (account, side, is_maker) in [(maker_account, place.side, true), (taker_account, taker_side, false)] {
            let rate = if is_maker { self.accounts[account].maker_e8 } else { self.accounts[account].taker_e8 };
            let (gives, given, gets, got) =
                if side == Side::Buy { (i.quote, value, i.base, amount) } else { (i.base, amount, i.quote, value) };
            // Eight decimals, the rest dropped.
            let fee = got * rate / 10i128.pow(16) * 10i128.pow(8);
            self.accounts[account].owns[gives] -= given;
            self.accounts[account].owns[gets] += got - fee;
            self.accounts[FEES].owns[gets] += fee;
        }
        let taker = (taker_account != HOUSE).then_some(taker);
        for id in [place.order, taker].into_iter().flatten() {
            let o = self.order_mut(id);
            o.executed += quantity;
            o.value += value;
            if o.by_value > 0 {
                o.quantity += quantity;
            }
            let done = o.by_value == 0 && o.left() == 0;
            o.status = if done { OrderStatus::Filled } else { OrderStatus::PartiallyFilled };
        }
        let at = self.places.iter().position(|p| p.uid == place.uid).expect("the place");
        self.places[at].shown -= quantity;
        if self.places[at].shown == 0 {
            self.places.remove(at);
            if let Some(maker) = place.order.filter(|m| self.order(*m).is_open()) {
                self.show(maker);
            }
        }
    }

    pub fn cancel(&mut self, id: u64) {
        self.places.retain(|p| p.order != Some(id));
        self.order_mut(id).status = OrderStatus::Canceled;
    }

    pub fn amend(&mut self, id: u64, quantity: i64, client: &str) -> Result<(), Reject> {
        let o = self.order(id).clone();
        if quantity > o.quantity {
            return Err(Reject::QuantityIncrease);
        }
        if quantity == o.quantity {
            return Err(Reject::NoChange);
        }
        let taken = |other: &Order| {
            other.id != id && other.account == o.account && other.instrument == o.instrument && other.is_open()
        };
        if !client.is_empty() && self.orders.iter().any(|other| taken(other) && other.client == client) {
            return Err(Reject::DuplicateClientOrderId);
        }
        let o = self.order_mut(id);
        o.quantity = quantity.max(o.executed + o.prevented);
        o.client = client.to_owned();
        o.amends += 1;
        let left = o.left();
        if left == 0 {
            o.status = OrderStatus::Expired;
        }
        self.places.retain_mut(|p| {
            if p.order == Some(id) {
                p.shown = p.shown.min(left);
            }
            p.shown > 0
        });
        Ok(())
    }

    /// Stop orders: all that the trades since the last look triggered, one after the other.
    pub fn run_stops(&mut self, instrument: usize) {
        let mut waiting: Vec<u64> = Vec::new();
        loop {
            let prices: Vec<i64> =
                self.trades[self.seen..].iter().filter(|t| t.instrument == instrument).map(|t| t.price).collect();
            self.seen = self.trades.len();
            if let (Some(low), Some(high)) = (prices.iter().min(), prices.iter().max()) {
                let hit = |o: &&Order| {
                    let reached = if o.above() { *high >= o.stop } else { *low <= o.stop };
                    o.instrument == instrument && o.waiting && o.is_open() && reached && !waiting.contains(&o.id)
                };
                let mut hits: Vec<&Order> = self.orders.iter().filter(hit).collect();
                hits.sort_by_key(|o| (!o.above(), if o.above() { o.stop } else { -o.stop }, o.id));
                let hits: Vec<u64> = hits.into_iter().map(|o| o.id).collect();
                waiting.extend(hits);
            }
            if waiting.is_empty() {
                return;
            }
            let id = waiting.remove(0);
            if !self.order(id).is_open() {
                continue;
            }
            self.order_mut(id).waiting = false;
            let o = self.order(id).clone();
            let market = matches!(o.kind, OrderKind::StopLoss | OrderKind::TakeProfit);
            if market && o.side == Side::Buy {
                let (asset, need) = self.need(&o);
                if self.free(o.account, asset) < need {
                    self.expire(id, ExpiryReason::Rejected);
                    continue;
                }
            }
            self.offer(id);
        }
    }

    pub fn set_quotes(&mut self, instrument: usize, bids: &[(i64, i64)], asks: &[(i64, i64)]) {
        let wanted: Vec<(Side, i64, i64)> =
            bids.iter().map(|l| (Side::Buy, l.0, l.1)).chain(asks.iter().map(|l| (Side::Sell, l.0, l.1))).collect();
        let gone = |s: &(usize, Side, i64, i64)| s.0 == instrument && !wanted.iter().any(|w| (w.0, w.1) == (s.1, s.2));
        let dropped: Vec<_> = self.said.iter().copied().filter(gone).collect();
        self.said.retain(|s| !gone(s));
        self.places.retain(|p| {
            let quoted = dropped.iter().any(|d| (d.0, d.1, d.2) == (p.instrument, p.side, p.price));
            p.order.is_some() || !quoted
        });
        for (side, price, quantity) in wanted {
            if self.said.contains(&(instrument, side, price, quantity)) {
                continue;
            }
            self.said.retain(|s| (s.0, s.1, s.2) != (instrument, side, price));
            self.said.push((instrument, side, price, quantity));
            self.quote(instrument, side, price, quantity);
        }
    }

    fn quote(&mut self, instrument: usize, side: Side, price: i64, quantity: i64) {
        let here = |p: &Place| p.order.is_none() && (p.instrument, p.side, p.price) == (instrument, side, price);
        let mut shown: i64 = self.places.iter().filter(|p| here(p)).map(|p| p.shown).sum();
        while shown > quantity {
            let youngest = self.places.iter_mut().filter(|p| here(p)).max_by_key(|p| p.age).expect("a place");
            let less = youngest.shown.min(shown - quantity);
            youngest.shown -= less;
            shown -= less;
            self.places.retain(|p| p.shown > 0);
        }
        self.places.iter_mut().filter(|p| here(p)).for_each(|p| p.printed = 0);
        let mut more = quantity - shown;
        let mut taker = None;
        while more > 0 {
            let best = self.queue(instrument, side.opposite()).into_iter().next();
            let Some(best) = best.filter(|b| Self::reaches(side, price, b.price)) else { break };
            if taker.is_none() {
                self.last_id += 1;
                taker = Some(self.last_id);
            }
            let traded = more.min(best.shown);
            self.trade(taker.expect("just made"), HOUSE, side, &best, traded);
            more -= traded;
        }
        if more > 0 {
            let last = self.queue(instrument, side).into_iter().filter(|p| p.price == price).max_by_key(|p| p.age);
            if let Some(last) = last.filter(|p| p.order.is_none()) {
                self.place_mut(last.uid).shown += more;
            } else {
                self.place(instrument, side, price, more, None);
            }
        }
    }

    pub fn print(&mut self, instrument: usize, side: Side, price: i64, quantities: &[i64]) {
        self.last_id += 1;
        let taker = self.last_id;
        for quantity in quantities {
            self.print_one(instrument, taker, side, price, *quantity);
        }
    }

    fn print_one(&mut self, instrument: usize, taker: u64, side: Side, price: i64, mut left: i64) {
        let maker = 0;
        let mut own = 0;
        while left > 0 {
            let queue = self.queue(instrument, side.opposite());
            let better = |p: &&Place| p.order.is_some() && p.price != price && Self::reaches(side, price, p.price);
            let mut first = queue.iter().find(better).cloned();
            if first.is_none() {
                for p in queue.iter().filter(|p| p.price == price) {
                    if p.order.is_some() {
                        first = Some(p.clone());
                        break;
                    }
                    let used = left.min((p.shown - p.printed).max(0));
                    self.place_mut(p.uid).printed += used;
                    own += used;
                    left -= used;
                    if left == 0 {
                        break;
                    }
                }
            }
            let Some(first) = first.filter(|_| left > 0) else { break };
            if own > 0 {
                self.trades.push(Trade { instrument, price, quantity: own, taker_side: side, taker, maker });
                own = 0;
            }
            // Reached by a print: it stands before the house's quotes from now on.
            let front = queue.iter().filter(|p| p.price == first.price).map(|p| p.age).min().expect("a place") - 1;
            self.place_mut(first.uid).age = front;
            let traded = left.min(first.shown);
            self.trade(taker, HOUSE, side, &first, traded);
            left -= traded;
        }
        if own + left > 0 {
            let quantity = own + left;
            self.trades.push(Trade { instrument, price, quantity, taker_side: side, taker, maker });
        }
    }
}
