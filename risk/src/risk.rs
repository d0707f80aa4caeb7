//! HOT: core thread. The state of the gate, and what market data and commands do to it.

use crosstick_model::tick::Line;
use crosstick_model::{AssetId, DenyCode, InstrumentId, OrderId, Purpose, Side, Tick, Universe, VenueId};

use crate::approved::Approved;
use crate::balance::{Balances, Wallet};
use crate::book::Book;
use crate::breaker::{Breach, Breaker, HaltState};
use crate::exposure::{AssetNet, Exposure, Mark, Open, Valued};
use crate::gate::CLOSE_HEADROOM;
use crate::groups::Groups;
use crate::limits::{Limits, Rates};
use crate::orders::{OpenOrder, Orders};
use crate::rate::RateWindow;
use crate::reports::ReportCounts;
use crate::spec::Spec;

/// Limits, positions, results and halts of one run.
///
/// Every method that takes `now_ns` takes core time: it must not go back from one call to the next.
#[derive(Debug)]
pub struct Risk {
    pub(crate) limits: Limits,
    pub(crate) rates: Rates,
    // One entry an instrument each, apart by what is touched together.
    pub(crate) marks: Box<[Mark]>,
    pub(crate) specs: Box<[Spec]>,
    pub(crate) exposures: Box<[Exposure]>,
    pub(crate) valued: Box<[Valued]>,
    pub(crate) books: Box<[Book]>,
    /// One entry an asset; base assets only are used.
    pub(crate) assets: Box<[AssetNet]>,
    /// One entry a market, then one an instrument; by [`Spec::open`].
    pub(crate) open: Box<[Open]>,
    pub(crate) wallet: Wallet,
    pub(crate) orders: Orders,
    pub(crate) groups: Groups,
    pub(crate) window: RateWindow,
    pub(crate) breaker: Breaker,
    /// Sum of all exposures.
    pub(crate) gross: i128,
    /// Sum of all net results.
    pub(crate) net: i128,
    pub(crate) last_order: OrderId,
    pub(crate) denied: [u64; DenyCode::ALL.len()],
    pub(crate) counts: ReportCounts,
}

impl Risk {
    /// A gate with flat positions. `balances`: `None` where they are not tracked at all (then no order is denied
    /// for them). Cold: this is where all memory is taken.
    #[must_use]
    pub fn new(universe: &Universe, limits: Limits, rates: Rates, balances: Option<&Balances>) -> Self {
        let instruments = universe.instruments.len();
        let none = Balances::default();
        let wallet = Wallet::new(universe, balances.unwrap_or(&none));
        let specs = universe.instruments.iter().map(|i| Spec::new(i, universe, &limits, &rates, &wallet)).collect();
        let open_orders = limits.max_open_orders as usize;
        Self {
            marks: vec![Mark::default(); instruments].into_boxed_slice(),
            specs,
            exposures: vec![Exposure::default(); instruments].into_boxed_slice(),
            valued: vec![Valued::default(); instruments].into_boxed_slice(),
            books: vec![Book::default(); instruments].into_boxed_slice(),
            assets: vec![AssetNet::default(); universe.assets.len()].into_boxed_slice(),
            wallet,
            open: vec![Open::default(); universe.markets.len() + instruments].into_boxed_slice(),
            orders: Orders::new(open_orders.saturating_add(CLOSE_HEADROOM)),
            groups: Groups::new(),
            window: RateWindow::new(limits.max_orders_per_second),
            breaker: Breaker::new(&limits),
            gross: 0,
            net: 0,
            last_order: OrderId(0),
            denied: [0; DenyCode::ALL.len()],
            counts: ReportCounts::default(),
            limits,
            rates,
        }
    }

    /// Takes a quote as the instrument's mark, and looks whether the result at the new mark breaches a limit.
    ///
    /// Trades never mark. A quote that is not usable (0 < bid < ask and both sizes > 0) leaves the old mark for
    /// valuation but nothing to trade on, and so does a line that goes down for all that it quoted last. An instrument
    /// outside the universe is ignored.
    #[inline]
    pub fn on_tick(&mut self, now_ns: u64, tick: &Tick) -> Option<Breach> {
        let Some(quote) = tick.as_quote() else {
            if let Some((venue, false)) = tick.as_line_state() {
                self.line_down(venue, tick.flags.line());
            }
            return None;
        };
        let i = tick.instrument.index();
        let mark = self.marks.get_mut(i)?;
        if quote.bid <= 0 || quote.ask <= quote.bid || quote.bid_quantity <= 0 || quote.ask_quantity <= 0 {
            mark.fresh_until_ns = 0;
            return None;
        }
        let moved = mark.bid != quote.bid || mark.ask != quote.ask;
        (mark.bid, mark.ask, mark.line) = (quote.bid, quote.ask, tick.flags.line());
        mark.fresh_until_ns = tick.recv_ns.saturating_add(self.limits.max_age_ns);
        if moved && mark.live { self.revalue(now_ns, i) } else { None }
    }

    #[cold]
    fn line_down(&mut self, venue: VenueId, line: Line) {
        for (spec, mark) in self.specs.iter().zip(&mut self.marks) {
            if spec.venue == venue && mark.line == line {
                mark.fresh_until_ns = 0;
            }
        }
    }

    fn revalue(&mut self, now_ns: u64, i: usize) -> Option<Breach> {
        self.roll_day(now_ns);
        if self.refresh_mark(i).is_none() {
            return self.breaker.latch(now_ns, DenyCode::Overflow, true, self.net);
        }
        self.breaker.evaluate(now_ns, self.net)
    }

    #[inline]
    pub(crate) fn roll_day(&mut self, now_ns: u64) {
        self.breaker.roll_day(now_ns, self.net);
    }

    /// Works out an instrument's numbers at its mark again; `None` (and nothing changed) when one does not fit.
    pub(crate) fn refresh(&mut self, i: usize) -> Option<()> {
        let (spec, exposure, book) = (self.specs.get(i)?, self.exposures.get(i)?, self.books.get(i)?);
        let (mark, valued) = (self.marks.get_mut(i)?, self.valued.get_mut(i)?);
        let new = value(spec, exposure, book, mark)?;
        let gross = self.gross.checked_sub(valued.exposure)?.checked_add(new.exposure)?;
        let net = self.net.checked_sub(valued.net())?.checked_add(new.net())?;
        mark.live = is_live(spec, exposure, book);
        mark.valued = mark.bid > 0;
        *valued = new;
        (self.gross, self.net) = (gross, net);
        Some(())
    }

    /// The same where only the mark moved: what was realised and paid in fees is what it was, unless it is in the base
    /// asset, whose value moves as well, or nothing was valued yet.
    #[inline]
    fn refresh_mark(&mut self, i: usize) -> Option<()> {
        let (spec, exposure, book) = (self.specs.get(i)?, self.exposures.get(i)?, self.books.get(i)?);
        let (mark, valued) = (self.marks.get(i)?, self.valued.get_mut(i)?);
        if spec.inverse || !mark.valued {
            return self.refresh(i);
        }
        let exposure = at_risk(spec, exposure, mark)?;
        let unrealised = spec.value_floor(marked(spec, book, mark)?.checked_add(book.basis)?)?;
        let new = Valued { exposure, unrealised, ..*valued };
        debug_assert_eq!(Some(new), value(spec, self.exposures.get(i)?, book, mark));
        let gross = self.gross.checked_sub(valued.exposure)?.checked_add(exposure)?;
        let net = self.net.checked_sub(valued.net())?.checked_add(new.net())?;
        *valued = new;
        (self.gross, self.net) = (gross, net);
        Some(())
    }

    /// The same where only orders in flight changed: the result at the mark is what it was.
    #[inline]
    pub(crate) fn refresh_exposure(&mut self, i: usize) -> Option<()> {
        let (spec, exposure, book) = (self.specs.get(i)?, self.exposures.get(i)?, self.books.get(i)?);
        let (mark, valued) = (self.marks.get_mut(i)?, self.valued.get_mut(i)?);
        let new = at_risk(spec, exposure, mark)?;
        self.gross = self.gross.checked_sub(valued.exposure)?.checked_add(new)?;
        mark.live = is_live(spec, exposure, book);
        valued.exposure = new;
        Some(())
    }

    /// Halts trading by command, closing orders included, until [`Risk::resume`]. The first cause of a halt stays.
    ///
    /// `code` is what the gate will answer: [`DenyCode::Halted`], unless the caller knows better.
    pub fn halt(&mut self, now_ns: u64, code: DenyCode) -> Option<Breach> {
        self.breaker.latch(now_ns, code, false, self.net)
    }

    /// Halts trading because the caller found something that must not be, until [`Risk::resume`]. Closing orders
    /// still pass, unless an earlier halt stopped them too. The first cause of a halt stays.
    pub fn breach(&mut self, now_ns: u64, code: DenyCode) -> Option<Breach> {
        self.breaker.latch(now_ns, code, true, self.net)
    }

    /// Starts halted, as saved by an earlier run.
    pub fn restore_halt(&mut self, halt: HaltState) {
        self.breaker.restore(halt);
    }

    /// The halt to save, if trading is halted.
    #[must_use]
    pub const fn halted(&self) -> Option<HaltState> {
        self.breaker.halt
    }

    /// Releases a halt; the day's loss and the drawdown count afresh from the result as it is now.
    pub fn resume(&mut self, now_ns: u64) {
        self.roll_day(now_ns);
        self.breaker.resume(self.net);
    }

    /// Takes back an approved order that was not sent, and all that it reserved.
    pub fn withdraw(&mut self, approved: Approved) {
        if let Some(open) = self.orders.remove(approved.order().id, false) {
            self.release(&open);
        }
    }

    /// Gives back all that an open order still sets aside.
    pub(crate) fn release(&mut self, open: &OpenOrder) {
        let intent = &open.order.intent;
        self.release_part(intent.instrument, open, open.remaining, open.base);
        self.wallet.release(&open.hold);
        // Less exposure than before always fits; what is left of the position was valued already.
        let _ = self.refresh_exposure(intent.instrument.index());
    }

    /// Takes a part of an order out of the exposure in flight.
    pub(crate) fn release_part(&mut self, instrument: InstrumentId, open: &OpenOrder, quantity: i64, base: i128) {
        let intent = &open.order.intent;
        let i = instrument.index();
        let (Some(spec), Some(exposure)) = (self.specs.get(i), self.exposures.get_mut(i)) else { return };
        let asset = self.assets.get_mut(spec.base.index());
        let (units, in_flight) = match intent.side {
            Side::Buy => (&mut exposure.buys, asset.map(|a| &mut a.buys)),
            Side::Sell => (&mut exposure.sells, asset.map(|a| &mut a.sells)),
        };
        *units = units.saturating_sub(quantity);
        if let Some(in_flight) = in_flight {
            *in_flight = in_flight.saturating_sub(base);
        }
        if intent.purpose == Purpose::Close
            && let Some(open) = self.open.get_mut(spec.open)
        {
            open.closing = open.closing.saturating_sub(base * i128::from(intent.side.sign()));
        }
    }

    /// The risk currency.
    #[must_use]
    pub const fn currency(&self) -> AssetId {
        self.rates.currency()
    }

    /// The limits it was made with.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }
}

/// Whether a new mark changes one of the instrument's numbers.
#[inline]
const fn is_live(spec: &Spec, exposure: &Exposure, book: &Book) -> bool {
    book.quantity != 0
        || exposure.buys != 0
        || exposure.sells != 0
        || (spec.inverse && (book.realised != 0 || book.fees != 0))
}

/// What the worst that the position could become is worth, in the risk currency at the ask.
#[inline]
fn at_risk(spec: &Spec, exposure: &Exposure, mark: &Mark) -> Option<i128> {
    match exposure.worst() {
        0 => Some(0),
        worst => spec.value_ceil(spec.notional(mark.ask, worst)?),
    }
}

/// All of an instrument's numbers at its mark: long at the bid, short at the ask, exposure at the ask.
fn value(spec: &Spec, exposure: &Exposure, book: &Book, mark: &Mark) -> Option<Valued> {
    let at_risk = at_risk(spec, exposure, mark)?;
    if mark.bid <= 0 {
        // No order passes the gate before the instrument's first quote, so there is nothing to value yet.
        return Some(Valued { exposure: at_risk, ..Valued::default() });
    }
    let unrealised = marked(spec, book, mark)?.checked_add(book.basis)?;
    // An inverse contract's result is in the base asset, worth what it can be sold for.
    let floor = |amount: i128| match (amount, spec.inverse) {
        (0, _) => Some(0),
        (_, true) => spec.value_floor(spec.base_value_floor(mark.bid, amount)?),
        (_, false) => spec.value_floor(amount),
    };
    let fees = match (book.fees, spec.inverse) {
        (0, _) => 0,
        (fees, true) => spec.value_ceil(spec.base_value_ceil(mark.bid, fees)?)?,
        (fees, false) => spec.value_ceil(fees)?,
    };
    Some(Valued {
        exposure: at_risk,
        realised: floor(book.realised)?,
        fees: fees.checked_add(book.fees_value)?,
        unrealised: floor(unrealised)?,
    })
}

/// What giving the position up at its mark would bring, in the P&L asset: long at the bid, short at the ask.
#[inline]
fn marked(spec: &Spec, book: &Book, mark: &Mark) -> Option<i128> {
    match book.quantity {
        0 => Some(0),
        q => spec.marked(if q > 0 { mark.bid } else { mark.ask }, q),
    }
}
