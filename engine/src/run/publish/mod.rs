//! What the core thread shows in shared memory: tables of what is, and histories of what happened.
//!
//! **Thread:** `ct-core`. **Hot.** A tick goes into its history and marks its row; all else that an input leads to is
//! noted and written after its orders are out: a bounded number of rows and notes a turn of the loop, the longest
//! waiting first, in every idle turn and under load every 5 ms. Nothing here allocates, locks, or reads a clock.
//! **Deliberately absent:** decisions. What is shown is read from the core, never the other way round.

mod counters;
mod history;
mod minute;
mod money;
mod notes;
mod orders;
mod prices;
mod spreads;
mod waiting;

use crosstick_execution::OrderState;
use crosstick_ipc::layout::{BalanceRow, EventKind, SpreadRow, State};
use crosstick_ipc::{CoreWriter, Shape};
use crosstick_model::decision::Outcome;
use crosstick_model::{Decision, DenyCode, InstrumentId, Line, Order, Report, Tick, TickKind, Universe, VenueId};
use crosstick_risk::{CLOSE_HEADROOM, Risk};
use crosstick_strategy::{Opportunity, Spread};

use crate::driver::PaperDriver;
use counters::Besides;
use history::Names;
use money::Money;
use notes::{Began, Happened, Note, Notes};
use orders::{Change, Orders};
use prices::Prices;
use spreads::Spreads;

/// Rows of each table written in one turn of the loop.
pub const ROWS_A_TURN: usize = 16;
/// Notes written in one turn of the loop.
pub const NOTES_A_TURN: usize = 64;
/// Longest time between two publications under load, ns.
pub const PUBLISH_EVERY_NS: u64 = 5_000_000;
/// How often everything is looked at without news, ns: marks and ages move it too.
const LOOK_EVERY_NS: u64 = 100_000_000;
/// Slots for orders in flight; risk rarely lets that many be open.
const SLOTS_MAX: usize = 256;

/// What the core's tables hold as the run starts: made before the region, since it says how large that has to be.
#[derive(Debug)]
pub struct Tables {
    prices: Prices,
    spreads: Spreads,
    money: Money,
    orders: Orders,
    names: Names,
    slots: usize,
    first_balances: Vec<BalanceRow>,
    first_spreads: Vec<SpreadRow>,
}

impl Tables {
    /// For the driver's core, before its first input.
    #[must_use]
    pub fn new(universe: &Universe, driver: &PaperDriver<Spread>) -> Self {
        let (risk, detector) = (driver.core().risk(), driver.core().strategy().detector());
        let open_max = (risk.limits().max_open_orders as usize).saturating_add(CLOSE_HEADROOM);
        let slots = open_max.min(SLOTS_MAX);
        let (money, spreads) = (Money::new(universe, risk), Spreads::new(universe, detector));
        Self {
            first_balances: money.first_balances(risk),
            first_spreads: spreads.first_rows(),
            prices: Prices::new(universe),
            spreads,
            money,
            orders: Orders::new(slots, open_max),
            names: Names::new(universe),
            slots,
        }
    }

    /// The shape with room for these tables.
    #[must_use]
    pub fn shape<'a>(&'a self, shape: Shape<'a>) -> Shape<'a> {
        Shape {
            limits: self.money.limits(),
            balances: &self.first_balances,
            spreads: &self.first_spreads,
            open_orders: self.slots,
            ..shape
        }
    }
}

/// A line, and whether it lagged when last looked at.
#[derive(Debug)]
struct LineSeen {
    venue: VenueId,
    line: Line,
    lagging: bool,
}

/// The core thread's side of the region.
pub struct Publisher {
    writer: CoreWriter,
    tables: Tables,
    notes: Notes,
    lines: Box<[LineSeen]>,
    /// When something was written last, by the clock of whoever calls.
    published_ns: u64,
    looked_ns: u64,
    /// Turns until all that waited at the last publication is out.
    turns_owed: usize,
    /// Orders, fills or ticks came since the rows of engine and risk were written.
    engine_waits: bool,
    risk_waits: bool,
    /// How much waited when the engine's row was written.
    waiting_shown: u64,
    /// When trading was last halted or resumed, core time.
    halt_changed_ns: u64,
    over: bool,
}

impl Publisher {
    /// A publisher over the core's handles. `lines`: all lines of all venues.
    #[must_use]
    pub fn new(writer: CoreWriter, tables: Tables, lines: &[(VenueId, Line)]) -> Self {
        let seen = |&(venue, line): &(VenueId, Line)| LineSeen { venue, line, lagging: false };
        Self {
            writer,
            tables,
            notes: Notes::new(),
            lines: lines.iter().map(seen).collect(),
            published_ns: 0,
            looked_ns: 0,
            turns_owed: 0,
            engine_waits: true,
            risk_waits: true,
            waiting_shown: 0,
            halt_changed_ns: 0,
            over: false,
        }
    }

    /// The engine is at work.
    pub fn started(&mut self, now_ns: u64) {
        self.note(Note::Event(Happened { text: "paper", ..Happened::new(now_ns, EventKind::Started) }));
    }

    /// A tick, after all that it led to has left.
    #[inline]
    pub fn tick(&mut self, tick: &Tick) {
        self.engine_waits = true;
        if tick.kind == TickKind::Line {
            return self.line_turned(tick);
        }
        self.writer.ticks.push(&history::tick_event(tick));
        self.tables.prices.tick(tick);
    }

    #[cold]
    fn line_turned(&mut self, tick: &Tick) {
        let Some((venue, live)) = tick.as_line_state() else { return };
        self.tables.prices.line_turned(venue);
        let kind = if live { EventKind::LineLive } else { EventKind::LineDown };
        let line = Some((venue, tick.flags.line()));
        self.note(Note::Event(Happened { line, ..Happened::new(tick.recv_ns, kind) }));
    }

    /// The core decided something.
    #[inline]
    pub fn decision(&mut self, decision: &Decision) {
        match *decision {
            Decision::OpportunityBegin { id, route, at_ns, edge_ppm, buy_price, sell_price, quantity } => {
                self.note(Note::Began(Began { id, route, at_ns, edge_ppm, buy_price, sell_price, quantity }));
            }
            Decision::Verdict { .. } => self.risk_waits = true,
            Decision::Halt { at_ns, code } => self.halted(at_ns, code),
            Decision::Resume { at_ns } => self.resumed(at_ns),
            // Told by `ended` and `sent`; what was only wanted is not shown.
            Decision::OpportunityEnd { .. } | Decision::Intent { .. } | Decision::Order(_) => {}
        }
    }

    #[cold]
    fn halted(&mut self, at_ns: u64, code: DenyCode) {
        let event = |kind| Happened { code: Some(code), text: code.sentence(), ..Happened::new(at_ns, kind) };
        // An operator is no limit.
        if !matches!(code, DenyCode::Halted | DenyCode::Operator | DenyCode::Journal) {
            self.note(Note::Event(event(EventKind::Breach)));
        }
        self.note(Note::Event(event(EventKind::Halted)));
        self.risk_waits = true;
    }

    #[cold]
    fn resumed(&mut self, at_ns: u64) {
        self.note(Note::Event(Happened::new(at_ns, EventKind::Resumed)));
        self.halt_changed_ns = at_ns;
        self.risk_waits = true;
    }

    /// An opportunity is over.
    #[inline]
    pub fn ended(&mut self, opportunity: &Opportunity) {
        self.note(Note::Ended(*opportunity));
    }

    /// A gateway has the order.
    #[inline]
    pub fn sent(&mut self, at_ns: u64, order: &Order) {
        self.note(Note::Sent { at_ns, order: *order });
    }

    /// A gateway reported. `state`: where the order stands now; `None` for a stray report.
    #[inline]
    pub fn reported(&mut self, report: &Report, state: Option<OrderState>) {
        self.note(Note::Reported { report: *report, state });
    }

    #[inline]
    fn note(&mut self, note: Note) {
        if let Some(oldest) = self.notes.push(note) {
            self.write_note(&oldest);
        }
    }

    /// Rows and notes that wait. Whoever has nothing else to do calls [`Self::turn`] until there are none.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let tables = &self.tables;
        let rows = [&tables.prices.waiting, &tables.spreads.waiting, &tables.money.positions, &tables.money.balances];
        self.notes.len() + rows.into_iter().map(|w| w.len()).sum::<usize>()
    }

    /// One turn of the loop is over. `busy`: it found ticks; then something is written only when it is time, or when
    /// something of the last time is still owed.
    #[inline]
    pub fn turn(&mut self, driver: &PaperDriver<Spread>, now_ns: u64, busy: bool) {
        let due = now_ns.saturating_sub(self.published_ns) >= PUBLISH_EVERY_NS;
        if busy && !due && self.turns_owed == 0 {
            return;
        }
        self.publish(driver, now_ns);
    }

    /// Writes what has news, within bounds.
    fn publish(&mut self, driver: &PaperDriver<Spread>, now_ns: u64) {
        let (core, look) = (driver.core(), now_ns.saturating_sub(self.looked_ns) >= LOOK_EVERY_NS);
        let now_ns = now_ns.max(core.now_ns());
        self.published_ns = now_ns;
        if look {
            self.looked_ns = now_ns;
            self.look(driver, now_ns);
        }
        if self.turns_owed == 0 {
            self.turns_owed = self.turns_needed();
        }
        self.turns_owed = self.turns_owed.saturating_sub(1);

        for _ in 0..NOTES_A_TURN {
            let Some(note) = self.notes.pop() else { break };
            self.write_note(&note);
        }
        let Tables { prices, spreads, money, .. } = &mut self.tables;
        for _ in 0..ROWS_A_TURN {
            let Some(row) = prices.waiting.take() else { break };
            let id = InstrumentId(row as u16);
            self.writer.prices.publish(row, &prices.row(core.cache(), id, now_ns));
            // Routes that this instrument is a leg of stand on these prices.
            spreads.touch(id);
        }
        for _ in 0..ROWS_A_TURN {
            let Some(row) = spreads.waiting.take() else { break };
            if let Some(value) = spreads.row(row, core.strategy().detector(), now_ns) {
                self.writer.spreads.publish(row, &value);
            }
        }
        let risk = core.risk();
        for _ in 0..ROWS_A_TURN {
            let Some(row) = money.positions.take() else { break };
            if let Some(value) = money.position_row(risk, row) {
                self.writer.positions.publish(row, &value);
            }
        }
        for _ in 0..ROWS_A_TURN {
            let Some(row) = money.balances.take() else { break };
            if let Some(value) = money.balance_row(risk, row) {
                self.writer.balances.publish(row, &value);
            }
        }
        if std::mem::take(&mut self.risk_waits) {
            self.engine_waits = true;
            self.risk_rows(risk, core.halt_reason(), now_ns);
        }
        if std::mem::take(&mut self.engine_waits) || self.waiting() as u64 != self.waiting_shown {
            self.engine_row(driver);
        }
    }

    /// Everything of risk that is no row of a table of its own, and whether trading is halted.
    fn risk_rows(&mut self, risk: &Risk, halt_reason: Option<&str>, now_ns: u64) {
        let halt_ns = risk.halted().map(|halt| halt.at_ns);
        self.halt_changed_ns = halt_ns.unwrap_or(self.halt_changed_ns);
        let money = &mut self.tables.money;
        self.writer.risk(&money.risk_row(risk, halt_reason, self.halt_changed_ns));
        self.writer.denied(&Money::denied_row(risk));
        for (row, value) in money.limit_rows(risk, now_ns).iter().enumerate() {
            self.writer.limits.publish(row, value);
        }
    }

    fn engine_row(&mut self, driver: &PaperDriver<Spread>) {
        let halted = driver.core().risk().halted().is_some();
        self.waiting_shown = self.waiting() as u64;
        let besides = Besides {
            state: match (self.over, halted) {
                (true, _) => State::Stopped,
                (false, true) => State::Halted,
                (false, false) => State::Running,
            },
            fills: self.tables.orders.fills,
            lines_lagging: self.lines.iter().filter(|line| line.lagging).count() as u64,
            rows_waiting: self.waiting_shown,
            orders_not_shown: self.tables.orders.not_shown,
        };
        self.writer.engine(&counters::engine_row(driver, &besides));
    }

    /// The end of the run: everything as it is now, whatever it takes. Cold.
    pub fn finish(&mut self, driver: &PaperDriver<Spread>, now_ns: u64) {
        self.note(Note::Event(Happened::new(now_ns, EventKind::Stopping)));
        self.over = true;
        self.looked_ns = 0;
        self.publish(driver, now_ns);
        while self.waiting() > 0 {
            self.engine_waits = true;
            self.publish(driver, now_ns);
        }
    }

    /// What turns with time alone: ages, lags, marks, the minute.
    fn look(&mut self, driver: &PaperDriver<Spread>, now_ns: u64) {
        let cache = driver.core().cache();
        self.tables.prices.look_at_ages(cache, now_ns);
        self.tables.spreads.look_at_ages();
        self.tables.money.look_at_ages();
        (self.engine_waits, self.risk_waits) = (true, true);
        for at in 0..self.lines.len() {
            let Some(seen) = self.lines.get_mut(at) else { break };
            let lagging = cache.line_lagging(seen.venue, seen.line);
            if lagging != seen.lagging {
                seen.lagging = lagging;
                let (venue, line) = (seen.venue, Some((seen.venue, seen.line)));
                let kind = if lagging { EventKind::LineLagging } else { EventKind::LineCaughtUp };
                self.tables.prices.line_turned(venue);
                self.note(Note::Event(Happened { line, ..Happened::new(now_ns, kind) }));
            }
        }
    }

    /// Turns in which all that waits now is written; the rows of spreads follow those of prices.
    fn turns_needed(&self) -> usize {
        let Tables { prices, spreads, money, .. } = &self.tables;
        let rows = [prices.waiting.len(), spreads.waiting.len(), money.positions.len(), money.balances.len()];
        let rows = rows.into_iter().max().unwrap_or(0).div_ceil(ROWS_A_TURN);
        rows.max(self.notes.len().div_ceil(NOTES_A_TURN))
    }

    fn write_note(&mut self, note: &Note) {
        let Tables { spreads, money, orders, names, .. } = &mut self.tables;
        self.engine_waits = true;
        match note {
            Note::Began(begin) => {
                let legs = spreads.began(begin.route);
                self.writer.opportunities.push(&history::began(begin, legs));
            }
            Note::Ended(opportunity) => {
                let legs = spreads.ended(opportunity.route, opportunity.outcome == Outcome::Taken);
                self.writer.opportunities.push(&history::ended(opportunity, legs));
            }
            Note::Sent { at_ns, order } => {
                self.risk_waits = true;
                let not_shown = orders.not_shown;
                let change = orders.sent(*at_ns, order);
                if orders.not_shown > not_shown {
                    let event = Happened { value: order.id.0, ..Happened::new(*at_ns, EventKind::NoSlot) };
                    self.writer.events.push(&history::event(&event));
                }
                names.touch(money, order.intent.instrument);
                write_order(&mut self.writer, &change);
            }
            Note::Reported { report, state } => {
                self.risk_waits = true;
                let change = orders.reported(report, *state);
                names.touch(money, report.instrument);
                if let Some(fill) = names.fill(report, orders) {
                    self.writer.fills.push(&fill);
                }
                if let Some(change) = change {
                    write_order(&mut self.writer, &change);
                }
            }
            Note::Event(happened) => _ = self.writer.events.push(&history::event(happened)),
        }
    }
}

fn write_order(writer: &mut CoreWriter, change: &Change) {
    writer.orders.push(&change.row);
    if let Some((slot, row)) = &change.slot {
        writer.open_orders.publish(*slot, row);
    }
}
