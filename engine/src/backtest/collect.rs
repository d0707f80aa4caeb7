//! What a backtest keeps of what the core tells: rows of tables, and what the page shows. Cold.

use std::collections::BTreeMap;
use std::path::Path;

use crosstick_model::decision::{Outcome, Route};
use crosstick_model::{Amount, Decision, DenyCode, OrderId, Report, ReportKind, Universe};
use crosstick_risk::Risk;
use crosstick_strategy::Opportunity;

use super::measure::Fall;
use crate::config::Config;
use crate::driver::{Listener, OrderState};
use crate::export::rows::Names;
use crate::export::trail::{Seen, Traded, Trail};
use crate::export::{Cell, Format, Table, TableError, columns};

/// The tables that were written, with their rows.
pub type Written = Vec<(&'static str, u64)>;

/// An opportunity as the page shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// Best edge while it lasted, ppm.
    pub edge_ppm: i64,
    /// How long it lasted, ns; `None`: open at the end.
    pub life_ns: Option<u64>,
    /// At least one order was sent.
    pub taken: bool,
}

/// What came of one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OfRoute {
    /// Opportunities.
    pub seen: u64,
    /// Those for which an order was sent.
    pub taken: u64,
    /// Best edge of all, ppm.
    pub best_edge_ppm: i64,
    /// Pairs whose orders both ended.
    pub pairs: u64,
    /// Pairs that filled whole.
    pub whole: u64,
    /// What the pairs captured, in the risk currency.
    pub captured: Amount,
}

/// A point of the equity curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// Core time, ns.
    pub at_ns: u64,
    /// Net result.
    pub net: Amount,
    /// How far below its best at most since the point before.
    pub drawdown: Amount,
}

/// What the page shows.
#[derive(Debug, Default)]
pub struct Story {
    /// Every opportunity, by number.
    pub opportunities: Vec<Shown>,
    /// Every pair whose orders both ended.
    pub pairs: Vec<Traded>,
    /// Every way on which something was seen.
    pub routes: BTreeMap<Route, OfRoute>,
    /// The equity curve.
    pub equity: Vec<Point>,
}

/// The listener.
pub struct Collector<'u> {
    names: Names<'u>,
    trail: Trail<'u>,
    trades: Table,
    orders: Table,
    opportunities: Table,
    equity: Table,
    failed: Option<TableError>,
    filled: bool,
    /// Executions.
    pub fills: u64,
    /// Under which code trading halted first.
    pub halted: Option<DenyCode>,
    /// Opportunities as they ended, where they are wanted.
    pub rows: Option<Vec<Opportunity>>,
    story: Story,
}

impl<'u> Collector<'u> {
    /// Makes the tables in `dir`.
    ///
    /// # Errors
    /// When a file cannot be made.
    pub fn new(dir: &Path, config: &Config, universe: &'u Universe, rows: bool) -> Result<Self, TableError> {
        let table = |name, columns| Table::create(dir, name, columns, Format::Parquet);
        Ok(Self {
            names: Names(universe),
            trail: Trail::new(universe, |asset| config.risk.rate(asset)),
            trades: table("trades", columns::FILLS)?,
            orders: table("orders", columns::ORDERS)?,
            opportunities: table("opportunities", columns::OPPORTUNITIES)?,
            equity: table("equity", columns::EQUITY)?,
            failed: None,
            filled: false,
            fills: 0,
            halted: None,
            rows: rows.then(Vec::new),
            story: Story::default(),
        })
    }

    /// Something was filled since this was last asked.
    pub fn take_filled(&mut self) -> bool {
        std::mem::take(&mut self.filled)
    }

    /// Adds a point to the equity curve.
    pub fn mark(&mut self, at_ns: u64, risk: &Risk, fall: &mut Fall) {
        let pnl = risk.pnl();
        fall.mark(pnl.net);
        let drawdown = fall.take();
        self.story.equity.push(Point { at_ns, net: pnl.net, drawdown });
        let row = [
            Cell::Count(at_ns),
            pnl.net.into(),
            pnl.realised.into(),
            pnl.fees.into(),
            pnl.unrealised.into(),
            drawdown.into(),
            risk.gross().into(),
        ];
        let written = self.equity.row(&row);
        self.keep(written);
    }

    /// What could not be written, if anything.
    ///
    /// # Errors
    /// The first thing that went wrong.
    pub fn check(&mut self) -> Result<(), TableError> {
        self.failed.take().map_or(Ok(()), Err)
    }

    /// Ends the tables; returns their rows, and what the page shows.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn finish(mut self) -> Result<(Written, Story), TableError> {
        self.ended(true);
        self.check()?;
        let rows = vec![
            ("trades", self.trades.finish()?),
            ("orders", self.orders.finish()?),
            ("opportunities", self.opportunities.finish()?),
            ("equity", self.equity.finish()?),
        ];
        Ok((rows, self.story))
    }

    fn keep(&mut self, written: Result<(), TableError>) {
        if let Err(error) = written {
            self.failed.get_or_insert(error);
        }
    }

    fn ended(&mut self, rest: bool) {
        let Self { names, trail, orders, opportunities, failed, story, .. } = self;
        let mut keep = |written: Result<(), TableError>| {
            if let Err(error) = written {
                failed.get_or_insert(error);
            }
        };
        trail.take_orders(rest, |placed| keep(orders.row(&names.order(placed))));
        trail.take_opportunities(rest, |seen| {
            keep(opportunities.row(&names.opportunity(seen)));
            story.see(seen);
        });
        for pair in trail.take_pairs() {
            story.trade(&pair);
        }
    }
}

impl Story {
    fn see(&mut self, seen: &Seen) {
        let edge_ppm = seen.best_edge_ppm.unwrap_or(seen.first_edge_ppm);
        let taken = seen.outcome == Some(Outcome::Taken);
        let life_ns = seen.end_ns.map(|end| end.saturating_sub(seen.begin_ns));
        self.opportunities.push(Shown { edge_ppm, life_ns, taken });
        let first = OfRoute { best_edge_ppm: i64::MIN, ..OfRoute::default() };
        let route = self.routes.entry(seen.route).or_insert(first);
        route.seen += 1;
        route.taken += u64::from(taken);
        route.best_edge_ppm = route.best_edge_ppm.max(edge_ppm);
    }

    fn trade(&mut self, pair: &Traded) {
        let first = OfRoute { best_edge_ppm: i64::MIN, ..OfRoute::default() };
        let route = self.routes.entry(pair.route).or_insert(first);
        route.pairs += 1;
        route.whole += u64::from(pair.whole);
        route.captured = route.captured.checked_add(pair.captured).unwrap_or(route.captured);
        self.pairs.push(*pair);
    }
}

impl Listener for Collector<'_> {
    fn report(&mut self, report: &Report, _state: Option<OrderState>) {
        if let ReportKind::Filled(fill) = &report.kind {
            self.fills += 1;
            self.filled = true;
            let row = self.names.fill(report, fill, self.trail.order(report.order));
            let written = self.trades.row(&row);
            self.keep(written);
        }
        self.trail.report(report);
        self.ended(false);
    }

    fn decision(&mut self, decision: &Decision) {
        self.trail.decision(0, decision);
        if matches!(decision, Decision::OpportunityEnd { .. }) {
            self.ended(false);
        }
    }

    fn order_unsent(&mut self, order: OrderId) {
        self.trail.unsent(order);
    }

    fn closed(&mut self, opportunity: &Opportunity) {
        self.trail.closed(opportunity);
        if let Some(rows) = &mut self.rows {
            rows.push(*opportunity);
        }
    }

    fn halted(&mut self, _now_ns: u64, code: DenyCode) {
        self.halted.get_or_insert(code);
    }
}
