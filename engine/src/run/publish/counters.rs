//! The row of state and counters. Hot enough: one row a publication.

use crosstick_ipc::layout::{EngineRow, Mode, State};
use crosstick_strategy::Spread;

use crate::driver::PaperDriver;

/// What the driver does not know of it.
#[derive(Debug, Clone, Copy)]
pub struct Besides {
    pub state: State,
    pub fills: u64,
    pub lines_lagging: u64,
    pub rows_waiting: u64,
    pub orders_not_shown: u64,
}

/// State and counters as they are now.
pub fn engine_row(driver: &PaperDriver<Spread>, besides: &Besides) -> EngineRow {
    let (core, orders, pairs) = (driver.core(), driver.order_counts(), driver.core().strategy().pair_stats());
    let counts = core.counts();
    let declined = counts.declined_by_risk.iter().chain(&counts.declined_by_strategy).sum::<u64>();
    EngineRow {
        state: besides.state as u32,
        mode: Mode::Paper as u32,
        core_ns: core.now_ns(),
        ticks: counts.ticks,
        opportunities_seen: counts.seen,
        opportunities_taken: counts.taken,
        opportunities_open: counts.seen.saturating_sub(counts.taken + declined),
        orders_sent: orders.sent,
        orders_filled: orders.filled,
        orders_partly_filled: orders.partly_filled,
        orders_unfilled: orders.unfilled,
        orders_rejected: orders.rejected,
        orders_open: driver.open_orders() as u64,
        orders_denied: core.risk().denied().map(|(_, n)| n).sum(),
        fills: besides.fills,
        pairs_sent: pairs.sent,
        pairs_clean: pairs.clean,
        pairs_empty: pairs.empty,
        pairs_closed: pairs.closed,
        pairs_unhedged: pairs.failed,
        pairs_in_flight: driver.pairs_in_flight() as u64,
        halts: core.risk().halts(),
        lines_lagging: besides.lines_lagging,
        rows_waiting: besides.rows_waiting,
        orders_not_shown: besides.orders_not_shown,
        ..EngineRow::ZERO
    }
}
