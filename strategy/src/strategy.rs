//! HOT: core thread. The interface between the core and a strategy: (state, event) in, intents out.

use crosstick_model::{DenyCode, GroupId, InstrumentId, Order, Quote, Report, Tick};

use crate::cache::{PriceCache, Source};
use crate::outbox::Outbox;

/// Risk's answer to a group: approved, or the leg that was denied and why.
pub type Verdict = Result<(), (u8, DenyCode)>;

/// What a strategy may look at: core time and the price cache, both already moved by the input at hand.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// Core time, ns since the epoch.
    pub now_ns: u64,
    /// The newest prices.
    pub cache: &'a PriceCache,
}

impl View<'_> {
    /// The instrument's quote if it may be traded on now: sound, fresh, on a live line that does not lag.
    #[inline]
    #[must_use]
    pub fn quote(&self, instrument: InstrumentId) -> Option<Quote> {
        self.cache.usable(Source::Quotes, instrument, self.now_ns)
    }
}

/// A strategy: a deterministic state machine. All that it decides is a function of the calls below and their order.
///
/// Only [`Strategy::name`] and [`Strategy::on_tick`] must be written.
pub trait Strategy {
    /// Its name in the config.
    fn name(&self) -> &'static str;

    /// Whether its prices are none that can be traded at, so that nothing may be sent live.
    fn indicative(&self) -> bool {
        false
    }

    /// Room that its largest answer to one input needs in the outbox.
    fn outbox_capacity(&self) -> usize {
        64
    }

    /// A quote, a trade, or the state of a line; the cache has already taken it.
    fn on_tick(&mut self, view: View<'_>, tick: &Tick, out: &mut Outbox);

    /// A wake-up that [`Strategy::next_wake`] asked for. May come without need.
    fn on_timer(&mut self, _view: View<'_>, _out: &mut Outbox) {}

    /// Risk's answer to one of its groups, at the core time at which it was wanted and before any other input.
    fn on_verdict(&mut self, _view: View<'_>, _group: GroupId, _verdict: Verdict, _out: &mut Outbox) {}

    /// An approved order of one of its groups; called for each leg before any report of the order.
    fn on_order(&mut self, _order: &Order) {}

    /// News of one of its orders.
    fn on_report(&mut self, _view: View<'_>, _report: &Report, _out: &mut Outbox) {}

    /// An operator lets trading go on after a halt: whatever the strategy suspended because of it may begin again.
    fn on_resume(&mut self, _view: View<'_>, _out: &mut Outbox) {}

    /// The end of input: hands out what is still open. Called once, last.
    fn on_finish(&mut self, _out: &mut Outbox) {}

    /// The earliest core time at which it wants [`Strategy::on_timer`], ns.
    fn next_wake(&self) -> Option<u64> {
        None
    }
}
