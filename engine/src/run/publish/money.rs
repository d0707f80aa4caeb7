//! What risk knows, as rows: the halt, results, denials, limits, positions, balances. Hot enough: written after orders
//! and fills, and otherwise with the clock, since marks move them too.

use crosstick_ipc::layout::{self, BalanceRow, DeniedRow, LimitKind, LimitRow, PositionRow, RiskRow};
use crosstick_model::amount::AMOUNT_DECIMALS;
use crosstick_model::decimal::pow10_i128;
use crosstick_model::{Amount, DenyCode, InstrumentId, Universe, VenueId};
use crosstick_risk::{LIMITS, LimitUnit, LimitUse, Risk};

use super::waiting::Waiting;

/// The rows of positions and balances, and which of them wait.
#[derive(Debug)]
pub struct Money {
    pub positions: Waiting,
    pub balances: Waiting,
    /// By instrument: what a quantity of an amount's decimals is divided by.
    down: Box<[i128]>,
    balance_rows: Box<[BalanceRow]>,
    balance_venues: Box<[VenueId]>,
    limit_rows: [LimitRow; LIMITS],
    currency: [u8; 16],
}

impl Money {
    pub fn new(universe: &Universe, risk: &Risk) -> Self {
        let asset = |id| layout::fixed_text(universe.asset_name(id));
        let balances: Vec<_> = risk.balances().collect();
        let balance_rows: Box<[BalanceRow]> = balances
            .iter()
            .map(|b| BalanceRow {
                venue: u32::from(b.venue.0),
                asset: asset(b.asset),
                initial: layout::amount_words(b.total),
                ..BalanceRow::ZERO
            })
            .collect();
        let down = |decimals: u8| pow10_i128(u32::from(AMOUNT_DECIMALS - decimals));
        Self {
            positions: Waiting::new(universe.instruments.len()),
            balances: Waiting::new(balances.len()),
            down: universe.instruments.iter().map(|i| down(i.scale.quantity_decimals)).collect(),
            balance_rows,
            balance_venues: balances.iter().map(|b| b.venue).collect(),
            limit_rows: risk.limit_uses(0).map(|used| limit_row(&used)),
            currency: asset(risk.currency()),
        }
    }

    /// The rows of limits as they stand.
    pub const fn limits(&self) -> &[LimitRow; LIMITS] {
        &self.limit_rows
    }

    /// The rows of balances as the run starts.
    pub fn first_balances(&self, risk: &Risk) -> Vec<BalanceRow> {
        (0..self.balance_rows.len()).filter_map(|row| self.balance_row(risk, row)).collect()
    }

    /// The instrument's position and its venue's balances have news.
    pub fn touch(&mut self, instrument: InstrumentId, venue: VenueId) {
        self.positions.mark(instrument.index());
        for (row, _) in self.balance_venues.iter().enumerate().filter(|(_, v)| **v == venue) {
            self.balances.mark(row);
        }
    }

    /// Marks move results, and with them everything.
    pub fn look_at_ages(&mut self) {
        self.positions.mark_all();
        self.balances.mark_all();
    }

    /// What risk knows, in one row.
    pub fn risk_row(&self, risk: &Risk, halt_reason: Option<&str>, changed_ns: u64) -> RiskRow {
        let amount = layout::amount_words;
        let pnl = risk.pnl();
        let denied: u64 = risk.denied().map(|(_, n)| n).sum();
        let breached: u64 = risk.breaches().chain(risk.breaches_while_halted()).map(|(_, n)| n).sum();
        let mut row = RiskRow {
            changed_ns,
            net: amount(pnl.net),
            realised: amount(pnl.realised),
            fees: amount(pnl.fees),
            unrealised: amount(pnl.unrealised),
            gross: amount(risk.gross()),
            breaches: denied + breached,
            currency: self.currency,
            ..RiskRow::ZERO
        };
        if let Some(halt) = risk.halted() {
            (row.halted, row.code) = (1, halt.code as u32);
            row.reason = layout::fixed_text(halt_reason.unwrap_or(halt.code.sentence()));
        }
        row
    }

    /// Denials by code.
    pub fn denied_row(risk: &Risk) -> DeniedRow {
        let mut row = DeniedRow::ZERO;
        for (code, count) in risk.denied() {
            if let Some(slot) = row.counts.get_mut(code as usize) {
                *slot = count;
            }
        }
        row
    }

    /// Every limit as it is now.
    pub fn limit_rows(&mut self, risk: &Risk, now_ns: u64) -> &[LimitRow; LIMITS] {
        for (row, used) in self.limit_rows.iter_mut().zip(risk.limit_uses(now_ns)) {
            let (words, reached) = (|n: i128| layout::amount_words(Amount(n)), used.headroom() <= 0);
            let was = layout::amount(row.headroom).0 <= 0;
            row.used = words(used.used);
            row.headroom = words(used.headroom());
            row.denied = risk.denied().find(|(code, _)| *code == used.code).map_or(0, |(_, n)| n);
            row.breaches = if row.halting == 1 {
                risk.breaches().find(|(code, _)| *code == used.code).map_or(0, |(_, n)| n)
            } else {
                row.breaches + u64::from(reached && !was)
            };
        }
        &self.limit_rows
    }

    /// The position's row as it is now; `None` when there is no such instrument.
    pub fn position_row(&self, risk: &Risk, row: usize) -> Option<PositionRow> {
        let position = risk.position(InstrumentId(row as u16))?;
        let (amount, pnl) = (layout::amount_words, position.pnl);
        let down = self.down.get(row).copied().unwrap_or(1);
        Some(PositionRow {
            quantity: i64::try_from(position.quantity.0 / down).unwrap_or(i64::MAX),
            realised: amount(pnl.realised),
            fees: amount(pnl.fees),
            unrealised: amount(pnl.unrealised),
            net: amount(pnl.net),
            exposure: amount(position.exposure),
            exact_quantity: amount(position.quantity),
            ..PositionRow::ZERO
        })
    }

    /// The balance's row as it is now; `None` beyond the last one.
    pub fn balance_row(&self, risk: &Risk, row: usize) -> Option<BalanceRow> {
        let (balance, amount) = (risk.balance(row)?, layout::amount_words);
        Some(BalanceRow {
            free: amount(balance.free),
            locked: amount(Amount(balance.reserved.0.saturating_add(balance.margin.0))),
            total: amount(balance.total),
            ..*self.balance_rows.get(row)?
        })
    }
}

/// What never changes about a limit's row, with its use as it is.
fn limit_row(used: &LimitUse) -> LimitRow {
    let words = |n: i128| layout::amount_words(Amount(n));
    let (kind, decimals) = match used.unit {
        LimitUnit::Currency => (LimitKind::Currency, AMOUNT_DECIMALS),
        LimitUnit::Orders => (LimitKind::Orders, 0),
        // At 1e-8 of the price: hundredths of a ppm.
        LimitUnit::Rate => (LimitKind::Ppm, 2),
    };
    let halting = matches!(used.code, DenyCode::DailyLoss | DenyCode::Drawdown);
    LimitRow {
        code: used.code as u32,
        kind: kind as u32,
        decimals: u32::from(decimals),
        halting: u32::from(halting),
        name: layout::fixed_text(config_key(used.code)),
        used: words(used.used),
        limit: words(used.limit),
        headroom: words(used.headroom()),
        ..LimitRow::ZERO
    }
}

/// The key in `[risk]` that sets the limit which a code tells of; the code itself where none does.
const fn config_key(code: DenyCode) -> &'static str {
    match code {
        DenyCode::OrderNotional => "max_order_notional",
        DenyCode::Collar => "price_collar_bps",
        DenyCode::PositionNotional => "max_position_notional",
        DenyCode::GrossNotional => "max_gross_notional",
        DenyCode::NetNotional => "max_net_notional",
        DenyCode::OpenOrders => "max_open_orders",
        DenyCode::OrderRate => "max_orders_per_second",
        DenyCode::DailyLoss => "max_daily_loss",
        DenyCode::Drawdown => "max_drawdown",
        _ => code.code(),
    }
}
