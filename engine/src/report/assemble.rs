//! The report's trading part, from the driver's parts. Cold, at the end.

use std::collections::BTreeMap;

use crosstick_feeds::LineStats;
use crosstick_ipc::Reader;
use crosstick_model::decision::Decline;
use crosstick_model::{Amount, DenyCode, Kind, Universe, VenueId};
use crosstick_strategy::Spread;

use super::{
    Build, FeedReport, HaltReport, InstrumentReport, OpportunityReport, OrderReport, PairReport, PnlReport,
    PositionReport, SessionReport, StageReport,
};
use crate::core::{Counts, Tally};
use crate::driver::PaperDriver;

/// All that the driver knows; feeds, duration, end and latency are filled in by the caller.
#[must_use]
pub fn trading(universe: &Universe, currency: &str, driver: &PaperDriver<Spread>) -> SessionReport {
    let core = driver.core();
    let risk = core.risk();
    let pnl = risk.pnl();
    let reached = risk.breaches_while_halted().filter(|(_, n)| *n > 0);
    SessionReport {
        build: Build::THIS,
        mode: "paper".into(),
        duration_s: 0.0,
        ended: "input",
        halt: risk.halted().map(|halt| HaltReport {
            code: halt.code.code().into(),
            reason: driver.core().halt_reason().unwrap_or_default().into(),
        }),
        breaches_while_halted: reached.map(|(code, n)| (code.code(), n)).collect(),
        feeds: Vec::new(),
        instruments: instruments(universe, core.tallies()),
        ticks: core.counts().ticks,
        opportunities: opportunities(core.counts()),
        orders: orders(driver),
        pairs: pairs(driver),
        pnl: PnlReport {
            currency: currency.into(),
            realised: pnl.realised.to_string(),
            fees: pnl.fees.to_string(),
            unrealised: pnl.unrealised.to_string(),
            net: pnl.net.to_string(),
        },
        positions: positions(universe, driver),
        latency_ns: BTreeMap::new(),
        worst_ticks: Vec::new(),
        overlong_turns: None,
        decisions_hash: core.hash().hex(),
        journal: None,
    }
}

/// A line's row, from what its reader counted.
#[must_use]
pub fn feed(universe: &Universe, line: &LineStats) -> FeedReport {
    let stats = line.read();
    FeedReport {
        venue: universe.venue(line.venue).name.to_string(),
        line: line.line,
        frames: stats.frames,
        bytes: stats.bytes,
        trades: stats.trades,
        quotes: stats.quotes,
        other: stats.other,
        fast_path: stats.fast_path,
        refused: stats.refusals().map(|(reason, n)| (reason.to_owned(), n)).collect(),
        trade_gaps: stats.trade_gaps,
        trade_duplicates: stats.trade_duplicates,
        connects: stats.connects,
        ring_full: stats.ring_full,
        quotes_replaced: stats.quotes_replaced,
        lost_at_stop: stats.lost_at_stop,
    }
}

/// The region's histograms; stages without samples are left out.
#[must_use]
pub fn latency(region: &Reader) -> BTreeMap<String, StageReport> {
    let stages = region.latency().into_iter().map(|stage| (stage.counted.summary(), stage));
    let rows = stages.filter(|(summary, _)| summary.count > 0).map(|(summary, stage)| {
        let row = StageReport {
            from: stage.from,
            to: stage.to,
            count: summary.count,
            p50: summary.p50,
            p90: summary.p90,
            p99: summary.p99,
            p999: summary.p999,
            max: summary.max,
        };
        (stage.name, row)
    });
    rows.collect()
}

fn instruments(universe: &Universe, tallies: &[Tally]) -> Vec<InstrumentReport> {
    let rows = universe.instruments.iter().zip(tallies).map(|(instrument, tally)| InstrumentReport {
        venue: universe.venue(instrument.venue).name.to_string(),
        symbol: instrument.symbol.to_string(),
        ..InstrumentReport::from(tally)
    });
    rows.collect()
}

fn opportunities(counts: &Counts) -> OpportunityReport {
    let by_risk = DenyCode::ALL.iter().map(|c| c.code()).zip(counts.declined_by_risk.iter().copied());
    let by_strategy = Decline::ALL.iter().map(|d| d.code()).zip(counts.declined_by_strategy);
    OpportunityReport {
        seen: counts.seen,
        taken: counts.taken,
        declined: by_risk.chain(by_strategy).filter(|(_, n)| *n > 0).collect(),
    }
}

fn orders(driver: &PaperDriver<Spread>) -> OrderReport {
    let counts = driver.order_counts();
    let denied = driver.core().risk().denied().filter(|(_, n)| *n > 0);
    OrderReport {
        sent: counts.sent,
        filled: counts.filled,
        partly_filled: counts.partly_filled,
        unfilled: counts.unfilled,
        open: driver.open_orders() as u64,
        rejected: counts.rejected,
        denied: denied.map(|(code, n)| (code.code(), n)).collect(),
    }
}

fn pairs(driver: &PaperDriver<Spread>) -> PairReport {
    let stats = driver.core().strategy().pair_stats();
    PairReport {
        sent: stats.sent,
        clean: stats.clean,
        empty: stats.empty,
        closed: stats.closed,
        unhedged: stats.failed,
        in_flight: driver.pairs_in_flight() as u64,
        dust: stats.dust,
    }
}

/// One row a venue and asset (a contract counts as one), whatever number of instruments moved it.
fn positions(universe: &Universe, driver: &PaperDriver<Spread>) -> Vec<PositionReport> {
    let mut sums: BTreeMap<(VenueId, String), Amount> = BTreeMap::new();
    for position in driver.core().risk().positions() {
        let instrument = universe.instrument(position.instrument);
        let asset = match instrument.kind {
            Kind::Spot => universe.asset_name(instrument.base).to_owned(),
            Kind::Linear | Kind::Inverse => instrument.symbol.to_string(),
        };
        let sum = sums.entry((instrument.venue, asset)).or_default();
        *sum = Amount(sum.0.saturating_add(position.quantity.0));
    }
    let open = sums.into_iter().filter(|(_, quantity)| *quantity != Amount::ZERO);
    open.map(|((venue, asset), quantity)| PositionReport {
        venue: universe.venue(venue).name.to_string(),
        asset,
        quantity: quantity.to_string(),
    })
    .collect()
}

impl From<&Tally> for InstrumentReport {
    fn from(tally: &Tally) -> Self {
        Self {
            trades: tally.trades,
            off_market: tally.off_market,
            quotes: tally.quotes,
            quantity: tally.quantity().to_string(),
            notional: tally.notional().to_string(),
            ..Self::default()
        }
    }
}

impl PnlReport {
    /// Nothing earned and nothing lost, in no currency.
    #[must_use]
    pub fn nothing() -> Self {
        let zero = || "0".to_owned();
        Self { currency: String::new(), realised: zero(), fees: zero(), unrealised: zero(), net: zero() }
    }
}
