//! One run of a session in virtual time, and the figures that it comes to. Cold around a hot loop.

use crosstick_model::{Amount, DenyCode, Report, ReportKind, Tick, Universe};
use crosstick_strategy::Spread;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::driver::{Listener, OrderState, PaperDriver};
use crate::exit::Failure;
use crate::setup;

/// What a run came to. Money is in the risk currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measures {
    /// Ticks taken.
    pub ticks: u64,
    /// realised − fees + unrealised.
    #[serde(with = "exact")]
    pub net: Amount,
    /// Of what was closed, before fees.
    #[serde(with = "exact")]
    pub realised: Amount,
    /// Fees.
    #[serde(with = "exact")]
    pub fees: Amount,
    /// The deepest fall of `net` from its best, looked at after every tick.
    #[serde(with = "exact")]
    pub drawdown: Amount,
    /// Opportunities that began.
    pub seen: u64,
    /// Those for which at least one order was sent.
    pub taken: u64,
    /// Orders sent.
    pub orders: u64,
    /// Executions.
    pub fills: u64,
    /// Pairs sent.
    pub pairs: u64,
    /// Pairs whose legs filled alike.
    pub clean: u64,
    /// Pairs of which neither leg filled.
    pub empty: u64,
    /// Pairs of which one leg filled more, and the excess was closed.
    pub closed: u64,
    /// Pairs whose excess could not be closed.
    pub unhedged: u64,
    /// The code under which trading halted first.
    pub halted: Option<String>,
    /// The decisions' hash, in hex.
    pub hash: String,
}

/// Money as exact decimal text.
mod exact {
    use crosstick_model::{Amount, Decimal};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(amount: &Amount, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(amount)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
        let text = String::deserialize(deserializer)?;
        let value: Decimal = text.parse().map_err(|_| D::Error::custom(format!("{text:?} is no decimal")))?;
        Amount::from_decimal(value).ok_or_else(|| D::Error::custom(format!("{text} is beyond an amount")))
    }
}

/// The highest result so far and the deepest fall from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fall {
    peak: i128,
    /// The deepest fall so far, zero or above.
    pub deepest: Amount,
    /// The deepest since [`Fall::take`].
    since: Amount,
}

impl Fall {
    /// The result stands at `net` now.
    #[inline]
    pub fn mark(&mut self, net: Amount) {
        self.peak = self.peak.max(net.0);
        let fall = Amount(self.peak.saturating_sub(net.0));
        self.deepest = self.deepest.max(fall);
        self.since = self.since.max(fall);
    }

    /// The deepest fall since this was last asked.
    pub fn take(&mut self) -> Amount {
        std::mem::take(&mut self.since)
    }
}

/// A run that only its figures are wanted of.
pub struct Trial {
    driver: PaperDriver<Spread>,
    counted: Counted,
    fall: Fall,
}

#[derive(Debug, Default)]
struct Counted {
    fills: u64,
    halted: Option<DenyCode>,
}

impl Listener for Counted {
    fn report(&mut self, report: &Report, _state: Option<OrderState>) {
        self.fills += u64::from(matches!(report.kind, ReportKind::Filled(_)));
    }

    fn halted(&mut self, _now_ns: u64, code: DenyCode) {
        self.halted.get_or_insert(code);
    }
}

impl Trial {
    /// A run at its beginning.
    ///
    /// # Errors
    /// When the config's parts contradict each other in a way that only the whole shows.
    pub fn new(config: &Config, universe: &Universe) -> Result<Self, Failure> {
        let driver = setup::paper_driver(config, universe).map_err(Failure::usage)?;
        Ok(Self { driver, counted: Counted::default(), fall: Fall::default() })
    }

    /// Takes a tick.
    #[inline]
    pub fn take(&mut self, tick: &Tick) {
        self.driver.take(tick, &mut self.counted);
        self.fall.mark(self.driver.core().risk().net());
    }

    /// The end of input.
    #[must_use]
    pub fn finish(mut self) -> Measures {
        self.driver.finish(&mut self.counted);
        measures(&self.driver, self.fall, self.counted.fills, self.counted.halted)
    }
}

/// The figures of a driver whose input has ended.
#[must_use]
pub fn measures(driver: &PaperDriver<Spread>, fall: Fall, fills: u64, halted: Option<DenyCode>) -> Measures {
    let core = driver.core();
    let (counts, pnl, pairs) = (core.counts(), core.risk().pnl(), core.strategy().pair_stats());
    Measures {
        ticks: counts.ticks,
        net: pnl.net,
        realised: pnl.realised,
        fees: pnl.fees,
        drawdown: fall.deepest,
        seen: counts.seen,
        taken: counts.taken,
        orders: driver.order_counts().sent,
        fills,
        pairs: pairs.sent,
        clean: pairs.clean,
        empty: pairs.empty,
        closed: pairs.closed,
        unhedged: pairs.failed,
        halted: halted.map(|code| code.code().to_owned()),
        hash: core.hash().hex(),
    }
}
