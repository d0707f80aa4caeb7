//! COLD: what a region has room for, and what it says from the start.

use crosstick_model::{Line, Universe, VenueId};

use crate::error::RegionError;
use crate::layout::{BalanceRow, LimitRow, Mode, SpreadRow, TurnRow};
use crate::plan::Plan;

/// A stage of a tick's way, as one thread measures it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage<'a> {
    /// Name, at most 24 bytes; the same where several threads measure the same.
    pub name: &'a str,
    /// From where it counts, at most 40 bytes.
    pub from: &'a str,
    /// To where it counts, at most 40 bytes.
    pub to: &'a str,
    /// The thread that measures, at most 24 bytes.
    pub thread: &'a str,
}

/// Slots of each history ring; rounded up to a power of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    /// Ticks.
    pub ticks: usize,
    /// Begins and ends of opportunities.
    pub opportunities: usize,
    /// Changes of orders.
    pub orders: usize,
    /// Executions.
    pub fills: usize,
    /// Events.
    pub events: usize,
}

impl History {
    /// 8192 ticks (512 KiB; a twelfth of a second at a hundred thousand a second) and 1024 of everything else (128 KiB
    /// each).
    pub const DEFAULT: Self = Self { ticks: 8192, opportunities: 1024, orders: 1024, fills: 1024, events: 1024 };
}

/// What a region has room for, and what it says from the start.
#[derive(Debug, Clone, Copy)]
pub struct Shape<'a> {
    /// Venues, instruments and markets.
    pub universe: &'a Universe,
    /// A row of `feeds` each, in this order.
    pub lines: &'a [(VenueId, Line)],
    /// A histogram each, in this order.
    pub stages: &'a [Stage<'a>],
    /// The rows of `turns` at first, in this order.
    pub turns: &'a [TurnRow],
    /// Rows of `worst_ticks`.
    pub worst_ticks: usize,
    /// The rows of `limits` at first, in this order.
    pub limits: &'a [LimitRow],
    /// The rows of `balances` at first, in this order.
    pub balances: &'a [BalanceRow],
    /// The rows of `spreads` at first, in this order.
    pub spreads: &'a [SpreadRow],
    /// Slots of `open_orders`.
    pub open_orders: usize,
    /// Slots of the rings.
    pub history: History,
    /// Whose money it is.
    pub mode: Mode,
    /// Version and commit.
    pub build: &'a str,
    /// Wall time, ns since the epoch.
    pub now_ns: u64,
}

impl<'a> Shape<'a> {
    /// A region of that universe with default rings, and without lines, stages, turns, worst ticks, limits, balances,
    /// spreads and slots for orders.
    #[must_use]
    pub const fn of(universe: &'a Universe) -> Self {
        Self {
            universe,
            lines: &[],
            stages: &[],
            turns: &[],
            worst_ticks: 0,
            limits: &[],
            balances: &[],
            spreads: &[],
            open_orders: 0,
            history: History::DEFAULT,
            mode: Mode::Paper,
            build: "",
            now_ns: 0,
        }
    }

    /// The schema of a region of this shape and that name: the JSON that [`Writer::create`](crate::Writer::create) puts
    /// into it.
    ///
    /// # Errors
    /// [`RegionError::TooLarge`].
    pub fn schema(&self, name: &str) -> Result<String, RegionError> {
        Ok(Plan::new(self, name)?.schema)
    }
}
