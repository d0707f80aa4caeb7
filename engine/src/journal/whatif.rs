//! A counterfactual: the recorded market under a changed config. Cold around a hot loop.
//!
//! Two cores go through the journal side by side. One takes the recorded inputs, reports included, and so does what was
//! done. The other has a paper gateway of its own and takes ticks and commands alone; the recorded times of reports,
//! wake-ups and arrivals only tell it how far the clock had gone between two ticks. With nothing changed both decide
//! the same, input by input.

use std::collections::BTreeMap;
use std::path::Path;

use crosstick_execution::{OrderCounts, OrderStates};
use crosstick_ipc::journal::{Damage, Item};
use crosstick_model::decision::Decline;
use crosstick_model::{DenyCode, OrderId, Report, ReportKind, Universe};
use crosstick_risk::{Approved, Pnl};
use crosstick_strategy::spread::PairStats;
use crosstick_strategy::{Opportunity, Spread};

use super::entry::{Entry, OLDEST_FORMAT, kind};
use super::session;
use super::verify::VerifyError;
use crate::config::{Mistakes, Overrides};
use crate::core::{Core, Outside};
use crate::driver::{Listener, OrderState, PaperDriver};
use crate::setup;

/// What one side came to. Money is in the risk currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// Opportunities that began.
    pub seen: u64,
    /// Those for which at least one order was sent.
    pub taken: u64,
    /// The others, by the reason at their best edge.
    pub declined: BTreeMap<&'static str, u64>,
    /// Groups of intents that risk denied, by code.
    pub denied: BTreeMap<&'static str, u64>,
    /// Orders, by their end.
    pub orders: OrderCounts,
    /// Orders that have not ended.
    pub open_orders: u64,
    /// Executions.
    pub fills: u64,
    /// Pairs, by their end.
    pub pairs: PairStats,
    /// The result.
    pub pnl: Pnl,
    /// Why trading is halted at the end, if it is.
    pub halted: Option<DenyCode>,
    /// The decisions' hash, in hex.
    pub hash: String,
}

/// Both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhatIf {
    /// What was done.
    pub recorded: Side,
    /// What would have been done.
    pub changed: Side,
    /// The risk currency.
    pub currency: String,
    /// Inputs gone through.
    pub inputs: u64,
    /// Core time of the first and the last input, ns since the epoch.
    pub span_ns: (u64, u64),
    /// Damage of the files; what follows a loss is not looked at.
    pub damage: Vec<Damage>,
    /// Entries that the run could not write.
    pub lost: u64,
    /// The journal goes to the run's end in order.
    pub complete: bool,
    /// The journal tells when orders reached the paper venue. One of format 1 does not: where a wake-up between two
    /// ticks was ahead of the later one's stamp, its orders may meet another quote here.
    pub has_clock: bool,
}

/// Why there is no counterfactual.
#[derive(Debug, thiserror::Error)]
pub enum WhatIfError {
    /// The session cannot be run again.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The change is refused.
    #[error("{0}")]
    Config(Mistakes),
    /// The change makes recorded ticks mean something else.
    #[error("{0}: recorded ticks are of the recorded instruments; change strategy, risk, paper, fees or balances")]
    Universe(&'static str),
}

/// Runs the session in `dir` beside itself with `overrides` laid over its config. `progress` is told the bytes read.
///
/// # Errors
/// When the session cannot be read, or the changed config is refused.
pub fn whatif(dir: &Path, overrides: &Overrides, progress: &mut dyn FnMut(u64)) -> Result<WhatIf, WhatIfError> {
    let (journal, session) = session::read(dir).map_err(VerifyError::from)?;
    let config = session.config().map_err(VerifyError::from)?;
    let universe = session.universe(&config).map_err(VerifyError::from)?;
    let changed = session.config_with(overrides).map_err(WhatIfError::Config)?;
    let changed_universe = session.universe(&changed).map_err(VerifyError::from)?;
    same_instruments(&universe, &changed_universe)?;
    let recorded = Again { core: setup::core(&config, &universe).map_err(VerifyError::from)?, desk: Desk::default() };
    let driver = setup::paper_driver(&changed, &changed_universe).map_err(VerifyError::from)?;
    let mut run =
        Run { recorded, driver, counted: Counted::default(), inputs: 0, span_ns: (0, 0), lost: 0, done: false };
    let (mut damage, mut bytes, mut told) = (Vec::new(), 0u64, 0u64);
    let mut held: Option<(u8, Vec<u8>)> = None;
    let mut records = journal.records();
    while let Some(item) = records.next().map_err(VerifyError::from)? {
        let (kind, payload) = match item {
            Item::Record { kind, payload, .. } => (kind, payload),
            Item::Damage(found) => {
                damage.push(found);
                break;
            }
        };
        bytes += payload.len() as u64 + 8;
        if bytes - told > 1 << 22 {
            told = bytes;
            progress(bytes);
        }
        match kind {
            kind::SESSION | kind::DECISION | kind::STATE => {}
            // It belongs to the input before it: that is taken when all of it is known.
            kind::UNSENT => run.recorded.desk.unsent(payload),
            _ => {
                if let Some((kind, payload)) = held.replace((kind, payload.to_vec())) {
                    run.take(kind, &payload);
                }
            }
        }
    }
    if let Some((kind, payload)) = held {
        run.take(kind, &payload);
    }
    Ok(WhatIf {
        recorded: side(
            &run.recorded.core,
            run.recorded.desk.states.counts(),
            run.recorded.desk.open(),
            run.recorded.desk.fills,
        ),
        changed: side(run.driver.core(), run.driver.order_counts(), run.driver.open_orders() as u64, run.counted.fills),
        currency: config.risk.currency.clone(),
        inputs: run.inputs,
        span_ns: run.span_ns,
        damage,
        lost: run.lost,
        complete: run.done && run.lost == 0,
        has_clock: session.format > OLDEST_FORMAT,
    })
}

/// That an instrument's number and a mantissa mean the same in both.
fn same_instruments(recorded: &Universe, changed: &Universe) -> Result<(), WhatIfError> {
    let venues = |u: &Universe| u.venues.iter().map(|v| (v.name.clone(), v.protocol)).collect::<Vec<_>>();
    if venues(recorded) != venues(changed) {
        return Err(WhatIfError::Universe("the change is one of venues"));
    }
    let instruments = |u: &Universe| {
        u.instruments.iter().map(|i| (i.venue, i.symbol.clone(), i.kind, i.scale, i.contract_size)).collect::<Vec<_>>()
    };
    if instruments(recorded) != instruments(changed) {
        return Err(WhatIfError::Universe("the change is one of instruments or their decimals"));
    }
    Ok(())
}

struct Run {
    recorded: Again,
    driver: PaperDriver<Spread>,
    counted: Counted,
    inputs: u64,
    span_ns: (u64, u64),
    lost: u64,
    done: bool,
}

impl Run {
    fn take(&mut self, kind: u8, payload: &[u8]) {
        let Some(entry) = Entry::read(kind, payload) else { return };
        self.inputs += u64::from(entry.is_input());
        self.recorded.take(&entry);
        let (driver, counted) = (&mut self.driver, &mut self.counted);
        match &entry {
            Entry::Tick(tick) => driver.take(tick, counted),
            Entry::Command(command) => {
                driver.command(command, counted);
            }
            Entry::Report(report) => driver.wake_until(report.at_ns, counted),
            Entry::Timer { due_ns } => driver.wake_until(*due_ns, counted),
            Entry::Clock { at_ns } => driver.wake_until(*at_ns, counted),
            Entry::Finish => {
                self.done = true;
                driver.finish(counted);
            }
            Entry::Lost(count) => self.lost = *count,
            Entry::Unsent(_) | Entry::Decision(_) | Entry::State { .. } => {}
        }
        let now_ns = self.recorded.core.now_ns();
        if self.span_ns.0 == 0 {
            self.span_ns.0 = now_ns;
        }
        self.span_ns.1 = now_ns;
    }
}

/// Counts what the driver does not.
#[derive(Debug, Default)]
struct Counted {
    fills: u64,
}

impl Listener for Counted {
    fn report(&mut self, report: &Report, _state: Option<OrderState>) {
        self.fills += u64::from(matches!(report.kind, ReportKind::Filled(_)));
    }
}

/// The core as it went: fed with the recorded reports.
struct Again {
    core: Core<Spread>,
    desk: Desk,
}

#[derive(Debug)]
struct Desk {
    states: OrderStates,
    unsent: Vec<OrderId>,
    fills: u64,
}

impl Default for Desk {
    fn default() -> Self {
        Self { states: OrderStates::new(256), unsent: Vec::new(), fills: 0 }
    }
}

impl Desk {
    fn unsent(&mut self, payload: &[u8]) {
        if let Some(Entry::Unsent(order)) = Entry::read(kind::UNSENT, payload) {
            self.unsent.push(order);
        }
    }

    fn open(&self) -> u64 {
        self.states.open() as u64
    }
}

impl Outside for Desk {
    fn send(&mut self, _now_ns: u64, order: Approved) -> Result<(), Approved> {
        if self.unsent.contains(&order.order().id) {
            return Err(order);
        }
        self.states.on_sent(order.order());
        Ok(())
    }

    fn cancel(&mut self, _now_ns: u64, _order: OrderId) {}

    fn closed(&mut self, _opportunity: &Opportunity) {}

    fn halted(&mut self, _now_ns: u64, _code: DenyCode) {}
}

impl Again {
    fn take(&mut self, entry: &Entry<'_>) {
        match entry {
            Entry::Tick(tick) => self.core.on_tick(tick, &mut self.desk),
            Entry::Report(report) => {
                self.desk.states.on_report(report);
                self.desk.fills += u64::from(matches!(report.kind, ReportKind::Filled(_)));
                self.core.on_report(report, &mut self.desk);
            }
            Entry::Timer { due_ns } => self.core.on_timer(*due_ns, &mut self.desk),
            Entry::Command(command) => {
                self.core.on_command(command, &mut self.desk);
            }
            Entry::Finish => self.core.finish(&mut self.desk),
            _ => {}
        }
        self.desk.unsent.clear();
    }
}

fn side(core: &Core<Spread>, orders: OrderCounts, open_orders: u64, fills: u64) -> Side {
    let counts = core.counts();
    let by_risk = DenyCode::ALL.iter().map(|c| c.code()).zip(counts.declined_by_risk.iter().copied());
    let by_strategy = Decline::ALL.iter().map(|d| d.code()).zip(counts.declined_by_strategy);
    let mut declined = BTreeMap::new();
    for (code, count) in by_risk.chain(by_strategy).filter(|(_, n)| *n > 0) {
        *declined.entry(code).or_default() += count;
    }
    Side {
        seen: counts.seen,
        taken: counts.taken,
        declined,
        denied: core.risk().denied().filter(|(_, n)| *n > 0).map(|(code, n)| (code.code(), n)).collect(),
        orders,
        open_orders,
        fills,
        pairs: *core.strategy().pair_stats(),
        pnl: core.risk().pnl(),
        halted: core.risk().halted().map(|halt| halt.code),
        hash: core.hash().hex(),
    }
}
