//! What the core thread shows in shared memory.
//!
//! **Thread:** `ct-core`. **Hot.** A tick only marks its instrument; rows are written after intents are out, a
//! bounded number a turn. The rows of risk and positions follow orders, and otherwise the clock.

use std::sync::Arc;

use crosstick_ipc::layout::{self, DeniedRow, EngineRow, PositionRow, PriceFlags, PriceRow, RiskRow, State};
use crosstick_ipc::{CoreWriter, Recorder, Stage};
use crosstick_model::decimal::pow10_i128;
use crosstick_model::{InstrumentId, Line, Tick, TickKind, Universe, VenueId};
use crosstick_risk::LimitUnit;
use crosstick_strategy::{Source, Spread};

use crate::config::Config;
use crate::core::Core;
use crate::driver::PaperDriver;

/// Price rows written a turn; what is left over waits for the next.
const ROWS_MAX: usize = 32;
/// How often risk and positions are written without an order: marks move them too.
const RISK_EVERY_NS: u64 = 100_000_000;

/// Stages that the core thread measures, in the order of [`Stages`].
pub const CORE_STAGES: [Stage<'static>; 5] = [
    stage("reach_core", "socket read", "taken by the core"),
    stage("decide", "taken by the core", "intents out of the strategy"),
    stage("gate", "intents out of the strategy", "risk's verdict"),
    stage("send", "risk's verdict", "order with the paper gateway"),
    stage("tick_to_order", "socket read", "order with the paper gateway"),
];

/// The stage that a reader thread measures.
pub const READER_STAGE: Stage<'static> =
    Stage { name: "decode", from: "socket read", to: "all ticks of the read in the ring", thread: "reader" };

const fn stage(name: &'static str, from: &'static str, to: &'static str) -> Stage<'static> {
    Stage { name, from, to, thread: "core" }
}

/// The core thread's histograms.
pub struct Stages {
    /// Socket read to taken by the core.
    pub reach_core: Recorder,
    /// Taken to intents out, for inputs that led to some.
    pub decide: Recorder,
    /// Intents out to verdict.
    pub gate: Recorder,
    /// Verdict to the gateway.
    pub send: Recorder,
    /// Socket read to the gateway.
    pub tick_to_order: Recorder,
}

impl Stages {
    /// From the region's histograms, in the order of [`CORE_STAGES`].
    #[must_use]
    pub fn from_recorders(mut recorders: impl Iterator<Item = Recorder>) -> Option<Self> {
        Some(Self {
            reach_core: recorders.next()?,
            decide: recorders.next()?,
            gate: recorders.next()?,
            send: recorders.next()?,
            tick_to_order: recorders.next()?,
        })
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Marks {
    dirty: bool,
    /// The row says that the quote is usable.
    usable: bool,
    quote_seq: u64,
    trade_seq: u64,
    quotes: u64,
    trades: u64,
}

/// The core thread's side of the region.
pub struct Publisher {
    /// Its histograms.
    pub stages: Stages,
    writer: CoreWriter,
    universe: Arc<Universe>,
    marks: Vec<Marks>,
    dirty: Vec<InstrumentId>,
    risk_ns: u64,
    orders: u64,
    risk_row: RiskRow,
    lines: Vec<(VenueId, Line)>,
    lines_lagging: u64,
}

impl Publisher {
    /// A publisher over the core's handles.
    #[must_use]
    pub fn new(
        writer: CoreWriter,
        stages: Stages,
        universe: Arc<Universe>,
        lines: Vec<(VenueId, Line)>,
        config: &Config,
    ) -> Self {
        let currency = &config.risk.currency;
        let instruments = universe.instruments.len();
        let risk_row = RiskRow { currency: layout::fixed_text(currency), ..RiskRow::ZERO };
        Self {
            stages,
            writer,
            universe,
            marks: vec![Marks::default(); instruments],
            dirty: Vec::with_capacity(instruments),
            risk_ns: 0,
            orders: 0,
            risk_row,
            lines,
            lines_lagging: 0,
        }
    }

    /// Remembers that the tick's instrument has news.
    #[inline]
    pub fn touch(&mut self, tick: &Tick) {
        let Some(marks) = self.marks.get_mut(tick.instrument.index()) else { return };
        match tick.kind {
            TickKind::Quote => (marks.quote_seq, marks.quotes) = (tick.venue_seq, marks.quotes + 1),
            TickKind::Trade => (marks.trade_seq, marks.trades) = (tick.venue_seq, marks.trades + 1),
            TickKind::Line => return,
        }
        if !marks.dirty {
            marks.dirty = true;
            self.dirty.push(tick.instrument);
        }
    }

    /// Writes what has news, within bounds.
    pub fn publish(&mut self, driver: &PaperDriver<Spread>, now_ns: u64) {
        let rows = self.dirty.len().min(ROWS_MAX);
        for instrument in self.dirty.drain(..rows) {
            if let Some(marks) = self.marks.get_mut(instrument.index()) {
                marks.dirty = false;
                let row = price_row(driver.core(), instrument, marks, now_ns);
                marks.usable = row.flags & PriceFlags::USABLE != 0;
                self.writer.prices.publish(instrument.index(), &row);
            }
        }
        let counts = driver.order_counts();
        let orders = counts.sent + counts.filled + counts.partly_filled + counts.unfilled + counts.rejected;
        let due = now_ns.saturating_sub(self.risk_ns) >= RISK_EVERY_NS;
        if due {
            self.look_at_ages(driver, now_ns);
        }
        if rows > 0 || due {
            self.engine_row(driver);
        }
        if orders != self.orders || due {
            self.orders = orders;
            self.risk_ns = now_ns;
            self.risk_rows(driver, now_ns);
        }
    }

    /// What turns with time alone, or with a line: quotes that are no longer usable, lines that lag.
    fn look_at_ages(&mut self, driver: &PaperDriver<Spread>, now_ns: u64) {
        let cache = driver.core().cache();
        let now_ns = now_ns.max(driver.core().now_ns());
        for (index, marks) in self.marks.iter_mut().enumerate().filter(|(_, m)| m.quotes > 0 && !m.dirty) {
            let id = InstrumentId(index as u16);
            if cache.usable(Source::Quotes, id, now_ns).is_some() != marks.usable {
                marks.dirty = true;
                self.dirty.push(id);
            }
        }
        self.lines_lagging = self.lines.iter().filter(|(venue, line)| cache.line_lagging(*venue, *line)).count() as u64;
    }

    fn engine_row(&mut self, driver: &PaperDriver<Spread>) {
        let (core, orders) = (driver.core(), driver.order_counts());
        let counts = core.counts();
        let over = counts.taken
            + counts.declined_by_risk.iter().sum::<u64>()
            + counts.declined_by_strategy.iter().sum::<u64>();
        let halted = core.risk().halted().is_some();
        self.writer.engine(&EngineRow {
            state: if halted { State::Halted } else { State::Running } as u32,
            mode: layout::Mode::Paper as u32,
            core_ns: core.now_ns(),
            ticks: counts.ticks,
            opportunities_seen: counts.seen,
            opportunities_taken: counts.taken,
            opportunities_open: counts.seen.saturating_sub(over),
            orders_sent: orders.sent,
            orders_filled: orders.filled,
            orders_partly_filled: orders.partly_filled,
            orders_rejected: orders.rejected,
            orders_denied: core.risk().denied().map(|(_, n)| n).sum(),
            halts: u64::from(halted),
            lines_lagging: self.lines_lagging,
            ..EngineRow::ZERO
        });
    }

    fn risk_rows(&mut self, driver: &PaperDriver<Spread>, now_ns: u64) {
        let risk = driver.core().risk();
        let amount = layout::amount_words;
        let row = &mut self.risk_row;
        row.net = amount(risk.pnl().net);
        for used in risk.limit_uses(now_ns) {
            match (used.unit, used.code) {
                (LimitUnit::Currency, crosstick_model::DenyCode::GrossNotional) => {
                    row.gross = amount(crosstick_model::Amount(used.used));
                }
                _ => {}
            }
        }
        if let Some(halt) = risk.halted()
            && row.halted == 0
        {
            row.halted = 1;
            row.code = halt.code as u32;
            row.changed_ns = halt.at_ns;
            row.reason = layout::fixed_text(halt.code.sentence());
        }
        self.writer.risk(row);

        let mut denied = DeniedRow::ZERO;
        for (code, count) in risk.denied() {
            if let Some(slot) = denied.counts.get_mut(code as usize) {
                *slot = count;
            }
        }
        self.writer.denied(&denied);

        for position in risk.positions() {
            let decimals = self.universe.instrument(position.instrument).scale.quantity_decimals;
            let down = pow10_i128(u32::from(crosstick_model::amount::AMOUNT_DECIMALS - decimals));
            self.writer.positions.publish(
                position.instrument.index(),
                &PositionRow {
                    quantity: i64::try_from(position.quantity.0 / down).unwrap_or(i64::MAX),
                    realised: amount(position.pnl.realised),
                    fees: amount(position.pnl.fees),
                    unrealised: amount(position.pnl.unrealised),
                    net: amount(position.pnl.net),
                    exposure: amount(position.exposure),
                    ..PositionRow::ZERO
                },
            );
        }
    }
}

fn price_row(core: &Core<Spread>, id: InstrumentId, marks: &Marks, now_ns: u64) -> PriceRow {
    let cache = core.cache();
    let (quote, quote_recv_ns) = cache.last_quote(id).unwrap_or_default();
    let (trade, trade_recv_ns) = cache.last_trade(id).unwrap_or_default();
    let usable = cache.usable(Source::Quotes, id, now_ns.max(core.now_ns())).is_some();
    let flag = |set: bool, bit: u32| if set { bit } else { 0 };
    PriceRow {
        bid: quote.bid,
        bid_quantity: quote.bid_quantity,
        ask: quote.ask,
        ask_quantity: quote.ask_quantity,
        trade_price: trade.price,
        trade_quantity: trade.quantity,
        quote_recv_ns,
        trade_recv_ns,
        quote_seq: marks.quote_seq,
        trade_seq: marks.trade_seq,
        exchange_offset_us: cache.exchange_offset_us(id),
        flags: flag(quote_recv_ns != 0, PriceFlags::HAS_QUOTE)
            | flag(trade_recv_ns != 0, PriceFlags::HAS_TRADE)
            | flag(usable, PriceFlags::USABLE),
        quotes: marks.quotes,
        trades: marks.trades,
        ..PriceRow::ZERO
    }
}
