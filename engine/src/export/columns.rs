//! The tables and their columns: a contract, described in docs/backtest.md. Columns may be added at the end.

use super::table::Column;
use super::table::Type::{Count, Decimal, Flag, Int, Text};

/// Number of the journal's record: the first column of each table that is made of a journal.
pub const SEQ: Column<'static> = ("seq", Count);

/// Market data, and lines going live or down.
pub const TICKS: &[Column<'static>] = &[
    ("recv_ns", Count),
    ("kind", Text),
    ("venue", Text),
    ("symbol", Text),
    ("bid", Decimal),
    ("bid_quantity", Decimal),
    ("ask", Decimal),
    ("ask_quantity", Decimal),
    ("price", Decimal),
    ("quantity", Decimal),
    ("taker_side", Text),
    ("off_market", Flag),
    ("venue_seq", Count),
    ("exchange_offset_us", Int),
    ("line", Count),
    ("live", Flag),
];

/// Spreads worth money after fees, in the order of their ids.
pub const OPPORTUNITIES: &[Column<'static>] = &[
    ("opportunity", Count),
    ("market", Text),
    ("buy_venue", Text),
    ("sell_venue", Text),
    ("begin_ns", Count),
    ("end_ns", Count),
    ("first_edge_ppm", Int),
    ("best_edge_ppm", Int),
    ("buy_price", Decimal),
    ("sell_price", Decimal),
    ("quantity", Decimal),
    ("outcome", Text),
];

/// What the strategy wanted.
pub const INTENTS: &[Column<'static>] = &[
    ("at_ns", Count),
    ("group", Count),
    ("leg", Count),
    ("market", Text),
    ("venue", Text),
    ("symbol", Text),
    ("side", Text),
    ("purpose", Text),
    ("time_in_force", Text),
    ("price", Decimal),
    ("quantity", Decimal),
];

/// What risk said to each group of intents.
pub const VERDICTS: &[Column<'static>] = &[
    ("at_ns", Count),
    ("group", Count),
    ("opportunity", Count),
    ("edge_ppm", Int),
    ("approved", Flag),
    ("denied_leg", Count),
    ("code", Text),
];

/// Orders and what became of them, in the order of their ids.
pub const ORDERS: &[Column<'static>] = &[
    ("order", Count),
    ("group", Count),
    ("leg", Count),
    ("opportunity", Count),
    ("edge_ppm", Int),
    ("market", Text),
    ("venue", Text),
    ("symbol", Text),
    ("side", Text),
    ("purpose", Text),
    ("time_in_force", Text),
    ("price", Decimal),
    ("quantity", Decimal),
    ("decided_ns", Count),
    ("first_report_ns", Count),
    ("ended_ns", Count),
    ("state", Text),
    ("reject_reason", Text),
    ("filled", Decimal),
    ("notional", Decimal),
];

/// Executions.
pub const FILLS: &[Column<'static>] = &[
    ("at_ns", Count),
    ("order", Count),
    ("group", Count),
    ("leg", Count),
    ("opportunity", Count),
    ("market", Text),
    ("venue", Text),
    ("symbol", Text),
    ("side", Text),
    ("purpose", Text),
    ("price", Decimal),
    ("quantity", Decimal),
    ("base_quantity", Decimal),
    ("notional", Decimal),
    ("notional_asset", Text),
    ("fee", Decimal),
    ("fee_asset", Text),
    ("liquidity", Text),
];

/// All that gateways reported.
pub const REPORTS: &[Column<'static>] = &[
    ("at_ns", Count),
    ("order", Count),
    ("venue", Text),
    ("symbol", Text),
    ("kind", Text),
    ("price", Decimal),
    ("quantity", Decimal),
    ("fee", Decimal),
    ("fee_asset", Text),
    ("liquidity", Text),
    ("unfilled", Decimal),
    ("reject_reason", Text),
];

/// What operators commanded.
pub const COMMANDS: &[Column<'static>] = &[("at_ns", Count), ("command", Text), ("source", Text), ("reason", Text)];

/// Trading halted, or let go on.
pub const HALTS: &[Column<'static>] = &[("at_ns", Count), ("decision", Text), ("code", Text)];

/// The result over time. Money is in the risk currency; the drawdown is the deepest since the row before.
pub const EQUITY: &[Column<'static>] = &[
    ("at_ns", Count),
    ("net", Decimal),
    ("realised", Decimal),
    ("fees", Decimal),
    ("unrealised", Decimal),
    ("drawdown", Decimal),
    ("gross_exposure", Decimal),
];
