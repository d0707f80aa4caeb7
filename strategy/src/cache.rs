//! HOT: core thread. The newest quote and trade of every instrument, and how far every line lags behind its venue.
//!
//! Kept: an off-market trade never becomes a price; a tick of an unknown instrument changes nothing; what a line had
//! brought before it went down is never a price again.

use crosstick_model::{InstrumentId, Line, Quote, Tick, TickFlags, TickKind, Trade, Universe, VenueId};

/// How old and how late prices may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// A price is stale from core time ≥ its `recv_ns` + this.
    pub max_age_ns: u64,
    /// A line lags while its lag is more than this above its running minimum, in µs; zero or less: never.
    pub max_lag_us: i64,
}

/// Which prices stand for bid and ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The best quotes.
    Quotes,
    /// The last trade: its price for both bid and ask, its quantity for both sizes. Nothing that can be traded at.
    Trades,
}

/// Prices of one instrument out of one [`Source`], with what their usability hangs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prices {
    /// Bid and ask with sizes, mantissas at the instrument's scale; all zero before the first.
    pub quote: Quote,
    /// From this core time on they are stale, ns.
    pub stale_ns: u64,
    /// The line that brought them.
    pub line: Line,
    /// Whether prices and sizes make sense by themselves: positive, and for quotes bid < ask.
    pub sound: bool,
}

#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
struct Slot {
    quote: Quote,
    quote_recv_ns: u64,
    trade_price: i64,
    trade_quantity: i64,
    trade_recv_ns: u64,
    exchange_offset_us: i32,
    venue: VenueId,
    quote_line: Line,
    trade_line: Line,
}

#[derive(Debug, Clone, Copy)]
struct LineState {
    min_lag_us: i64,
    lag_us: i64,
    sampled: bool,
    lagging: bool,
    live: bool,
}

/// The price cache: dense by instrument, and by venue and line.
#[derive(Debug, Clone)]
pub struct PriceCache {
    slots: Box<[Slot]>,
    lines: Box<[LineState]>,
    freshness: Freshness,
}

const LINES: usize = TickFlags::LINES_MAX as usize;

/// Index of a venue's line in dense tables of [`line_count`] entries.
#[inline]
pub(crate) const fn line_index(venue: VenueId, line: Line) -> usize {
    venue.index() * LINES + (line as usize & (LINES - 1))
}

/// Lines of all venues.
pub(crate) fn line_count(universe: &Universe) -> usize {
    universe.venues.len() * LINES
}

impl PriceCache {
    /// A cache without any price; every line counts as live until told otherwise.
    #[must_use]
    pub fn new(universe: &Universe, freshness: Freshness) -> Self {
        let slots = universe.instruments.iter().map(|i| Slot { venue: i.venue, ..Slot::default() }).collect();
        let line = LineState { min_lag_us: 0, lag_us: 0, sampled: false, lagging: false, live: true };
        Self { slots, lines: vec![line; line_count(universe)].into(), freshness }
    }

    /// Takes a tick: first its line's lag, then its prices.
    #[inline]
    pub fn apply(&mut self, tick: &Tick) {
        if let Some((venue, live)) = tick.as_line_state() {
            return self.set_line_live(venue, tick.flags.line(), live);
        }
        let Some(slot) = self.slots.get_mut(tick.instrument.index()) else { return };
        let line = tick.flags.line();
        if tick.exchange_offset_us != Tick::NO_EXCHANGE_TIME {
            slot.exchange_offset_us = tick.exchange_offset_us;
            if let Some(state) = self.lines.get_mut(line_index(slot.venue, line)) {
                state.sample(-i64::from(tick.exchange_offset_us), self.freshness.max_lag_us);
            }
        }
        match tick.kind {
            TickKind::Quote => {
                let [bid, bid_quantity, ask, ask_quantity] = tick.values;
                slot.quote = Quote { bid, bid_quantity, ask, ask_quantity };
                slot.quote_recv_ns = tick.recv_ns;
                slot.quote_line = line;
            }
            TickKind::Trade => {
                if !tick.flags.has(TickFlags::OFF_MARKET) {
                    [slot.trade_price, slot.trade_quantity, ..] = tick.values;
                    slot.trade_recv_ns = tick.recv_ns;
                    slot.trade_line = line;
                }
            }
            TickKind::Line => {}
        }
    }

    /// Says whether a line is connected. Going down it takes its prices along: nobody knows what happened since. What
    /// comes between then and its being live again counts as soon as it is. Its lag's running minimum outlives a
    /// reconnect: it measures the clocks.
    ///
    /// A line of an unknown venue changes nothing.
    pub fn set_line_live(&mut self, venue: VenueId, line: Line, live: bool) {
        let Some(state) = self.lines.get_mut(line_index(venue, line)) else { return };
        state.live = live;
        if !live {
            self.slots.iter_mut().filter(|s| s.venue == venue).for_each(|s| s.forget(line));
        }
    }

    /// Whether the line is live and not lagging; no for an unknown venue.
    #[inline]
    #[must_use]
    pub fn line_usable(&self, venue: VenueId, line: Line) -> bool {
        self.lines.get(line_index(venue, line)).is_some_and(|l| l.live & !l.lagging)
    }

    /// Whether the line lags too far behind its venue, live or not; no for an unknown venue.
    #[must_use]
    pub fn line_lagging(&self, venue: VenueId, line: Line) -> bool {
        self.lines.get(line_index(venue, line)).is_some_and(|l| l.lagging)
    }

    /// The line's newest lag and how far it is above its running minimum, µs; `None` before a first sample.
    #[must_use]
    pub fn lag_us(&self, venue: VenueId, line: Line) -> Option<(i64, i64)> {
        let state = self.lines.get(line_index(venue, line)).filter(|l| l.sampled)?;
        Some((state.lag_us, state.lag_us - state.min_lag_us))
    }

    /// The venue of an instrument; `None` when there is no such instrument.
    #[inline]
    #[must_use]
    pub fn venue(&self, instrument: InstrumentId) -> Option<VenueId> {
        self.slots.get(instrument.index()).map(|s| s.venue)
    }

    /// The instrument's newest prices, usable or not; `None` when there is no such instrument.
    #[inline]
    #[must_use]
    pub fn prices(&self, source: Source, instrument: InstrumentId) -> Option<Prices> {
        let slot = self.slots.get(instrument.index())?;
        Some(match source {
            Source::Quotes => {
                let q = slot.quote;
                Prices {
                    quote: q,
                    stale_ns: slot.quote_recv_ns.saturating_add(self.freshness.max_age_ns),
                    line: slot.quote_line,
                    sound: (0 < q.bid) & (q.bid < q.ask) & (q.bid_quantity > 0) & (q.ask_quantity > 0),
                }
            }
            Source::Trades => {
                let (price, quantity) = (slot.trade_price, slot.trade_quantity);
                Prices {
                    quote: Quote { bid: price, bid_quantity: quantity, ask: price, ask_quantity: quantity },
                    stale_ns: slot.trade_recv_ns.saturating_add(self.freshness.max_age_ns),
                    line: slot.trade_line,
                    sound: (price > 0) & (quantity > 0),
                }
            }
        })
    }

    /// The instrument's prices if they may be traded on at `now_ns`: sound, fresh, on a live line that does not lag.
    #[inline]
    #[must_use]
    pub fn usable(&self, source: Source, instrument: InstrumentId, now_ns: u64) -> Option<Quote> {
        let prices = self.prices(source, instrument)?;
        let venue = self.venue(instrument)?;
        let usable = prices.sound && now_ns < prices.stale_ns && self.line_usable(venue, prices.line);
        usable.then_some(prices.quote)
    }

    /// The last on-market trade, usable or not, with its `recv_ns`; `None` before the first.
    #[must_use]
    pub fn last_trade(&self, instrument: InstrumentId) -> Option<(Trade, u64)> {
        let slot = self.slots.get(instrument.index()).filter(|s| s.trade_price != 0)?;
        let (price, quantity) = (slot.trade_price, slot.trade_quantity);
        Some((Trade { price, quantity, taker_sold: false, off_market: false }, slot.trade_recv_ns))
    }

    /// The newest quote, usable or not, with its `recv_ns`; `None` before the first.
    #[must_use]
    pub fn last_quote(&self, instrument: InstrumentId) -> Option<(Quote, u64)> {
        let slot = self.slots.get(instrument.index()).filter(|s| s.quote != Quote::default())?;
        Some((slot.quote, slot.quote_recv_ns))
    }

    /// Venue time minus receive time of the instrument's newest tick that carried one, µs; zero before the first.
    #[must_use]
    pub fn exchange_offset_us(&self, instrument: InstrumentId) -> i32 {
        self.slots.get(instrument.index()).map_or(0, |s| s.exchange_offset_us)
    }
}

impl Slot {
    /// Drops what the line brought.
    fn forget(&mut self, line: Line) {
        if self.quote_line == line {
            (self.quote, self.quote_recv_ns) = (Quote::default(), 0);
        }
        if self.trade_line == line {
            (self.trade_price, self.trade_quantity, self.trade_recv_ns) = (0, 0, 0);
        }
    }
}

impl LineState {
    #[inline]
    fn sample(&mut self, lag_us: i64, max_lag_us: i64) {
        if !self.sampled || lag_us < self.min_lag_us {
            self.min_lag_us = lag_us;
            self.sampled = true;
        }
        self.lag_us = lag_us;
        self.lagging = max_lag_us > 0 && lag_us - self.min_lag_us > max_lag_us;
    }
}
