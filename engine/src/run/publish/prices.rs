//! The rows of prices, one an instrument. Hot: a tick marks its row, publishing writes marked rows.

use crosstick_ipc::layout::{PriceFlags, PriceRow};
use crosstick_model::{InstrumentId, Line, Tick, TickKind, Universe, VenueId};
use crosstick_strategy::{PriceCache, Source};

use super::waiting::Waiting;

#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    /// The row says that the quote is usable.
    usable: bool,
    quote_seq: u64,
    trade_seq: u64,
    quotes: u64,
    trades: u64,
}

/// What rows need beyond the price cache, and which of them wait.
#[derive(Debug)]
pub struct Prices {
    seen: Box<[Seen]>,
    venues: Box<[VenueId]>,
    pub waiting: Waiting,
}

impl Prices {
    pub fn new(universe: &Universe) -> Self {
        let instruments = universe.instruments.len();
        Self {
            seen: vec![Seen::default(); instruments].into(),
            venues: universe.instruments.iter().map(|i| i.venue).collect(),
            waiting: Waiting::new(instruments),
        }
    }

    /// The tick's row has news.
    #[inline]
    pub fn tick(&mut self, tick: &Tick) {
        let Some(seen) = self.seen.get_mut(tick.instrument.index()) else { return };
        match tick.kind {
            TickKind::Quote => (seen.quote_seq, seen.quotes) = (tick.venue_seq, seen.quotes + 1),
            TickKind::Trade => (seen.trade_seq, seen.trades) = (tick.venue_seq, seen.trades + 1),
            TickKind::Line => return,
        }
        self.waiting.mark(tick.instrument.index());
    }

    /// All rows of the venue have news: one of its lines turned.
    pub fn line_turned(&mut self, venue: VenueId) {
        for (row, _) in self.venues.iter().enumerate().filter(|(_, v)| **v == venue) {
            self.waiting.mark(row);
        }
    }

    /// What turns with time alone: rows whose quote has become stale, or whose line lags or has caught up.
    pub fn look_at_ages(&mut self, cache: &PriceCache, now_ns: u64) {
        for (row, seen) in self.seen.iter().enumerate().filter(|(_, s)| s.quotes > 0) {
            let usable = cache.usable(Source::Quotes, InstrumentId(row as u16), now_ns).is_some();
            if usable != seen.usable {
                self.waiting.mark(row);
            }
        }
    }

    /// The row as it is now.
    pub fn row(&mut self, cache: &PriceCache, id: InstrumentId, now_ns: u64) -> PriceRow {
        let (quote, quote_recv_ns) = cache.last_quote(id).unwrap_or_default();
        let (trade, trade_recv_ns) = cache.last_trade(id).unwrap_or_default();
        let usable = cache.usable(Source::Quotes, id, now_ns).is_some();
        let mut line: Line = 0;
        let mut usable_until_ns = 0;
        if let Some(prices) = cache.prices(Source::Quotes, id).filter(|_| quote_recv_ns != 0) {
            (line, usable_until_ns) = (prices.line, prices.stale_ns);
        }
        let lagging = cache.venue(id).is_some_and(|venue| cache.line_lagging(venue, line));
        let flag = |set: bool, bit: u32| if set { bit } else { 0 };
        let mut row = PriceRow {
            bid: quote.bid,
            bid_quantity: quote.bid_quantity,
            ask: quote.ask,
            ask_quantity: quote.ask_quantity,
            trade_price: trade.price,
            trade_quantity: trade.quantity,
            quote_recv_ns,
            trade_recv_ns,
            exchange_offset_us: cache.exchange_offset_us(id),
            flags: flag(quote_recv_ns != 0, PriceFlags::HAS_QUOTE)
                | flag(trade_recv_ns != 0, PriceFlags::HAS_TRADE)
                | flag(usable, PriceFlags::USABLE)
                | flag(lagging, PriceFlags::LAGGING),
            usable_until_ns,
            ..PriceRow::ZERO
        };
        if let Some(seen) = self.seen.get_mut(id.index()) {
            seen.usable = usable;
            (row.quote_seq, row.quotes) = (seen.quote_seq, seen.quotes);
            (row.trade_seq, row.trades) = (seen.trade_seq, seen.trades);
        }
        row
    }
}
